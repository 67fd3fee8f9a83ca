/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-picture.h"

/* What a worker answers is looked at as if the image had taken the worker over: the sandbox keeps
 * it from everything but its answer. */

/* Bytes of a pixel, of GDK_MEMORY_R8G8B8A8. */
#define PIXEL_BYTES 4u

/* Bytes at the end of a row: decoders align rows to as many. */
#define ROW_PADDING_MAX_BYTES 63u

static gboolean
is_edge (guint32 pixels)
{
  return pixels >= 1 && pixels <= WORKBENCH_PICTURE_EDGE_PX;
}

/* With edges that have been checked none of this can overflow. */
static gboolean
fits (guint32 width,
      guint32 height,
      guint32 rowstride,
      gsize   length)
{
  return is_edge (width) && is_edge (height)
         && rowstride >= width * PIXEL_BYTES
         && rowstride <= width * PIXEL_BYTES + ROW_PADDING_MAX_BYTES
         && length == (gsize) rowstride * (height - 1) + (gsize) width * PIXEL_BYTES;
}

/* Makes a texture of what thumbnail.make has answered. The pixels are those of the answer, not a
 * copy. (transfer full) */
GdkTexture *
workbench_picture_from_value (GVariant  *value,
                              GError   **error)
{
  g_autoptr (GVariant) pixels = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint32 width, height, rowstride;

  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("(uuuay)")))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The worker answered “%s”: expected a picture, “(uuuay)”",
                   g_variant_get_type_string (value));
      return NULL;
    }

  g_variant_get (value, "(uuu@ay)", &width, &height, &rowstride, &pixels);
  bytes = g_variant_get_data_as_bytes (pixels);
  if (!fits (width, height, rowstride, g_bytes_get_size (bytes)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The worker answered %u × %u pixels, %u bytes a row, in %" G_GSIZE_FORMAT
                   " bytes: that is no picture", width, height, rowstride,
                   g_bytes_get_size (bytes));
      return NULL;
    }

  return gdk_memory_texture_new ((int) width, (int) height, GDK_MEMORY_R8G8B8A8, bytes, rowstride);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The function module thumbnail.so: what runs in the workers, and all that knows image formats.
 *
 *   thumbnail.make (file, bytes, edge) → (width, height, rowstride, pixels)
 *
 * The worker opens no file: the bytes of one come as an argument. The pixels are RGBA, 8 bits
 * each. */

#include "workbench-faults.h"

#include <malt/malt.h>

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <string.h>

/* Bytes that are decoded at a time: about a millisecond of work, between two looks at whether the
 * call is still wanted. */
#define PIECE_BYTES (64 << 10)

/* Pixels of an image. PNGs are decoded whole, at 4 bytes each: half of what the sandbox lets a
 * worker allocate. */
#define IMAGE_MAX_PIXELS (64 << 20)

/* Pixels of an edge; as many as the window takes. */
#define EDGE_MAX_PX 256

/* Pixels of an image on its way through the decoder. */
typedef struct
{
  guint edge;   /* what is wanted */
  int   width;  /* what it says that it has */
  int   height;
} Size;

/* GdkPixbuf has both built in. Others it would load from files, which a sandbox does not let it;
 * and each parser more is one more to attack. */
static const char *
sniff (const guint8 *data,
       gsize         length)
{
  static const guint8 png[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
  static const guint8 jpeg[] = { 0xff, 0xd8, 0xff };

  if (length >= sizeof png && memcmp (data, png, sizeof png) == 0)
    return "png";
  if (length >= sizeof jpeg && memcmp (data, jpeg, sizeof jpeg) == 0)
    return "jpeg";

  return NULL;
}

static gboolean
is_too_large (Size *size)
{
  return (gint64) size->width * size->height > IMAGE_MAX_PIXELS;
}

/* JPEGs are decoded no larger than they are needed. */
static void
on_size_prepared (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         user_data)
{
  Size *size = user_data;
  double scale = MIN (1.0, (double) size->edge / MAX (width, height));

  size->width = width;
  size->height = height;
  if (is_too_large (size))
    gdk_pixbuf_loader_set_size (loader, 0, 0);
  else
    gdk_pixbuf_loader_set_size (loader, MAX (1, (int) (width * scale)),
                                MAX (1, (int) (height * scale)));
}

static gboolean
write_pieces (GdkPixbufLoader  *loader,
              MaltInvocation   *invocation,
              const guint8     *data,
              gsize             length,
              GError          **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);

  for (gsize at = 0; at < length; at += PIECE_BYTES)
    {
      malt_invocation_report_progress (invocation, (double) at / (double) length, NULL);
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !gdk_pixbuf_loader_write (loader, data + at, MIN (PIECE_BYTES, length - at), error))
        return FALSE;
    }

  return TRUE;
}

/* (transfer full) */
static GdkPixbuf *
decode (MaltInvocation  *invocation,
        const guint8    *data,
        gsize            length,
        guint            edge,
        GError         **error)
{
  Size size = { edge, 0, 0 };
  const char *format = sniff (data, length);
  g_autoptr (GdkPixbufLoader) loader = NULL;
  gboolean is_decoded;

  if (format == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "This is neither a PNG nor a JPEG image");
      return NULL;
    }

  loader = gdk_pixbuf_loader_new_with_type (format, error);
  if (loader == NULL)
    return NULL;

  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared), &size);
  is_decoded = write_pieces (loader, invocation, data, length, error);
  /* It has to be closed either way, and the first error is the one to tell. */
  is_decoded = gdk_pixbuf_loader_close (loader, is_decoded ? error : NULL) && is_decoded;
  if (is_too_large (&size))
    {
      g_clear_error (error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "An image of %d × %d pixels is too large", size.width, size.height);
      return NULL;
    }
  if (!is_decoded)
    return NULL;

  workbench_commit_faults (invocation, data, length);
  if (g_cancellable_set_error_if_cancelled (malt_invocation_get_cancellable (invocation), error))
    return NULL;

  return g_object_ref (gdk_pixbuf_loader_get_pixbuf (loader));
}

/* (transfer full): upright, with an alpha channel, and with no edge longer than wanted. */
static GdkPixbuf *
prepare (GdkPixbuf *pixbuf,
         guint      edge)
{
  g_autoptr (GdkPixbuf) upright = gdk_pixbuf_apply_embedded_orientation (pixbuf);
  g_autoptr (GdkPixbuf) opaque = gdk_pixbuf_add_alpha (upright, FALSE, 0, 0, 0);
  int width = gdk_pixbuf_get_width (opaque);
  int height = gdk_pixbuf_get_height (opaque);
  double scale = (double) edge / MAX (width, height);

  if (scale >= 1.0)
    return g_steal_pointer (&opaque);

  return gdk_pixbuf_scale_simple (opaque, MAX (1, (int) (width * scale)),
                                  MAX (1, (int) (height * scale)), GDK_INTERP_BILINEAR);
}

static GVariant *
make (MaltInvocation  *invocation,
      GVariant        *args,
      GVariant        *kwargs,
      gpointer         user_data,
      GError         **error)
{
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GdkPixbuf) decoded = NULL;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GBytes) pixels = NULL;
  g_autofree char *number = NULL;
  g_autofree char *size = NULL;
  const guint8 *bytes;
  gsize length;
  guint file, edge;

  g_variant_get (args, "(u@ayu)", &file, &data, &edge);
  bytes = g_variant_get_fixed_array (data, &length, sizeof (guint8));

  /* The field tells the window which file this worker is at: a call does not know its worker. */
  number = g_strdup_printf ("%u", file);
  size = g_format_size (length);
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "WORKBENCH_FILE", number,
                    "MESSAGE", "Decodes %s", size);

  edge = CLAMP (edge, 1, EDGE_MAX_PX);
  decoded = decode (invocation, bytes, length, edge, error);
  if (decoded == NULL)
    return NULL;

  pixbuf = prepare (decoded, edge);
  pixels = gdk_pixbuf_read_pixel_bytes (pixbuf);

  return g_variant_new ("(uuu@ay)", gdk_pixbuf_get_width (pixbuf), gdk_pixbuf_get_height (pixbuf),
                        gdk_pixbuf_get_rowstride (pixbuf),
                        g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, pixels, TRUE));
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  malt_module_add_function (module, "make", "(uayu)", MALT_FUNCTION_FLAGS_NONE, make, NULL, NULL);
  return TRUE;
}

/* GdkPixbuf reads its list of formats when one is first asked for, which is too late once the
 * sandbox has closed. */
gboolean
malt_function_module_preload (GError **error)
{
  g_autoptr (GdkPixbufLoader) png = gdk_pixbuf_loader_new_with_type ("png", error);
  g_autoptr (GdkPixbufLoader) jpeg = NULL;

  if (png == NULL)
    return FALSE;
  gdk_pixbuf_loader_close (png, NULL);

  jpeg = gdk_pixbuf_loader_new_with_type ("jpeg", error);
  if (jpeg == NULL)
    return FALSE;
  gdk_pixbuf_loader_close (jpeg, NULL);

  return TRUE;
}

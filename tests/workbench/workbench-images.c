/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-images.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <math.h>

/* Images to decode, made as they are needed. */

/* Pixels: a photo is large enough that it is scaled, and small enough that many are made soon. */
#define PHOTO_WIDTH_PX 900
#define PHOTO_HEIGHT_PX 600

char *
workbench_images_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("workbench-XXXXXX", &error);

  g_assert_no_error (error);

  return folder;
}

void
workbench_images_remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autoptr (GFile) file = g_file_new_build_filename (folder, name, NULL);

      g_file_delete (file, NULL, NULL);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* A colour of hills in the mist. */
static guint8
shade (double x,
       double y,
       double seed,
       double channel)
{
  double hill = 0.25 * sin (5 * x + seed) + 0.12 * sin (13 * x + 2 * seed + channel);
  double depth = CLAMP ((y - 0.5 - hill) * 6, -1, 1);
  double light = 0.62 + 0.2 * sin (seed + channel * 1.4) - 0.28 * depth - 0.15 * y;

  return (guint8) (255 * CLAMP (light, 0, 1));
}

/* (transfer full) */
static GdkPixbuf *
paint (int    width,
       int    height,
       double seed)
{
  GdkPixbuf *pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);
  int rowstride = gdk_pixbuf_get_rowstride (pixbuf);

  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int channel = 0; channel < 3; channel++)
        pixels[y * rowstride + x * 3 + channel] =
          shade ((double) x / width, (double) y / height, seed, channel);

  return pixbuf;
}

static GFile *
new_file (const char *folder,
          const char *name)
{
  return g_file_new_build_filename (folder, name, NULL);
}

GFile *
workbench_images_write_photo (const char *folder,
                              guint       number)
{
  g_autofree char *name = g_strdup_printf ("photo-%02u.jpg", number);
  g_autoptr (GdkPixbuf) pixbuf = paint (PHOTO_WIDTH_PX, PHOTO_HEIGHT_PX, 1.7 * number);
  GFile *file = new_file (folder, name);
  g_autoptr (GError) error = NULL;

  gdk_pixbuf_save (pixbuf, g_file_peek_path (file), "jpeg", &error, "quality", "85", NULL);
  g_assert_no_error (error);

  return file;
}

/* A PNG that asks for one of the faults of the module. */
GFile *
workbench_images_write_faulty (const char *folder,
                               const char *name,
                               const char *fault)
{
  g_autoptr (GdkPixbuf) pixbuf = paint (300, 200, 3);
  GFile *file = new_file (folder, name);
  g_autoptr (GError) error = NULL;

  gdk_pixbuf_save (pixbuf, g_file_peek_path (file), "png", &error, "tEXt::malt-workbench", fault,
                   NULL);
  g_assert_no_error (error);

  return file;
}

GFile *
workbench_images_write_bytes (const char *folder,
                              const char *name,
                              const void *bytes,
                              gsize       length)
{
  GFile *file = new_file (folder, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (g_file_peek_path (file), bytes, (gssize) length, &error);
  g_assert_no_error (error);

  return file;
}

/* Source: PNG (Portable Network Graphics) Specification, Annex D. */
static guint32
compute_crc (const guint8 *bytes,
             gsize         length)
{
  guint32 crc = G_MAXUINT32;

  for (gsize i = 0; i < length; i++)
    {
      crc ^= bytes[i];
      for (int bit = 0; bit < 8; bit++)
        crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }

  return ~crc;
}

static void
append_chunk (GByteArray *png,
              const char *type,
              const void *data,
              guint       length)
{
  guint32 be_length = GUINT32_TO_BE (length);
  guint start = png->len + sizeof be_length;
  guint32 crc;

  g_byte_array_append (png, (const guint8 *) &be_length, sizeof be_length);
  g_byte_array_append (png, (const guint8 *) type, 4);
  g_byte_array_append (png, data, length);
  crc = GUINT32_TO_BE (compute_crc (png->data + start, 4 + length));
  g_byte_array_append (png, (const guint8 *) &crc, sizeof crc);
}

/* Some bytes that say to be an image of 60 000 × 60 000 pixels. */
GFile *
workbench_images_write_bomb (const char *folder,
                             const char *name)
{
  static const guint8 header[] = { 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 6, 0, 0, 0 };
  static const guint8 deflated[] = { 0x78, 0x9c, 0xed, 0xc1 };
  g_autoptr (GByteArray) png = g_byte_array_new ();

  g_byte_array_append (png, (const guint8 *) "\x89PNG\r\n\x1a\n", 8);
  append_chunk (png, "IHDR", header, sizeof header);
  append_chunk (png, "IDAT", deflated, sizeof deflated);
  append_chunk (png, "IEND", "", 0);

  return workbench_images_write_bytes (folder, name, png->data, png->len);
}

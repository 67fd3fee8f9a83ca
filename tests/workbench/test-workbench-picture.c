/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "workbench-log.h"
#include "workbench-picture.h"

#include <string.h>

/* What a worker may answer: its edges, bytes a row, and bytes. */
typedef struct
{
  const char *name;
  guint32     width;
  guint32     height;
  guint32     rowstride;
  gsize       length;
  gboolean    is_picture;
} Answer;

static const Answer answers[] = {
  { "one-pixel", 1, 1, 4, 4, TRUE },
  { "largest", 256, 256, 1024, 256 * 1024, TRUE },
  { "rows-with-padding", 3, 2, 16, 16 + 12, TRUE },
  { "no-width", 0, 1, 4, 4, FALSE },
  { "no-height", 1, 0, 4, 0, FALSE },
  { "wider-than-asked-for", 257, 1, 1028, 1028, FALSE },
  { "higher-than-asked-for", 1, 257, 4, 1028, FALSE },
  { "rows-shorter-than-wide", 4, 4, 15, 61, FALSE },
  { "rows-far-longer-than-wide", 1, 2, 4096, 4100, FALSE },
  { "a-byte-too-few", 4, 4, 16, 63, FALSE },
  { "a-byte-too-many", 4, 4, 16, 65, FALSE },
  { "no-bytes", 4, 4, 16, 0, FALSE },
  { "rows-overflow", 2, 2, G_MAXUINT32, 12, FALSE },
  { "product-overflows", G_MAXUINT32, G_MAXUINT32, 4, 4, FALSE },
  { "width-overflows", 0x40000001, 1, 4, 4, FALSE },
};

static void
test_answer (gconstpointer data)
{
  const Answer *answer = data;
  g_autofree guint8 *pixels = g_malloc0 (answer->length + 1);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GdkTexture) texture = NULL;
  g_autoptr (GError) error = NULL;

  value = g_variant_ref_sink (
    g_variant_new ("(uuu@ay)", answer->width, answer->height, answer->rowstride,
                   g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, pixels, answer->length, 1)));
  texture = workbench_picture_from_value (value, &error);

  if (answer->is_picture)
    {
      g_assert_no_error (error);
      g_assert_cmpuint (gdk_texture_get_width (texture), ==, answer->width);
      g_assert_cmpuint (gdk_texture_get_height (texture), ==, answer->height);
    }
  else
    {
      g_assert_null (texture);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static void
test_other_types (void)
{
  static const char *const texts[] = {
    "()", "''", "(uint32 1, uint32 1, uint32 4)", "(1, 1, 4, b'abc')",
    "(uint32 1, uint32 1, uint32 4, 'abcd')", "<(uint32 1, uint32 1, uint32 4, b'abc')>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (workbench_picture_from_value (value, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static gboolean
on_too_late (gpointer data)
{
  g_error ("The log shows nothing");

  return G_SOURCE_REMOVE;
}

static void
wait_for_lines (WorkbenchLog *log,
                guint         n_lines)
{
  guint source = g_timeout_add_seconds (60, on_too_late, NULL);

  while (g_list_model_get_n_items (workbench_log_get_lines (log)) < n_lines)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

static char *
dup_last_line (WorkbenchLog *log)
{
  GListModel *lines = workbench_log_get_lines (log);
  g_autoptr (GObject) last = g_list_model_get_item (lines, g_list_model_get_n_items (lines) - 1);
  char *text;

  g_object_get (last, "string", &text, NULL);

  return text;
}

static void
test_output_is_harmless (void)
{
  static const char text[] = "red \x1b[31m\xff\r\n\xe2\x80\xae" "end";
  WorkbenchLog *log = workbench_log_get_default ();
  g_autofree char *line = NULL;

  g_test_summary ("Whatever a worker prints is shown as valid text without control characters");

  workbench_log_append (log, NULL, text, sizeof text - 1);
  wait_for_lines (log, 1);
  line = dup_last_line (log);
  g_assert_true (g_utf8_validate (line, -1, NULL));
  for (const char *c = line; *c != '\0'; c = g_utf8_next_char (c))
    g_assert_true (g_unichar_isprint (g_utf8_get_char (c)));
}

static void
test_output_is_bounded (void)
{
  WorkbenchLog *log = workbench_log_get_default ();
  g_autofree char *line = NULL;
  g_autofree char *last = NULL;

  g_test_summary ("A worker that floods its output costs a thousand short lines");

  line = g_strnfill (8192, 'x');
  for (int i = 0; i < 20000; i++)
    workbench_log_append (log, NULL, line, 8192);
  workbench_log_append (log, NULL, "last", 4);
  wait_for_lines (log, 1000);
  g_assert_cmpuint (g_list_model_get_n_items (workbench_log_get_lines (log)), ==, 1000);
  last = dup_last_line (log);
  g_assert_cmpstr (last, ==, "A worker: last");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *path = g_strconcat ("/workbench/picture/", answers[i].name, NULL);

      g_test_add_data_func (path, &answers[i], test_answer);
    }
  g_test_add_func ("/workbench/picture/other-types", test_other_types);
  g_test_add_func ("/workbench/log/harmless", test_output_is_harmless);
  g_test_add_func ("/workbench/log/bounded", test_output_is_bounded);

  return g_test_run ();
}

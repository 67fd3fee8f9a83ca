/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include <string.h>

/* A target without a fuzzer: each file of its corpus is a test. With names of files it only runs
 * these, for afl-fuzz and for whoever looks into a crash. */

static void
run_file (gconstpointer user_data)
{
  const char *path = user_data;
  g_autofree char *contents = NULL;
  g_autofree guint8 *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);

  /* Without the NUL that GLib has added, so that reading too far is noticed by a sanitizer. */
  bytes = g_malloc (size + 1);
  memcpy (bytes + 1, contents, size);
  LLVMFuzzerTestOneInput (bytes + 1, size);
}

static GPtrArray *
list_files (const char *folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));

  return paths;
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *folder = NULL;
  g_autoptr (GPtrArray) paths = NULL;

  LLVMFuzzerInitialize (&argc, &argv);
  if (argc > 1 && argv[1][0] != '-')
    {
      for (int i = 1; i < argc; i++)
        run_file (argv[i]);
      return 0;
    }

  g_test_init (&argc, &argv, NULL);
  folder = g_test_build_filename (G_TEST_DIST, "corpus", MALT_FUZZ_TARGET, NULL);
  paths = list_files (folder);
  for (guint i = 0; i < paths->len; i++)
    {
      g_autofree char *name = g_path_get_basename (paths->pdata[i]);
      g_autofree char *path = g_strdup_printf ("/malt/fuzz/%s/%s", MALT_FUZZ_TARGET, name);

      g_test_add_data_func (path, paths->pdata[i], run_file);
    }

  return g_test_run ();
}

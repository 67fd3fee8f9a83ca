/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-test-folder.h"

#include <glib/gstdio.h>

#include <unistd.h>

/* Takes hours to read, and no room on the disk. */
#define ENDLESS_FILE_BYTES (G_GINT64_CONSTANT (1) << 40)

char *
test_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("malt-test-XXXXXX", &error);

  g_assert_no_error (error);

  return folder;
}

char *
test_folder_write (const char *folder,
                   const char *name,
                   const char *contents,
                   gsize       length)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, name, NULL);

  g_file_set_contents (path, contents, (gssize) length, &error);
  g_assert_no_error (error);

  return path;
}

char *
test_folder_write_endless (const char *folder)
{
  g_autofree char *path = test_folder_write (folder, "endless", "", 0);

  return truncate (path, ENDLESS_FILE_BYTES) == 0 ? g_steal_pointer (&path) : NULL;
}

void
test_folder_free (char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_assert_no_errno (g_remove (path));
    }
  g_assert_no_errno (g_rmdir (folder));
  g_free (folder);
}

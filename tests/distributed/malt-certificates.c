/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-certificates.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *folder;
static pid_t maker;

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = getpid () == maker ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  if (dir == NULL)
    return;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

static void
make_folder (const char *const *names)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "make-certificates", NULL);
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  folder = g_dir_make_tmp ("malt-tls-XXXXXX", &error);
  g_assert_no_error (error);
  maker = getpid ();
  atexit (remove_folder);
  g_strv_builder_add_many (argv, script, folder, NULL);
  g_strv_builder_addv (argv, (const char **) names);
  words = g_strv_builder_end (argv);
  process = g_subprocess_newv ((const char *const *) words, G_SUBPROCESS_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

const char *
malt_certificates_make (const char *const  *names,
                        const char        **missing)
{
  g_autofree char *openssl = g_find_program_in_path ("openssl");

  if (openssl == NULL)
    *missing = "openssl";
  else if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    *missing = "glib-networking";
  else if (folder == NULL)
    make_folder (names);
  return folder;
}

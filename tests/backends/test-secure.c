/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-command.h"
#include "malt/malt-config-value-private.h"
#include "tests/malt-test-slowness.h"

#include <malt/malt-plugin.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* What the environment may not say to a program that has more rights than whoever starts it. The
 * test is such a program: it starts a copy of itself that belongs to somebody else. It is linked
 * with malt statically, for no linker looks beside a setuid program for libraries. */

#define CHILD_ARGUMENT "--child"

/* Begins all that the environment says. */
#define CHOSEN "/chosen-by-the-environment"

#define NOBODY 65534

/* Takes nothing down in an orderly way: a sanitizer cannot look at such a process. */
static void
run_child (void)
{
  g_auto (GStrv) paths = malt_dup_plugin_paths ();
  g_autofree char *folders = g_strjoinv (":", paths);
  g_autoptr (GFile) file = malt_config_find_default_file ();
  g_autofree char *home = malt_config_value_resolve_path ("~/x", "/folder");
  MaltProcessOptions options = { 0 };
  MaltProcessCommand command = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltConfig) config = malt_config_new_from_data ("{}", -1, NULL);
  g_autofree char *backend = malt_config_dup_default_profile (config);

  malt_process_command_fill (&command, &options, &error);
  printf ("plugins %s\nconfig %s\nhome %s\nbackend %s\nworker %s\n", folders,
          file != NULL ? g_file_peek_path (file) : "none", home, backend,
          error != NULL ? error->message : command.program);
  fflush (stdout);
  _exit (getauxval (AT_SECURE) != 0 ? 0 : 1);
}

/* (transfer full): what the copy says; whether it is a setuid program. */
static char *
ask (const char *program,
     gboolean   *is_secure)
{
  const char *const argv[] = { program, CHILD_ARGUMENT, NULL };
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  char *output;
  int status;

  environment = g_environ_setenv (environment, "HOME", CHOSEN, TRUE);
  environment = g_environ_setenv (environment, "MALT_BACKEND", CHOSEN, TRUE);
  environment = g_environ_setenv (environment, "MALT_CONFIG", CHOSEN "/config.json", TRUE);
  environment = g_environ_setenv (environment, "MALT_PLUGIN_PATH", CHOSEN, TRUE);
  environment = g_environ_setenv (environment, "MALT_WORKER", CHOSEN "/worker", TRUE);
  environment = g_environ_setenv (environment, "XDG_CONFIG_DIRS", CHOSEN, TRUE);
  environment = g_environ_setenv (environment, "XDG_CONFIG_HOME", CHOSEN, TRUE);
  g_spawn_sync (NULL, (char **) argv, environment, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL,
                &status, &error);
  g_assert_no_error (error);
  *is_secure = g_spawn_check_wait_status (status, NULL);
  g_test_message ("%s", output);

  return output;
}

/* Another user, or for those who are not root another group. */
static gboolean
give_away (const char *program)
{
  gid_t groups[64];
  int n_groups = getgroups (G_N_ELEMENTS (groups), groups);

  if (geteuid () == 0)
    return chown (program, NOBODY, (gid_t) -1) == 0 && g_chmod (program, 04755) == 0;

  for (int i = 0; i < n_groups; i++)
    {
      if (groups[i] != getegid () && chown (program, (uid_t) -1, groups[i]) == 0)
        return g_chmod (program, 02755) == 0;
    }

  return FALSE;
}

static guint
count_choices (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, CHOSEN, -1);

  return g_strv_length (parts) - 1;
}

static void
test_environment (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("malt-test-XXXXXX", &error);
  g_autofree char *program = g_build_filename (folder, "program", NULL);
  g_autoptr (GFile) source = g_file_new_for_path ("/proc/self/exe");
  g_autoptr (GFile) copy = g_file_new_for_path (program);
  g_autofree char *plain = NULL;
  g_autofree char *secured = NULL;
  gboolean is_secure;

  g_file_copy (source, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_no_errno (g_chmod (folder, 0755));
  g_assert_no_errno (g_chmod (program, 0755));

  plain = ask (program, &is_secure);
  g_assert_false (is_secure);
  g_assert_cmpuint (count_choices (plain), >=, 5);

  if (!malt_test_is_valgrind () && give_away (program))
    secured = ask (program, &is_secure);
  g_assert_no_errno (g_unlink (program));
  g_assert_no_errno (g_rmdir (folder));
  if (!is_secure)
    {
      g_test_skip ("no program can be given to somebody else here, or valgrind starts none that "
                   "is");
      return;
    }

  g_assert_cmpuint (count_choices (secured), ==, 0);
  g_assert_nonnull (strstr (secured, "plugins " MALT_PLUGINS_DIR "\n"));
  g_assert_nonnull (strstr (secured, "home /folder/~/x\n"));
  g_assert_nonnull (strstr (secured, "backend process\n"));
  g_assert_nonnull (strstr (secured, MALT_WORKER_PROGRAM));
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && g_str_equal (argv[1], CHILD_ARGUMENT))
    run_child ();

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/secure/environment", test_environment);

  return g_test_run ();
}

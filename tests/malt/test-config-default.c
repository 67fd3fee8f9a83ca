/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

#include <glib/gstdio.h>
#include <string.h>

/* The default configuration is one for the whole process, so that each test runs in a process of
 * its own, with folders of its own. */
typedef struct
{
  char *user;   /* file name */
  char *system;
} Files;

static char *
new_file_name (const char *variable)
{
  g_autofree char *folder = g_build_filename (g_get_tmp_dir (), "malt-test-XXXXXX", NULL);
  g_autofree char *below = NULL;

  g_assert_nonnull (g_mkdtemp (folder));
  below = g_build_filename (folder, "malt", NULL);
  g_assert_cmpint (g_mkdir (below, 0700), ==, 0);
  g_setenv (variable, folder, TRUE);

  return g_build_filename (below, "config.json", NULL);
}

static void
set_up (Files *files)
{
  g_unsetenv ("MALT_CONFIG");
  g_unsetenv ("MALT_BACKEND");
  files->user = new_file_name ("XDG_CONFIG_HOME");
  files->system = new_file_name ("XDG_CONFIG_DIRS");
}

static void
remove_file (char *path)
{
  g_autofree char *below = g_path_get_dirname (path);
  g_autofree char *folder = g_path_get_dirname (below);

  g_unlink (path);
  g_rmdir (below);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_free (path);
}

static void
tear_down (Files *files)
{
  remove_file (files->user);
  remove_file (files->system);
}

static void
write_config (const char *path,
              const char *json)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, json, -1, &error);
  g_assert_no_error (error);
}

static void
assert_int (MaltAbstractWorker *worker,
            const char         *expected)
{
  g_autoptr (MaltAbstractWorker) owned = worker;
  g_autofree char *found = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "int");

  g_assert_cmpstr (found, ==, expected);
}

static void
assert_default (const char *expected)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker (NULL, NULL, &error, NULL);

  g_assert_no_error (error);
  assert_int (worker, expected);
}

static void
test_without (void)
{
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_get_default (&error);
  g_autoptr (GFile) place = malt_config_find_default_file ();
  g_autoptr (GFile) file = malt_config_dup_file (config);
  g_auto (GStrv) profiles = malt_config_list_profiles (config);
  MaltAbstractWorker *worker;

  g_assert_no_error (error);
  g_assert_null (place);
  g_assert_null (file);
  g_assert_cmpuint (g_strv_length (profiles), ==, 0);
  g_assert_true (malt_config_get_default (&error) == config);

  worker = malt_create_worker ("fake", NULL, &error, "int", 4, NULL);
  g_assert_no_error (error);
  assert_int (worker, "4");
}

static const char two_profiles[] =
  "{\"default\": \"one\", \"profiles\": {"
  " \"one\": {\"backend\": \"fake\", \"int\": 1, \"uint\": 11},"
  " \"two\": {\"backend\": \"fake\", \"int\": 2}}}";

static void
test_every_way_to_create (const Files *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = NULL;
  MaltAbstractWorker *worker;

  write_config (files->user, two_profiles);
  assert_default ("1");
  worker = malt_create_worker ("two", NULL, &error, NULL);
  g_assert_no_error (error);
  assert_int (worker, "2");
  worker = malt_create_worker_with_options ("two", NULL, NULL, &error);
  g_assert_no_error (error);
  assert_int (worker, "2");
  worker = malt_create_worker ("fake", NULL, &error, NULL);
  g_assert_no_error (error);
  assert_int (worker, "0");

  backend = malt_lookup_backend (NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (malt_backend_get_name (backend), ==, "fake");
}

static void
test_caller_wins (const Files *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autofree char *number = NULL;
  g_autofree char *kept = NULL;

  write_config (files->user, two_profiles);
  worker = malt_create_worker ("one", NULL, &error, "int", 5, "text", "x", NULL);
  g_assert_no_error (error);
  number = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "int");
  kept = malt_fake_worker_dup_option (MALT_FAKE_WORKER (worker), "uint");
  g_assert_cmpstr (number, ==, "5");
  g_assert_cmpstr (kept, ==, "11");
  assert_int (malt_create_worker_with_options ("one", g_variant_new_parsed ("{'int': <6>}"), NULL,
                                               &error),
              "6");

  /* Twice is still once too often. */
  g_assert_null (malt_create_worker ("one", NULL, &error, "int", 5, "int", 6, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

static void
test_environment_names_the_default (const Files *files)
{
  write_config (files->user, two_profiles);
  g_setenv ("MALT_BACKEND", "two", TRUE);
  assert_default ("2");
  g_setenv ("MALT_BACKEND", "fake", TRUE);
  assert_default ("0");
}

static void
test_user_hides_system (const Files *files)
{
  g_autoptr (GFile) file = NULL;

  write_config (files->user, two_profiles);
  write_config (files->system, "this is no JSON");
  assert_default ("1");

  file = malt_config_find_default_file ();
  g_assert_cmpstr (g_file_peek_path (file), ==, files->user);
}

static void
test_system (const Files *files)
{
  write_config (files->system, two_profiles);
  assert_default ("1");
}

static void
test_named_file (const Files *files)
{
  write_config (files->user, "this is no JSON");
  write_config (files->system, two_profiles);
  g_setenv ("MALT_CONFIG", files->system, TRUE);
  assert_default ("1");
}

static void
test_no_file_is_named (const Files *files)
{
  g_autoptr (GError) error = NULL;

  write_config (files->user, "this is no JSON");
  g_setenv ("MALT_CONFIG", "", TRUE);
  g_assert_nonnull (malt_config_get_default (&error));
  g_assert_no_error (error);
}

/* Nobody gets a worker, whatever is asked for, until it is mended. */
static void
test_mistake (const Files *files)
{
  static const char *const names[] = { NULL, "fake", "two" };

  write_config (files->user, "{\"profiles\": {\"two\": {\"backend\": \"fake\", \"itn\": 1}}}");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_create_worker (names[i], NULL, &error, NULL));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_assert_true (g_str_has_prefix (error->message, files->user));
      g_assert_nonnull (strstr (error->message, ":1: profiles.two.itn: "));
    }

  write_config (files->user, two_profiles);
  assert_default ("1");
}

static void
test_named_file_is_missing (const Files *files)
{
  g_autoptr (GError) error = NULL;

  write_config (files->user, two_profiles);
  g_setenv ("MALT_CONFIG", "/no/such/file", TRUE);
  g_assert_null (malt_create_worker ("fake", NULL, &error, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, "/no/such/file: it cannot be read: "));
}

/* What cannot be looked at is not taken for what is not there. */
static void
test_user_file_is_unreadable (const Files *files)
{
  g_autoptr (GError) error = NULL;

  write_config (files->system, two_profiles);
  g_assert_cmpint (g_mkdir (files->user, 0700), ==, 0);
  g_assert_null (malt_create_worker ("fake", NULL, &error, NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_cmpint (g_rmdir (files->user), ==, 0);
}

static void
stop_waiting (GObject *object,
              gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
wait_for_change (MaltConfig *config,
                 const char *profile)
{
  for (;;)
    {
      gboolean has_changed = FALSE;
      gulong handler = g_signal_connect (config, "changed", G_CALLBACK (stop_waiting),
                                         &has_changed);
      g_autofree char *name = malt_config_dup_default_profile (config);

      if (g_strcmp0 (name, profile) == 0)
        {
          g_signal_handler_disconnect (config, handler);
          return;
        }
      while (!has_changed)
        g_main_context_iteration (NULL, TRUE);
      g_signal_handler_disconnect (config, handler);
    }
}

/* A file may come to be where none was, hide another one, and go away again. The program that
 * starts this one ends it when nothing is noticed. */
static void
test_monitor (const Files *files)
{
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_get_default (&error);
  g_autoptr (GFile) file = NULL;

  g_assert_no_error (error);
  malt_config_set_monitor (config, TRUE);
  write_config (files->system,
                "{\"default\": \"a\", \"profiles\": {\"a\": {\"backend\": \"fake\"}}}");
  wait_for_change (config, "a");
  write_config (files->user, two_profiles);
  wait_for_change (config, "one");
  assert_default ("1");
  g_unlink (files->user);
  wait_for_change (config, "a");
  file = malt_config_dup_file (config);
  g_assert_cmpstr (g_file_peek_path (file), ==, files->system);
  g_unlink (files->system);
  wait_for_change (config, "process");
}

#define N_THREADS 8

static gpointer
get_default (gpointer data)
{
  return malt_config_get_default (NULL);
}

static void
test_threads (const Files *files)
{
  GThread *threads[N_THREADS];

  write_config (files->user, two_profiles);
  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("test", get_default, NULL);
  for (guint i = 0; i < N_THREADS; i++)
    g_assert_true (g_thread_join (threads[i]) == malt_config_get_default (NULL));
}

static void
run_without (const Files *files)
{
  test_without ();
}

/* Nobody waits longer for one of them, in seconds. */
#define DEADLINE 100

static void
run_in_process_of_its_own (gconstpointer data)
{
  void (*test) (const Files *files) = data;
  Files files;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, DEADLINE * G_USEC_PER_SEC, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  set_up (&files);
  test (&files);
  tear_down (&files);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void      (*test) (const Files *files);
  } tests[] = {
    { "/malt/config-default/without", run_without },
    { "/malt/config-default/every-way-to-create", test_every_way_to_create },
    { "/malt/config-default/caller-wins", test_caller_wins },
    { "/malt/config-default/environment-names-the-default", test_environment_names_the_default },
    { "/malt/config-default/user-hides-system", test_user_hides_system },
    { "/malt/config-default/system", test_system },
    { "/malt/config-default/named-file", test_named_file },
    { "/malt/config-default/no-file-is-named", test_no_file_is_named },
    { "/malt/config-default/mistake", test_mistake },
    { "/malt/config-default/named-file-is-missing", test_named_file_is_missing },
    { "/malt/config-default/user-file-is-unreadable", test_user_file_is_unreadable },
    { "/malt/config-default/monitor", test_monitor },
    { "/malt/config-default/threads", test_threads },
  };

  g_test_init (&argc, &argv, NULL);
  malt_fake_worker_register ();

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, tests[i].test, run_in_process_of_its_own);

  return g_test_run ();
}

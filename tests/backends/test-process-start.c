/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <glib/gstdio.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  const char *mode;
  const char *argument;
  const char *options;
  int         code;
  const char *texts[5];
  gboolean    is_exec_error;
} BadStart;

static const BadStart bad_starts[] = {
  { "exit", "exit", "3", NULL, MALT_ERROR_START_FAILED,
    { "status 3", "unknown flag --threads", "fake-worker --malt-worker exit 3" } },
  { "exit-0", "exit", "0", "{'stderr': <'lines'>}", MALT_ERROR_START_FAILED,
    { "status 0", "unknown flag --threads" } },
  { "exit-unix", "exit", "3", "{'transport': <'unix'>, 'stderr': <'stream'>}",
    MALT_ERROR_START_FAILED, { "status 3", "unknown flag --threads" } },
  { "crash", "die", "11", NULL, MALT_ERROR_START_FAILED,
    { "signal 11 (SIGSEGV)", "about to die" } },
  { "hang", "hang", NULL, "{'start-timeout': <uint32 200>}", MALT_ERROR_START_FAILED,
    { "not ready within 200 ms", "fake-worker --malt-worker hang" } },
  { "garbage", "garbage", NULL, NULL, MALT_ERROR_START_FAILED,
    { "did not speak the protocol", "speaks something else" } },
  { "oversized", "oversized", NULL, NULL, MALT_ERROR_START_FAILED,
    { "did not speak the protocol" } },
  { "half-a-frame", "half", NULL, "{'start-timeout': <uint32 200>}", MALT_ERROR_START_FAILED,
    { "not ready within 200 ms" } },
  { "other-version", "other-version", NULL, NULL, MALT_ERROR_START_FAILED,
    { "did not speak the protocol" } },
  { "closes", "close", NULL, NULL, MALT_ERROR_START_FAILED, { "closed its connection" } },
  { "closes-unix", "close", NULL, "{'transport': <'unix'>}", MALT_ERROR_START_FAILED,
    { "closed its connection" } },
  { "does-not-exist", "exit", NULL, "{'executable': <'/no/such/program'>}", MALT_ERROR_START_FAILED,
    { "/no/such/program", "No such file" }, TRUE },
  { "not-in-path", "exit", NULL, "{'executable': <'no-such-program-of-malt'>}",
    MALT_ERROR_START_FAILED, { "no-such-program-of-malt", "PATH" } },
  { "not-executable", "exit", NULL, "{'executable': <'/etc/passwd'>}", MALT_ERROR_START_FAILED,
    { "/etc/passwd", "Permission denied" }, TRUE },
  { "empty-executable", "exit", NULL, "{'executable': <''>}", MALT_ERROR_INVALID_CONFIG,
    { "executable" } },
  { "bad-environment", "serve", NULL, "{'environment': <['=x']>}", MALT_ERROR_INVALID_CONFIG,
    { "environment", "=x" } },
};

/* Whatever a program does instead of starting: the error says it, soon, and nothing is left. */
static void
test_bad_start (gconstpointer data)
{
  const BadStart *bad = data;
  FixtureCensus before = fixture_take_census ();
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;

  if (bad->is_exec_error && malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind loses the error of an exec() after vfork()");
      return;
    }

  worker = fixture_new_worker (bad->mode, bad->argument, bad->options, NULL, &error);
  g_assert_null (worker);
  g_assert_error (error, MALT_ERROR, bad->code);
  g_test_message ("%s", error->message);
  for (gsize i = 0; i < G_N_ELEMENTS (bad->texts) && bad->texts[i] != NULL; i++)
    g_assert_nonnull (strstr (error->message, bad->texts[i]));
  fixture_assert_at_once (began);
  fixture_assert_census (&before);
}

static void
on_created (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GAsyncResult **stored = user_data;

  *stored = g_object_ref (result);
}

static void
test_async (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker;

  malt_create_worker_async ("process", fixture_new_options ("serve", NULL, NULL), NULL, on_created,
                            &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  worker = malt_create_worker_finish (result, &error);
  g_assert_no_error (error);
  fixture_assert_call (worker);
  g_clear_object (&result);
  fixture_stop (worker);
}

static void
test_async_failure (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_create_worker_async ("process", fixture_new_options ("exit", "3", NULL), NULL, on_created,
                            &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_create_worker_finish (result, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return NULL;
}

static void
test_cancel (void)
{
  FixtureCensus before = fixture_take_census ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_in_thread, cancellable);

  g_assert_null (fixture_new_worker ("hang", NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  fixture_assert_census (&before);
}

static gboolean
cancel_in_idle (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel_async (void)
{
  FixtureCensus before = fixture_take_census ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_create_worker_async ("process", fixture_new_options ("hang", NULL, NULL), cancellable,
                            on_created, &result);
  g_timeout_add (20, cancel_in_idle, cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (malt_create_worker_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  fixture_assert_census (&before);
}

/* It holds the pipes open: nobody waits for their end. */
static void
test_grandchild_holds_pipes (void)
{
  g_autofree char *folder = g_dir_make_tmp ("malt-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pid", NULL);
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  int pid;

  g_assert_null (fixture_new_worker ("grandchild-exit", path, NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "status 4"));
  g_assert_nonnull (strstr (error->message, "left somebody behind"));
  fixture_assert_at_once (began);
  pid = fixture_read_pid (path);
  kill (pid, SIGKILL);
  fixture_wait_until_gone (pid);
  g_unlink (path);
  g_rmdir (folder);
}

static void
assert_matches (const char *text,
                const char *pattern)
{
  g_assert_true (g_regex_match_simple (pattern, text, 0, 0));
}

static void
test_describe (void)
{
  MaltAbstractWorker *tcp = fixture_start ("serve", NULL, NULL);
  MaltAbstractWorker *pair = fixture_start ("serve", NULL, "{'transport': <'unix'>}");
  g_autofree char *tcp_text = malt_abstract_worker_describe (tcp);
  g_autofree char *pair_text = malt_abstract_worker_describe (pair);

  assert_matches (tcp_text, "^MaltProcessWorker on port [1-9][0-9]+ with PID [1-9][0-9]*$");
  assert_matches (pair_text, "^MaltProcessWorker with PID [1-9][0-9]*$");
  fixture_stop (tcp);
  fixture_stop (pair);
}

static void
test_process_group (void)
{
  MaltAbstractWorker *shared = fixture_start ("serve", NULL, NULL);
  MaltAbstractWorker *own = fixture_start ("serve", NULL, "{'process-group': <'own'>}");

  g_assert_cmpint (getpgid (fixture_get_pid (shared)), ==, getpgrp ());
  g_assert_cmpint (getpgid (fixture_get_pid (own)), ==, fixture_get_pid (own));
  g_assert_cmpint (getsid (fixture_get_pid (own)), ==, fixture_get_pid (own));
  fixture_stop (shared);
  fixture_stop (own);
}

static void
test_options_read_back (void)
{
  MaltAbstractWorker *worker = fixture_start ("serve", NULL,
                                              "{'call-timeout': <uint32 5>, 'stdout': <'lines'>, "
                                              "'environment': <['A=b']>}");
  g_auto (GStrv) environment = NULL;
  guint call_timeout, n_pending, start_timeout;
  g_autofree char *evaluator = NULL;

  g_object_get (worker, "call-timeout", &call_timeout, "environment", &environment, "n-pending",
                &n_pending, "start-timeout", &start_timeout, "evaluator", &evaluator, NULL);
  g_assert_cmpuint (call_timeout, ==, 5);
  g_assert_cmpuint (n_pending, ==, 0);
  g_assert_cmpuint (start_timeout, ==, 30000);
  g_assert_cmpstr (evaluator, ==, "lua");
  g_assert_cmpstr (environment[0], ==, "A=b");
  fixture_stop (worker);
}

/* One a line for people to choose from: each has its nick, blurb and default. */
static void
test_options_described (void)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("process", NULL);
  g_autofree GParamSpec **options = NULL;
  guint n_options;

  options = malt_backend_list_options (backend, &n_options);
  g_assert_cmpuint (n_options, >=, 17);
  for (guint i = 0; i < n_options; i++)
    {
      g_assert_cmpstr (g_param_spec_get_nick (options[i]), !=, g_param_spec_get_name (options[i]));
      g_assert_cmpuint (strlen (g_param_spec_get_blurb (options[i])), >, 10);
    }
}

static gpointer
start_and_stop_some (gpointer user_data)
{
  for (int i = 0; i < 10; i++)
    {
      MaltAbstractWorker *worker = fixture_start ("serve", NULL, NULL);

      fixture_assert_call (worker);
      fixture_stop (worker);
    }
  return NULL;
}

static void
test_many_at_once (void)
{
  FixtureCensus before = fixture_take_census ();
  GThread *threads[8];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("start", start_and_stop_some, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  fixture_assert_census (&before);
}

static void
test_two_hundred_times (void)
{
  FixtureCensus before = fixture_take_census ();

  for (int i = 0; i < 200; i++)
    fixture_stop (fixture_start ("serve", NULL, i % 2 == 0 ? NULL : "{'transport': <'unix'>}"));
  fixture_assert_census (&before);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_starts); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/process/bad-start/", bad_starts[i].name, NULL);

      fixture_add_data (path, &bad_starts[i], test_bad_start);
    }
  fixture_add ("/malt/process/start/async", test_async);
  fixture_add ("/malt/process/start/async-failure", test_async_failure);
  fixture_add ("/malt/process/start/cancel", test_cancel);
  fixture_add ("/malt/process/start/cancel-async", test_cancel_async);
  fixture_add ("/malt/process/start/grandchild-holds-pipes", test_grandchild_holds_pipes);
  fixture_add ("/malt/process/start/describe", test_describe);
  fixture_add ("/malt/process/start/process-group", test_process_group);
  fixture_add ("/malt/process/start/options-read-back", test_options_read_back);
  fixture_add ("/malt/process/start/options-described", test_options_described);
  fixture_add ("/malt/process/start/many-at-once", test_many_at_once);
  fixture_add ("/malt/process/start/two-hundred-times", test_two_hundred_times);
  return g_test_run ();
}

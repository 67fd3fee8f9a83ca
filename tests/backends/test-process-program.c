/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The real worker program, without an evaluator: the built-in functions are enough here. */

static MaltAbstractWorker *
start_program (const char *first_property,
               gpointer    value)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker ("process", NULL, &error, "evaluator", "",
                                                   first_property, value, NULL);

  g_assert_no_error (error);
  return worker;
}

static gint64
ping (MaltAbstractWorker *worker,
      gint64              number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_fetch (worker, "malt.ping",
                                                  g_variant_new ("(x)", number), NULL, NULL,
                                                  &error);
  g_assert_no_error (error);
  return g_variant_get_int64 (value);
}

static void
test_default_program (void)
{
  MaltAbstractWorker *worker = start_program (NULL, NULL);

  g_assert_cmpint (ping (worker, 42), ==, 42);
  fixture_stop (worker);
}

/* Longer than a worker answers calls without a look at its main context. */
#define TURN_CALL_USEC 5000

static guint n_turns;

static gboolean
on_turn (gpointer user_data)
{
  n_turns++;

  return G_SOURCE_CONTINUE;
}

static GVariant *
turns_begin (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         user_data,
             GError         **error)
{
  g_autoptr (GSource) source = g_timeout_source_new (0);

  g_source_set_callback (source, on_turn, NULL, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return NULL;
}

static GVariant *
turns_count (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         user_data,
             GError         **error)
{
  gint64 end_us = g_get_monotonic_time () + TURN_CALL_USEC;

  while (g_get_monotonic_time () < end_us)
    ;

  return g_variant_new_uint32 (n_turns);
}

static gboolean
load_turns (MaltModule  *module,
            GError     **error)
{
  malt_module_add_function (module, "begin", "()", MALT_FUNCTION_FLAGS_NONE, turns_begin, NULL,
                            NULL);
  malt_module_add_function (module, "count", "()", MALT_FUNCTION_FLAGS_NONE, turns_count, NULL,
                            NULL);

  return TRUE;
}

static void
test_timers_have_their_turn (void)
{
  const guint n_calls = 40;
  MaltAbstractWorker *worker;
  g_autoptr (GError) error = NULL;
  guint n_before = 0;
  guint n_in_vain = 0;

  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind starts itself where a program starts itself");
      return;
    }
  worker = start_program ("executable", "self");

  g_test_summary ("However soon calls follow each other, the main context of the worker goes on");
  g_assert_true (malt_abstract_worker_remote_call_wait (worker, "turns.begin", NULL, NULL, NULL,
                                                        &error));
  for (guint i = 0; i < n_calls; i++)
    {
      g_autoptr (GVariant) value =
        malt_abstract_worker_remote_call_fetch (worker, "turns.count", NULL, NULL, NULL, &error);

      g_assert_no_error (error);
      n_in_vain = g_variant_get_uint32 (value) == n_before ? n_in_vain + 1 : 0;
      g_assert_cmpuint (n_in_vain, <=, 2);
      n_before = g_variant_get_uint32 (value);
    }
  fixture_stop (worker);
}

/* However few more files the program may open. */
static void
test_no_descriptors (void)
{
  const guint enough = 30;
  MaltAbstractWorker *first = start_program (NULL, NULL);
  int next = dup (STDOUT_FILENO);
  struct rlimit before, fewer;
  guint n_started = 0;

  close (next);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  for (guint i = 0; i <= enough; i++)
    {
      g_autoptr (GError) error = NULL;
      MaltAbstractWorker *worker;

      fewer = before;
      fewer.rlim_cur = (rlim_t) next + i;
      g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &fewer));
      worker = malt_create_worker ("process", NULL, &error, "evaluator", "", NULL);
      g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
      if (worker != NULL)
        {
          n_started++;
          g_assert_cmpint (ping (worker, 1), ==, 1);
          fixture_stop (worker);
          continue;
        }
      g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
      g_assert_nonnull (strstr (error->message, g_strerror (EMFILE)));
    }
  g_assert_cmpuint (n_started, >, 0);
  g_assert_cmpuint (n_started, <, enough);
  fixture_stop (first);
}

/* A network namespace of one's own comes without a loopback interface that is up. */
static void
test_no_loopback (void)
{
  MaltAbstractWorker *worker;
  g_autofree char *description = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  if (unshare (CLONE_NEWNET) < 0 && unshare (CLONE_NEWUSER | CLONE_NEWNET) < 0)
    {
      g_test_skip ("no network namespace can be made here");
      return;
    }

  worker = start_program (NULL, NULL);
  description = malt_abstract_worker_describe (worker);
  g_assert_null (strstr (description, "port"));
  g_assert_cmpint (ping (worker, 42), ==, 42);
  fixture_stop (worker);
}

static GMutex stalled_lock;

static GLogWriterOutput
write_to_stalled_terminal (GLogLevelFlags   level,
                           const GLogField *fields,
                           gsize            n_fields,
                           gpointer         user_data)
{
  /* What GLib says for itself is said in our own threads. */
  if ((level & G_LOG_LEVEL_DEBUG) == 0)
    {
      g_mutex_lock (&stalled_lock);
      g_mutex_unlock (&stalled_lock);
    }
  return G_LOG_WRITER_HANDLED;
}

/* Errors that nobody waits for are logged, and the terminal that they go to has been stopped: that
 * is no reason for the monitor, which all workers share, to stop too. */
static void
test_stalled_log (void)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *noisy;
  MaltAbstractWorker *other;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  g_log_set_writer_func (write_to_stalled_terminal, NULL, NULL);
  g_mutex_lock (&stalled_lock);
  noisy = start_program (NULL, NULL);
  for (int i = 0; i < 2000; i++)
    malt_abstract_worker_remote_do (noisy, "no.such", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ping (noisy, 1), ==, 1);

  other = start_program (NULL, NULL);
  g_assert_cmpint (ping (other, 2), ==, 2);
  fixture_stop (other);
  fixture_stop (noisy);
  g_mutex_unlock (&stalled_lock);
}

static void
test_unknown_evaluator (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_create_worker ("process", NULL, &error, "evaluator", "no-such", NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "no-such"));
}

static void
test_missing_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_create_worker ("process", NULL, &error, "evaluator", "", "working-directory",
                                     "/no/such/folder", NULL));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "/no/such/folder"));
}

static void
test_working_directory (void)
{
  MaltAbstractWorker *worker = start_program ("working-directory", (gpointer) "/usr");
  g_autofree char *link = g_strdup_printf ("/proc/%d/cwd", fixture_get_pid (worker));
  g_autofree char *folder = g_file_read_link (link, NULL);

  g_assert_cmpstr (folder, ==, "/usr");
  fixture_stop (worker);
}

/* 0 to 4, and what it has opened itself, none of which is a file of the manager. */
static void
test_descriptors (void)
{
  int leak = open ("/usr", O_RDONLY);
  MaltAbstractWorker *worker = start_program (NULL, NULL);
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", fixture_get_pid (worker));
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;
  guint n_standard = 0;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *link = g_build_filename (path, name, NULL);
      g_autofree char *target = g_file_read_link (link, NULL);

      g_assert_cmpstr (target, !=, "/usr");
      if (strlen (name) == 1 && *name <= '4')
        n_standard++;
      else
        g_assert_false (g_str_has_prefix (target, "socket:"));
    }
  g_assert_cmpuint (n_standard, ==, 5);
  fixture_stop (worker);
  close (leak);
}

static void
on_called (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result,
                                                          error));
}

static void
test_stop_while_sleeping (void)
{
  MaltAbstractWorker *worker = start_program (NULL, NULL);
  gint64 began = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_call_async (worker, "malt.sleep", g_variant_new ("(d)", 1000.0), NULL,
                                          NULL, on_called, &error);
  g_object_ref (worker);
  fixture_stop (worker);
  while (error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  fixture_assert_at_once (began);
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_STOPPED);
  g_object_unref (worker);
}

/* The program takes SIGTERM itself, to end what it started first. */
static void
test_kill (void)
{
  g_autoptr (MaltAbstractWorker) worker = start_program (NULL, NULL);
  gboolean was_running = FALSE;

  g_assert_true (malt_abstract_worker_kill (worker, 0, NULL));
  g_assert_true (malt_abstract_worker_stop (worker, 20000, 20000, NULL, &was_running, NULL));
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_KILLED);
}

static void
start_and_die (void)
{
  MaltAbstractWorker *worker = start_program (NULL, NULL);

  g_print ("PID %d\n", fixture_get_pid (worker));
  kill (getpid (), SIGKILL);
}

/* The manager is gone without a word, and the worker goes too. */
static void
test_manager_killed (void)
{
  g_autofree char *output = NULL;
  g_autofree char *path = g_test_build_filename (G_TEST_BUILT, "test-process-program", NULL);
  char *argv[] = { path, (char *) "--die", NULL };
  int status;

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL,
                               &status, NULL));
  g_assert_true (g_str_has_prefix (output, "PID "));
  fixture_wait_until_gone ((int) g_ascii_strtoll (output + 4, NULL, 10));
}

static void
test_fifty_times (void)
{
  FixtureCensus before = fixture_take_census ();

  for (int i = 0; i < 50; i++)
    {
      MaltAbstractWorker *worker = start_program (NULL, NULL);

      g_assert_cmpint (ping (worker, i), ==, i);
      fixture_stop (worker);
    }
  fixture_assert_census (&before);
}

int
main (int    argc,
      char **argv)
{
  if (argc == 2 && strcmp (argv[1], "--die") == 0)
    start_and_die ();
  malt_register_static_module ("turns", load_turns);
  malt_init (&argc, &argv);
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/program/default", test_default_program);
  fixture_add ("/malt/process/program/timers-have-their-turn", test_timers_have_their_turn);
  fixture_add ("/malt/process/program/no-loopback", test_no_loopback);
  fixture_add ("/malt/process/program/stalled-log", test_stalled_log);
  /* Valgrind has descriptors of its own. */
  if (!malt_test_is_valgrind ())
    fixture_add ("/malt/process/program/no-descriptors", test_no_descriptors);
  fixture_add ("/malt/process/program/unknown-evaluator", test_unknown_evaluator);
  fixture_add ("/malt/process/program/missing-folder", test_missing_folder);
  fixture_add ("/malt/process/program/working-directory", test_working_directory);
  fixture_add ("/malt/process/program/descriptors", test_descriptors);
  fixture_add ("/malt/process/program/stop-while-sleeping", test_stop_while_sleeping);
  fixture_add ("/malt/process/program/kill", test_kill);
  fixture_add ("/malt/process/program/manager-killed", test_manager_killed);
  fixture_add ("/malt/process/program/fifty-times", test_fifty_times);
  return g_test_run ();
}

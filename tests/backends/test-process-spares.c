/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-worker.h"
#include "tests/backends/process-fixture.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between two looks at what nobody tells, in microseconds. */
#define POLL_USEC 1000

/* The real worker program, without an evaluator, and with one spare. */
static MaltAbstractWorker *
try_start (const char  *first_property,
           gpointer     value,
           GError     **error)
{
  return g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, error, "evaluator", "", "spare", 1u,
                         first_property, value, NULL);
}

static MaltAbstractWorker *
start (const char *first_property,
       gpointer    value)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = try_start (first_property, value, &error);

  g_assert_no_error (error);
  g_assert_true (malt_abstract_worker_is_running (worker));
  return worker;
}

static void
assert_answers (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
      worker, "malt.ping", g_variant_new ("(i)", 42), NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int32 (value), ==, 42);
}

static void
wait_for_spares (guint n_spares)
{
  while (malt_process_spares_count () != n_spares)
    g_usleep (POLL_USEC);
}

static void
add_children (GArray     *pids,
              const char *task)
{
  g_autofree char *path = g_build_filename ("/proc/self/task", task, "children", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) numbers = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  numbers = g_strsplit (text, " ", -1);
  for (guint i = 0; numbers[i] != NULL; i++)
    {
      int pid = atoi (numbers[i]);

      if (pid != 0 && !fixture_is_gone (pid))
        g_array_append_val (pids, pid);
    }
}

/* Of this process, without the dead. */
static GArray *
list_children (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  GArray *pids = g_array_new (FALSE, FALSE, sizeof (int));
  const char *task;

  while ((task = g_dir_read_name (tasks)) != NULL)
    add_children (pids, task);
  return pids;
}

/* The only child beside that of `worker`, once it is ready. */
static int
wait_for_spare (MaltAbstractWorker *worker)
{
  int own = worker != NULL ? fixture_get_pid (worker) : 0;

  while (TRUE)
    {
      g_autoptr (GArray) pids = NULL;
      int spare = 0;

      wait_for_spares (1);
      pids = list_children ();
      for (guint i = 0; i < pids->len; i++)
        if (g_array_index (pids, int, i) != own)
          spare = g_array_index (pids, int, i);
      if (spare != 0 && pids->len == (own != 0 ? 2 : 1))
        return spare;
      g_usleep (POLL_USEC);
    }
}

/* Nothing is left for the next test. */
static void
drop_spares (void)
{
  while (TRUE)
    {
      g_autoptr (GArray) pids = NULL;

      malt_process_spares_drop_idle (G_MAXINT64);
      pids = list_children ();
      if (pids->len == 0)
        return;
      g_usleep (POLL_USEC);
    }
}

/* The list changes in the main context. */
static void
assert_running (GListModel *running,
                guint       n_workers)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (g_list_model_get_n_items (running), ==, n_workers);
}

static void
test_taken (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  g_autoptr (GListModel) running = malt_list_running_workers ();
  int spare = wait_for_spare (first);
  g_autofree char *description = NULL;
  g_autofree char *pid = g_strdup_printf ("with PID %d", spare);
  MaltAbstractWorker *second;

  assert_running (running, 1);
  second = start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  assert_running (running, 2);
  description = malt_abstract_worker_describe (second);
  g_assert_nonnull (strstr (description, pid));
  assert_answers (second);

  /* And there is the next. */
  wait_for_spares (1);
  fixture_stop (first);
  fixture_stop (second);
  assert_running (running, 0);
  drop_spares ();
}

static void
on_initialised (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_async_initable_init_finish (G_ASYNC_INITABLE (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
test_taken_async (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  int spare = wait_for_spare (first);
  MaltAbstractWorker *second = g_object_new (MALT_TYPE_PROCESS_WORKER, "evaluator", "", "spare", 1u,
                                             NULL);
  gboolean is_over = FALSE;

  g_async_initable_init_async (G_ASYNC_INITABLE (second), G_PRIORITY_DEFAULT, NULL, on_initialised,
                               &is_over);
  g_assert_false (is_over);
  fixture_iterate_until (&is_over);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  assert_answers (second);
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
}

/* What a worker can be told apart by keeps it from being taken for another. */
static void
test_other_options (void)
{
  const char *const arguments[] = { "more", NULL };
  const char *const environment[] = { "MALT_TEST=1", NULL };
  const char *const modules[] = { NULL };
  const char *const module_path[] = { "/no/such", NULL };
  const struct
  {
    const char    *option;
    gconstpointer  value;
    gboolean       is_taken;
  } cases[] = {
    { "arguments", arguments, FALSE },
    { "environment", environment, FALSE },
    { "module-path", module_path, FALSE },
    { "working-directory", "/", FALSE },
    { "max-pending-bytes", GSIZE_TO_POINTER (1 << 20), FALSE },
    { "max-message-size", GSIZE_TO_POINTER (1 << 20), FALSE },
    { "unresponsive-timeout", GUINT_TO_POINTER (9999), FALSE },
    { "modules", modules, TRUE },
    { "start-timeout", GUINT_TO_POINTER (9999), TRUE },
    { "call-timeout", GUINT_TO_POINTER (9999), TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      MaltAbstractWorker *first = start (NULL, NULL);
      int spare = wait_for_spare (first);
      MaltAbstractWorker *second = start (cases[i].option, (gpointer) cases[i].value);

      g_test_message ("%s", cases[i].option);
      g_assert_cmpint (fixture_get_pid (second) == spare, ==, cases[i].is_taken);
      fixture_stop (first);
      fixture_stop (second);
      drop_spares ();
    }
}

static void
test_other_surroundings (void)
{
  g_autofree char *folder = g_get_current_dir ();
  MaltAbstractWorker *first = start (NULL, NULL);
  MaltAbstractWorker *second, *third;
  int spare = wait_for_spare (first);

  g_assert_no_errno (chdir ("/"));
  second = start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  g_assert_no_errno (chdir (folder));
  g_setenv ("LC_MALT_TEST", "1", TRUE);
  third = start (NULL, NULL);
  g_unsetenv ("LC_MALT_TEST");
  g_assert_cmpint (fixture_get_pid (third), !=, spare);
  fixture_stop (first);
  fixture_stop (second);
  fixture_stop (third);
  drop_spares ();
}

/* A worker that has a spare's process has its own time-out for calls. */
static void
test_call_timeout (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  int spare = wait_for_spare (first);
  MaltAbstractWorker *second = start ("call-timeout", GUINT_TO_POINTER (50));
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  g_assert_null (malt_abstract_worker_remote_call_fetch (second, "malt.sleep",
                                                         g_variant_new ("(d)", 1000.0), NULL, NULL,
                                                         &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
}

/* The kernel knows first, the monitor thread later. A process is dead with the last of its threads;
 * the monitor may be quicker, and then there is none to wait for. */
static void
test_dead_is_not_taken (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  MaltAbstractWorker *second;
  int spare = wait_for_spare (first);
  siginfo_t info;

  kill (spare, SIGKILL);
  while (waitid (P_PID, (id_t) spare, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    ;
  second = start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  assert_answers (second);
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
}

static MaltAbstractWorker *
start_without_data (void)
{
  const char *const arguments[] = { "close-data", NULL };
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "fake-worker", NULL);
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, &error,
                                               "evaluator", "", "spare", 1u, "executable", program,
                                               "arguments", arguments, NULL);

  g_assert_no_error (error);
  return worker;
}

/* It lives, and control is open: only the data connection, which nobody reads, tells. */
static void
test_deaf_is_not_taken (void)
{
  MaltAbstractWorker *first = start_without_data ();
  MaltAbstractWorker *second;
  int spare = wait_for_spare (first);
  g_autofree char *data = g_strdup_printf ("/proc/%d/fd/3", spare);

  while (readlink (data, (char[1]) { 0 }, 1) > 0)
    g_usleep (POLL_USEC);
  second = start_without_data ();
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  malt_abstract_worker_kill (first, SIGKILL, NULL);
  malt_abstract_worker_kill (second, SIGKILL, NULL);
  g_object_unref (first);
  g_object_unref (second);
  drop_spares ();
}

static void
test_dead_is_replaced (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  MaltAbstractWorker *second;
  int dead = wait_for_spare (first);
  int spare;

  kill (dead, SIGKILL);
  do
    spare = wait_for_spare (first);
  while (spare == dead);
  second = start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
}

/* A program that is a worker by way of a script. (transfer full) */
static char *
write_program (const char *folder,
               const char *line)
{
  char *path = g_build_filename (folder, "worker", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\n%s\nexec '%s' \"$@\"\n", line,
                                             g_getenv ("MALT_WORKER"));
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0700, &error);
  g_assert_no_error (error);
  return path;
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("malt-spares-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

static void
test_new_program (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *program = write_program (folder, ": one");
  MaltAbstractWorker *first = start ("executable", program);
  MaltAbstractWorker *second;
  g_autofree char *same = NULL;
  int spare = wait_for_spare (first);

  same = write_program (folder, ": another");
  second = start ("executable", program);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  fixture_wait_until_gone (spare);
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
  remove_folder (folder);
}

static void
test_idle (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  int spare = wait_for_spare (first);

  malt_process_spares_drop_idle (g_get_monotonic_time () + G_TIME_SPAN_MINUTE);
  g_assert_cmpuint (malt_process_spares_count (), ==, 1);
  malt_process_spares_drop_idle (g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  g_assert_cmpuint (malt_process_spares_count (), ==, 0);
  fixture_wait_until_gone (spare);
  fixture_stop (first);
  drop_spares ();
}

/* What it prints before it is anybody's belongs to whoever gets it. */
static void
test_output (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *program = write_program (folder, "echo hello");
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream = NULL;
  char text[7] = "";
  gsize n_read;
  MaltAbstractWorker *first, *second;
  int spare;

  first = g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, &error, "evaluator", "", "spare", 1u,
                          "executable", program, "stdout", 2 /* stream */, NULL);
  g_assert_no_error (error);
  spare = wait_for_spare (first);
  second = g_initable_new (MALT_TYPE_PROCESS_WORKER, NULL, &error, "evaluator", "", "spare", 1u,
                           "executable", program, "stdout", 2 /* stream */, NULL);
  g_assert_no_error (error);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  g_object_get (second, "stdout-stream", &stream, NULL);
  g_assert_true (g_input_stream_read_all (stream, text, 6, &n_read, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "hello\n");
  fixture_stop (first);
  fixture_stop (second);
  drop_spares ();
  remove_folder (folder);
}

/* Tried a few times, without a word; the next start says what is wrong. */
static void
test_does_not_come_up (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *tries = g_build_filename (folder, "tries", NULL);
  g_autofree char *line = g_strdup_printf ("echo >>'%s'; [ $(wc -l <'%s') = 1 ] || exit 7", tries,
                                           tries);
  g_autofree char *program = write_program (folder, line);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *first = start ("executable", program);

  while (text == NULL || strlen (text) < 4)
    {
      g_usleep (POLL_USEC);
      g_clear_pointer (&text, g_free);
      g_file_get_contents (tries, &text, NULL, NULL);
    }
  g_assert_null (try_start ("executable", program, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "status 7"));
  g_assert_cmpuint (malt_process_spares_count (), ==, 0);
  fixture_stop (first);
  drop_spares ();
  remove_folder (folder);
}

static void
test_cancelled (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  wait_for_spares (1);
  g_cancellable_cancel (cancellable);
  g_assert_null (g_initable_new (MALT_TYPE_PROCESS_WORKER, cancellable, &error, "evaluator", "",
                                 "spare", 1u, NULL));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_process_spares_count (), ==, 1);
  fixture_stop (first);
  drop_spares ();
}

static void
on_exited (MaltAbstractWorker *worker,
           MaltExitReport     *report,
           gpointer            user_data)
{
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  *(gboolean *) user_data = TRUE;
}

/* Its end is told like any other. */
static void
test_end (void)
{
  MaltAbstractWorker *first = start (NULL, NULL);
  int spare = wait_for_spare (first);
  MaltAbstractWorker *second = start (NULL, NULL);
  gboolean has_exited = FALSE;

  g_signal_connect (second, "exited", G_CALLBACK (on_exited), &has_exited);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  kill (spare, SIGKILL);
  fixture_iterate_until (&has_exited);
  g_assert_false (malt_abstract_worker_is_running (second));
  g_object_unref (second);
  fixture_stop (first);
  drop_spares ();
}

/* They neither keep a program from ending nor outlive it, whatever it ends of. */
static void
test_end_of_program (gconstpointer data)
{
  const gboolean is_killed = GPOINTER_TO_INT (data);
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (g_test_subprocess ())
    {
      MaltAbstractWorker *first = start (NULL, NULL);
      g_autofree char *pid = g_strdup_printf ("%d", wait_for_spare (first));

      g_file_set_contents (g_getenv ("MALT_TEST_PID_FILE"), pid, -1, NULL);
      if (is_killed)
        raise (SIGKILL);
      exit (0);
    }

  folder = make_folder ();
  path = g_build_filename (folder, "pid", NULL);
  g_setenv ("MALT_TEST_PID_FILE", path, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  if (!is_killed)
    g_test_trap_assert_passed ();
  fixture_wait_until_gone (fixture_read_pid (path));
  remove_folder (folder);
}

static gpointer
start_and_stop (gpointer unused)
{
  for (guint i = 0; i < 10; i++)
    {
      MaltAbstractWorker *worker = start (NULL, NULL);

      assert_answers (worker);
      fixture_stop (worker);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, start_and_stop, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  drop_spares ();
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/spares/taken", test_taken);
  fixture_add ("/malt/process/spares/taken-async", test_taken_async);
  fixture_add ("/malt/process/spares/other-options", test_other_options);
  fixture_add ("/malt/process/spares/other-surroundings", test_other_surroundings);
  fixture_add ("/malt/process/spares/call-timeout", test_call_timeout);
  fixture_add ("/malt/process/spares/dead-is-not-taken", test_dead_is_not_taken);
  fixture_add ("/malt/process/spares/deaf-is-not-taken", test_deaf_is_not_taken);
  fixture_add ("/malt/process/spares/dead-is-replaced", test_dead_is_replaced);
  fixture_add ("/malt/process/spares/new-program", test_new_program);
  fixture_add ("/malt/process/spares/idle", test_idle);
  fixture_add ("/malt/process/spares/output", test_output);
  fixture_add ("/malt/process/spares/does-not-come-up", test_does_not_come_up);
  fixture_add ("/malt/process/spares/cancelled", test_cancelled);
  fixture_add ("/malt/process/spares/end", test_end);
  fixture_add_data ("/malt/process/spares/end-of-program/exit", GINT_TO_POINTER (FALSE),
                    test_end_of_program);
  fixture_add_data ("/malt/process/spares/end-of-program/killed", GINT_TO_POINTER (TRUE),
                    test_end_of_program);
  fixture_add ("/malt/process/spares/threads", test_threads);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
assert_report (MaltAbstractWorker *worker,
               MaltExitReason      reason,
               int                 exit_status,
               int                 signum,
               const char         *detail)
{
  MaltExitReport *report = malt_abstract_worker_get_exit_report (worker);

  g_assert_nonnull (report);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, reason);
  g_assert_cmpint (malt_exit_report_get_exit_status (report), ==, exit_status);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, signum);
  if (detail == NULL)
    g_assert_null (malt_exit_report_get_detail (report));
  else
    g_assert_nonnull (strstr (malt_exit_report_get_detail (report), detail));
}

/* Calls "work" and expects that the worker ends instead of answering. */
static MaltExitReport *
call_and_lose (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_abstract_worker_remote_call_fetch (worker, "work", NULL, NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_test_message ("%s", error->message);
  g_assert_true (malt_error_get_exit_report (error)
                 == malt_abstract_worker_get_exit_report (worker));
  g_assert_false (malt_abstract_worker_is_running (worker));
  return malt_abstract_worker_get_exit_report (worker);
}

static void
test_stop (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("serve", NULL, NULL);
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  g_assert_true (malt_abstract_worker_stop (worker, 30000, 30000, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_true (was_running);
  assert_report (worker, MALT_EXIT_REASON_STOPPED, 0, 0, "asked");
  g_assert_true (malt_abstract_worker_stop (worker, 30000, 30000, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_false (was_running);
}

static void
test_stop_by_sigterm (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("ignore-stop", NULL, NULL);

  g_assert_true (malt_abstract_worker_stop (worker, 50, 30000, NULL, NULL, NULL));
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGTERM,
                 "SIGTERM: it did not leave within 50 ms");
}

static void
test_stop_by_sigkill (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("deaf", NULL, NULL);
  gint64 began = g_get_monotonic_time ();

  g_assert_true (malt_abstract_worker_stop (worker, 50, 60, NULL, NULL, NULL));
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 110 * 1000);
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGKILL, "60 ms of SIGTERM");
}

static void
test_stop_suspended (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("serve", NULL, NULL);

  g_assert_true (malt_abstract_worker_kill (worker, SIGSTOP, NULL));
  g_assert_true (malt_abstract_worker_stop (worker, 50, 50, NULL, NULL, NULL));
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGKILL, "SIGKILL");
}

typedef struct
{
  gboolean  done;
  gboolean  was_running;
  GError   *error;
} Stopped;

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Stopped *stopped = user_data;

  malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, &stopped->was_running,
                                    &stopped->error);
  stopped->done = TRUE;
}

/* The impatient one counts. */
static void
test_several_stops (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("deaf", NULL, NULL);
  gint64 began = g_get_monotonic_time ();
  Stopped stopped[3] = { 0 };

  malt_abstract_worker_stop_async (worker, 30000, 30000, NULL, on_stopped, &stopped[0]);
  malt_abstract_worker_stop_async (worker, 40, 40, NULL, on_stopped, &stopped[1]);
  malt_abstract_worker_stop_async (worker, 30000, 30000, NULL, on_stopped, &stopped[2]);
  for (gsize i = 0; i < G_N_ELEMENTS (stopped); i++)
    {
      fixture_iterate_until (&stopped[i].done);
      g_assert_no_error (stopped[i].error);
      g_assert_true (stopped[i].was_running);
    }
  fixture_assert_at_once (began);
}

/* The waiting ends, the stop goes on. */
static void
test_stop_cancelled (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("deaf", NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Stopped stopped = { 0 };

  malt_abstract_worker_stop_async (worker, 300, 50, cancellable, on_stopped, &stopped);
  g_cancellable_cancel (cancellable);
  fixture_iterate_until (&stopped.done);
  g_assert_error (stopped.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&stopped.error);
  fixture_wait_until_gone (fixture_get_pid (worker));
}

static void
test_kill (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("never-answer", NULL, NULL);

  g_assert_true (malt_abstract_worker_kill (worker, 0, NULL));
  call_and_lose (worker);
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGTERM, "SIGTERM");
}

static void
test_kill_with_sigkill (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("deaf", NULL, NULL);

  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  call_and_lose (worker);
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGKILL, "kill() sent it signal 9 (SIGKILL)");
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError **error = user_data;

  g_assert_null (malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result,
                                                          error));
}

/* Every verb says so, with the report. */
static void
test_verbs_after_the_end (void)
{
  g_autoptr (MaltAbstractWorker) worker = g_object_ref (fixture_start ("serve", NULL, NULL));
  g_autoptr (GError) async_error = NULL;
  GError *error = NULL;

  fixture_stop (worker);
  call_and_lose (worker);

  malt_abstract_worker_remote_call_async (worker, "work", NULL, NULL, NULL, on_sent, &async_error);
  while (async_error == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (async_error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_error_get_exit_report (async_error));

  g_assert_false (malt_abstract_worker_remote_do (worker, "work", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_interrupt (worker, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
}

static void
test_leaves_by_itself (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("exit-later", "7", NULL);
  gint64 began = g_get_monotonic_time ();
  MaltExitReport *report = call_and_lose (worker);

  fixture_assert_at_once (began);
  assert_report (worker, MALT_EXIT_REASON_EXITED, 7, 0, NULL);
  g_assert_cmpstr (malt_exit_report_get_stderr_tail (report), ==, "last words");
  g_assert_cmpstr (malt_exit_report_get_running_calls (report)[0], ==, "work");
}

static void
test_crashes (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("die-later", "11",
                                                         "{'transport': <'unix'>}");
  gint64 began = g_get_monotonic_time ();

  call_and_lose (worker);
  fixture_assert_at_once (began);
  assert_report (worker, MALT_EXIT_REASON_CRASHED, -1, SIGSEGV, NULL);
}

static void
on_exited (MaltAbstractWorker *worker,
           MaltExitReport     *report,
           gpointer            user_data)
{
  GThread **thread = user_data;

  g_assert_true (report == malt_abstract_worker_get_exit_report (worker));
  *thread = g_thread_self ();
}

/* The call is over for its caller; the worker is given some time, and is not worth waiting for. */
static void
test_unresponsive (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start (
      "never-answer", NULL, "{'unresponsive-timeout': <uint32 100>}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GError *error = NULL;
  GThread *thread = NULL;

  g_signal_connect (worker, "exited", G_CALLBACK (on_exited), &thread);
  malt_abstract_worker_remote_call_async (worker, "work", NULL, NULL, cancellable, on_sent, &error);
  g_cancellable_cancel (cancellable);
  while (error == NULL || thread == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGKILL, "“work” did not heed its end");
}

/* One that costs nobody else anything: a neighbour answers all the time. */
static void
test_breaks_the_protocol (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("garbage-later", NULL, NULL);
  MaltAbstractWorker *neighbour = fixture_start ("serve", NULL, NULL);
  gint64 began = g_get_monotonic_time ();

  call_and_lose (worker);
  fixture_assert_at_once (began);
  assert_report (worker, MALT_EXIT_REASON_KILLED, -1, SIGKILL, "broke the protocol");
  fixture_assert_call (neighbour);
  fixture_stop (neighbour);
}

static void
test_loses_its_connection (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("close-later", NULL, NULL);
  gint64 began = g_get_monotonic_time ();

  call_and_lose (worker);
  g_assert_cmpint (g_get_monotonic_time () - began, >, 2 * G_USEC_PER_SEC);
  fixture_assert_at_once (began);
  assert_report (worker, MALT_EXIT_REASON_CONNECTION_LOST, -1, SIGKILL, "without its connection");
}

typedef struct
{
  char *folder;
  char *path;
} PidFile;

static PidFile
new_pid_file (void)
{
  PidFile file = { g_dir_make_tmp ("malt-test-XXXXXX", NULL), NULL };

  file.path = g_build_filename (file.folder, "pid", NULL);
  return file;
}

static void
pid_file_clear (PidFile *file)
{
  g_unlink (file->path);
  g_rmdir (file->folder);
  g_free (file->path);
  g_free (file->folder);
}

static void
test_kill_takes_children (void)
{
  PidFile file = new_pid_file ();
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("child", file.path, NULL);
  int pid = fixture_read_pid (file.path);

  g_assert_false (fixture_is_gone (pid));
  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, NULL));
  fixture_wait_until_gone (pid);
  pid_file_clear (&file);
}

static void
test_stop_takes_children (void)
{
  PidFile file = new_pid_file ();
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("child", file.path, NULL);
  int pid = fixture_read_pid (file.path);

  g_assert_true (malt_abstract_worker_stop (worker, 20, 20, NULL, NULL, NULL));
  fixture_wait_until_gone (pid);
  pid_file_clear (&file);
}

/* Nobody asked for its end; its session goes with it. */
static void
test_own_group_goes_along (void)
{
  PidFile file = new_pid_file ();
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("child", file.path,
                                                         "{'process-group': <'own'>}");
  int pid = fixture_read_pid (file.path);

  kill (fixture_get_pid (worker), SIGKILL);
  call_and_lose (worker);
  assert_report (worker, MALT_EXIT_REASON_CRASHED, -1, SIGKILL, "did not send it");
  fixture_wait_until_gone (pid);
  pid_file_clear (&file);
}

static void
test_grandchild_holds_pipes (void)
{
  PidFile file = new_pid_file ();
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("grandchild", file.path, NULL);
  int pid = fixture_read_pid (file.path);
  gint64 began = g_get_monotonic_time ();

  fixture_stop (g_object_ref (worker));
  fixture_assert_at_once (began);
  g_assert_false (fixture_is_gone (pid));
  kill (pid, SIGKILL);
  pid_file_clear (&file);
}

static void
test_drop (void)
{
  FixtureCensus before = fixture_take_census ();
  MaltAbstractWorker *worker = fixture_start ("deaf", NULL, NULL);
  int pid = fixture_get_pid (worker);

  g_assert_finalize_object (worker);
  fixture_wait_until_gone (pid);
  fixture_assert_census (&before);
}

static void
test_stopped_is_finalized (void)
{
  for (int i = 0; i < 50; i++)
    {
      MaltAbstractWorker *worker = fixture_start ("serve", NULL, NULL);

      fixture_assert_call (worker);
      g_assert_true (malt_abstract_worker_stop (worker, 1000, 1000, NULL, NULL, NULL));
      g_assert_finalize_object (worker);
    }
}

static void
test_exited_signal (void)
{
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("exit-later", "1", NULL);
  GThread *thread = NULL;

  g_signal_connect (worker, "exited", G_CALLBACK (on_exited), &thread);
  call_and_lose (worker);
  g_assert_null (thread);
  while (thread == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (thread == g_thread_self ());
}

static void
test_running_workers (void)
{
  g_autoptr (GListModel) running = malt_list_running_workers ();
  MaltAbstractWorker *a = fixture_start ("serve", NULL, NULL);
  MaltAbstractWorker *b = fixture_start ("exit-later", "0", NULL);

  while (g_list_model_get_n_items (running) != 2)
    g_main_context_iteration (NULL, TRUE);
  call_and_lose (b);
  while (g_list_model_get_n_items (running) != 1)
    g_main_context_iteration (NULL, TRUE);
  fixture_stop (a);
  while (g_list_model_get_n_items (running) != 0)
    g_main_context_iteration (NULL, TRUE);
  g_object_unref (b);
}

static void
run_in_subprocess (GTestFunc func)
{
  if (g_test_subprocess ())
    {
      func ();
      return;
    }
  g_test_trap_subprocess (NULL, FIXTURE_WATCHDOG_SECONDS * G_USEC_PER_SEC, 0);
  g_test_trap_assert_passed ();
}

static void
stop_with_sigchld_ignored (void)
{
  signal (SIGCHLD, SIG_IGN);
  g_autoptr (MaltAbstractWorker) worker = fixture_start ("serve", NULL, NULL);
  g_autoptr (MaltAbstractWorker) other = fixture_start ("deaf", NULL, NULL);
  g_autoptr (GError) error = NULL;

  fixture_assert_call (worker);
  fixture_stop (g_object_ref (worker));
  assert_report (worker, MALT_EXIT_REASON_STOPPED, -1, 0, "asked");
  g_assert_true (malt_abstract_worker_kill (other, SIGKILL, NULL));
  call_and_lose (other);
  assert_report (other, MALT_EXIT_REASON_KILLED, -1, 0, "SIGKILL");
  g_assert_null (fixture_new_worker ("exit", "3", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
}

static void
test_sigchld_ignored (void)
{
  run_in_subprocess (stop_with_sigchld_ignored);
}

static gpointer
wait_for_any_child (gpointer user_data)
{
  while (!g_atomic_int_get ((int *) user_data))
    if (waitpid (-1, NULL, 0) < 0)
      g_usleep (100);
  return NULL;
}

static void
stop_while_another_thread_waits (void)
{
  int over = FALSE;
  GThread *thread = g_thread_new ("wait", wait_for_any_child, &over);

  for (int i = 0; i < 20; i++)
    fixture_stop (fixture_start ("serve", NULL, NULL));
  g_atomic_int_set (&over, TRUE);
  g_thread_join (thread);
}

static void
test_children_taken (void)
{
  run_in_subprocess (stop_while_another_thread_waits);
}

/* What the library opens must not become "stdout", which the relay writes to. */
static void
call_without_standard_streams (void)
{
  MaltAbstractWorker *worker, *inherits;

  for (int fd = 0; fd <= 2; fd++)
    close (fd);
  worker = fixture_start ("print", NULL, NULL);
  inherits = fixture_start ("print", NULL, "{'stdout': <'inherit'>, 'stderr': <'inherit'>}");
  for (int i = 0; i < 10; i++)
    {
      fixture_assert_call (worker);
      fixture_assert_call (inherits);
    }
  fixture_stop (worker);
  fixture_stop (inherits);
  for (int fd = 0; fd <= 2; fd++)
    open ("/dev/null", O_RDWR);
}

static void
test_without_standard_streams (void)
{
  run_in_subprocess (call_without_standard_streams);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/stop/message", test_stop);
  fixture_add ("/malt/process/stop/sigterm", test_stop_by_sigterm);
  fixture_add ("/malt/process/stop/sigkill", test_stop_by_sigkill);
  fixture_add ("/malt/process/stop/suspended", test_stop_suspended);
  fixture_add ("/malt/process/stop/several", test_several_stops);
  fixture_add ("/malt/process/stop/cancelled", test_stop_cancelled);
  fixture_add ("/malt/process/stop/takes-children", test_stop_takes_children);
  fixture_add ("/malt/process/stop/grandchild-holds-pipes", test_grandchild_holds_pipes);
  fixture_add ("/malt/process/kill/default", test_kill);
  fixture_add ("/malt/process/kill/sigkill", test_kill_with_sigkill);
  fixture_add ("/malt/process/kill/takes-children", test_kill_takes_children);
  fixture_add ("/malt/process/end/verbs-afterwards", test_verbs_after_the_end);
  fixture_add ("/malt/process/end/leaves-by-itself", test_leaves_by_itself);
  fixture_add ("/malt/process/end/crashes", test_crashes);
  fixture_add ("/malt/process/end/breaks-the-protocol", test_breaks_the_protocol);
  fixture_add ("/malt/process/end/unresponsive", test_unresponsive);
  fixture_add ("/malt/process/end/loses-its-connection", test_loses_its_connection);
  fixture_add ("/malt/process/end/own-group-goes-along", test_own_group_goes_along);
  fixture_add ("/malt/process/end/dropped", test_drop);
  fixture_add ("/malt/process/end/stopped-is-finalized", test_stopped_is_finalized);
  fixture_add ("/malt/process/end/exited-signal", test_exited_signal);
  fixture_add ("/malt/process/end/running-workers", test_running_workers);
  fixture_add ("/malt/process/host/sigchld-ignored", test_sigchld_ignored);
  fixture_add ("/malt/process/host/children-taken", test_children_taken);
  fixture_add ("/malt/process/host/without-standard-streams", test_without_standard_streams);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-worker.h"
#include "tests/backends/process-fixture.h"
#include "tests/backends/spares-fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What becomes of processes that were started ahead when they end, or nobody takes them. */

/* The kernel knows first, the monitor thread later. A process is dead with the last of its threads;
 * the monitor may be quicker, and then there is none to wait for. */
static void
test_dead_is_not_taken (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  MaltAbstractWorker *second;
  int spare = spares_wait_for_one (first);
  siginfo_t info;

  kill (spare, SIGKILL);
  while (waitid (P_PID, (id_t) spare, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    ;
  second = spares_start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  spares_assert_answers (second);
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
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
  int spare = spares_wait_for_one (first);
  g_autofree char *data = g_strdup_printf ("/proc/%d/fd/3", spare);

  while (readlink (data, (char[1]) { 0 }, 1) > 0)
    g_usleep (SPARES_POLL_USEC);
  second = start_without_data ();
  g_assert_cmpint (fixture_get_pid (second), !=, spare);
  malt_abstract_worker_kill (first, SIGKILL, NULL);
  malt_abstract_worker_kill (second, SIGKILL, NULL);
  g_object_unref (first);
  g_object_unref (second);
  spares_drop ();
}

static void
test_dead_is_replaced (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  MaltAbstractWorker *second;
  int dead = spares_wait_for_one (first);
  int spare;

  kill (dead, SIGKILL);
  do
    spare = spares_wait_for_one (first);
  while (spare == dead);
  second = spares_start (NULL, NULL);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  fixture_stop (first);
  fixture_stop (second);
  spares_drop ();
}

static void
test_idle (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  int spare = spares_wait_for_one (first);

  malt_process_spares_drop_idle (g_get_monotonic_time () + G_TIME_SPAN_MINUTE);
  g_assert_cmpuint (malt_process_spares_count (), ==, 1);
  malt_process_spares_drop_idle (g_get_monotonic_time () + G_TIME_SPAN_HOUR);
  g_assert_cmpuint (malt_process_spares_count (), ==, 0);
  fixture_wait_until_gone (spare);
  fixture_stop (first);
  spares_drop ();
}

/* Tried a few times, without a word; the next start says what is wrong. */
static void
test_does_not_come_up (void)
{
  g_autofree char *folder = spares_make_folder ();
  g_autofree char *tries = g_build_filename (folder, "tries", NULL);
  g_autofree char *line = g_strdup_printf ("echo >>'%s'; [ $(wc -l <'%s') = 1 ] || exit 7", tries,
                                           tries);
  g_autofree char *program = spares_write_program (folder, line);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *first = spares_start ("executable", program);

  while (text == NULL || strlen (text) < 4)
    {
      g_usleep (SPARES_POLL_USEC);
      g_clear_pointer (&text, g_free);
      g_file_get_contents (tries, &text, NULL, NULL);
    }
  g_assert_null (spares_try_start ("executable", program, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "status 7"));
  g_assert_cmpuint (malt_process_spares_count (), ==, 0);
  fixture_stop (first);
  spares_drop ();
  spares_remove_folder (folder);
}

static void
test_cancelled (void)
{
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  spares_wait_for (1);
  g_cancellable_cancel (cancellable);
  g_assert_null (g_initable_new (MALT_TYPE_PROCESS_WORKER, cancellable, &error, "evaluator", "",
                                 "spare", 1u, NULL));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_process_spares_count (), ==, 1);
  fixture_stop (first);
  spares_drop ();
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
  MaltAbstractWorker *first = spares_start (NULL, NULL);
  int spare = spares_wait_for_one (first);
  MaltAbstractWorker *second = spares_start (NULL, NULL);
  gboolean has_exited = FALSE;

  g_signal_connect (second, "exited", G_CALLBACK (on_exited), &has_exited);
  g_assert_cmpint (fixture_get_pid (second), ==, spare);
  kill (spare, SIGKILL);
  fixture_iterate_until (&has_exited);
  g_assert_false (malt_abstract_worker_is_running (second));
  g_object_unref (second);
  fixture_stop (first);
  spares_drop ();
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
      MaltAbstractWorker *first = spares_start (NULL, NULL);
      g_autofree char *pid = g_strdup_printf ("%d", spares_wait_for_one (first));

      g_file_set_contents (g_getenv ("MALT_TEST_PID_FILE"), pid, -1, NULL);
      if (is_killed)
        raise (SIGKILL);
      exit (0);
    }

  folder = spares_make_folder ();
  path = g_build_filename (folder, "pid", NULL);
  g_setenv ("MALT_TEST_PID_FILE", path, TRUE);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  if (!is_killed)
    g_test_trap_assert_passed ();
  fixture_wait_until_gone (fixture_read_pid (path));
  spares_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/spares/dead-is-not-taken", test_dead_is_not_taken);
  fixture_add ("/malt/process/spares/deaf-is-not-taken", test_deaf_is_not_taken);
  fixture_add ("/malt/process/spares/dead-is-replaced", test_dead_is_replaced);
  fixture_add ("/malt/process/spares/idle", test_idle);
  fixture_add ("/malt/process/spares/does-not-come-up", test_does_not_come_up);
  fixture_add ("/malt/process/spares/cancelled", test_cancelled);
  fixture_add ("/malt/process/spares/end", test_end);
  fixture_add_data ("/malt/process/spares/end-of-program/exit", GINT_TO_POINTER (FALSE),
                    test_end_of_program);
  fixture_add_data ("/malt/process/spares/end-of-program/killed", GINT_TO_POINTER (TRUE),
                    test_end_of_program);
  return g_test_run ();
}

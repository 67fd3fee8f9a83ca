/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <signal.h>
#include <string.h>

/* A worker that has lost its connection is given a grace of three seconds. */
#define LOST_MSEC 5000

/* A worker elsewhere that has answered nothing for so long does not run. */
#define FROZEN_MSEC 500

static gboolean
has_ended (gpointer worker)
{
  return !malt_abstract_worker_is_running (worker) &&
         malt_abstract_worker_get_exit_report (worker) != NULL;
}

static MaltExitReport *
wait_for_report (Contract *contract, MaltAbstractWorker *worker, guint limit_ms)
{
  g_assert_true (contract_wait_until (contract, has_ended, worker, limit_ms));
  return malt_abstract_worker_get_exit_report (worker);
}

static void
assert_report (MaltExitReport *report, MaltExitReason reason, int status, int signum)
{
  g_autofree char *text = malt_exit_report_to_string (report);

  g_test_message ("%s", text);
  g_assert_null (strchr (text, '\n'));
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, reason);
  g_assert_cmpint (malt_exit_report_get_exit_status (report), ==, status);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, signum);
}

static void
stopped (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  contract_stop (worker);
  assert_report (malt_abstract_worker_get_exit_report (worker), MALT_EXIT_REASON_STOPPED, 0, 0);
}

static void
killed (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_no_error (error);
  assert_report (wait_for_report (contract, worker, 1000), MALT_EXIT_REASON_KILLED, -1, SIGKILL);
}

static void
terminated (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;
  MaltExitReport *report;

  contract_send_eval (contract, worker, "while true do end", NULL);
  contract_iterate_for (contract, 10);
  g_assert_true (malt_abstract_worker_kill (worker, 0, &error));
  g_assert_no_error (error);
  report = wait_for_report (contract, worker, 1000);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
}

static void
crashed (Contract *contract)
{
  const int signals[] = { SIGSEGV, SIGABRT, SIGFPE, SIGKILL };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      MaltExitReport *report;
      const char *const *calls;

      contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);
      contract_send_call (contract, worker, "contract.crash",
                          g_variant_new ("(i)", signals[i]), NULL);
      report = wait_for_report (contract, worker, 1000);
      assert_report (report, MALT_EXIT_REASON_CRASHED, -1, signals[i]);
      contract_assert_contains (malt_exit_report_get_stderr_tail (report), "about to crash");
      calls = malt_exit_report_get_running_calls (report);
      g_assert_cmpuint (g_strv_length ((char **) calls), ==, 2);
      g_assert_cmpstr (calls[0], ==, "contract.crash");
      g_assert_cmpstr (calls[1], ==, "malt.eval");
    }
}

static void
limits (Contract *contract)
{
  const int signals[] = { SIGXCPU, SIGXFSZ };
  const char *names[] = { "RLIMIT_CPU", "RLIMIT_FSIZE" };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      MaltExitReport *report;

      contract_send_call (contract, worker, "contract.crash",
                          g_variant_new ("(i)", signals[i]), NULL);
      report = wait_for_report (contract, worker, 1000);
      assert_report (report, MALT_EXIT_REASON_LIMIT, -1, signals[i]);
      contract_assert_contains (malt_exit_report_get_detail (report), names[i]);
    }
}

static void
out_of_memory (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  MaltExitReport *report;

  contract->warns = TRUE;
  contract_send_call (contract, worker, "contract.exhaust", NULL, NULL);
  report = wait_for_report (contract, worker, 10000);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_LIMIT);
  g_assert_cmpint (malt_exit_report_get_signal (report), !=, 0);
  contract_assert_contains (malt_exit_report_get_detail (report), "memory");
  contract_assert_contains (malt_exit_report_get_stderr_tail (report), "failed to allocate");
  contract_log_clear ();
}

/* By somebody else: not by a call of ours. */
static void
by_others (Contract *contract)
{
  const int signals[] = { SIGTERM, SIGKILL };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
      MaltExitReport *report;

      g_assert_cmpint (kill (g_variant_get_int32 (pid), signals[i]), ==, 0);
      report = wait_for_report (contract, worker, 10000);
      assert_report (report, MALT_EXIT_REASON_CRASHED, -1, signals[i]);
      contract_assert_contains (malt_exit_report_get_detail (report), "did not send it");
    }
}

static void
left (Contract *contract)
{
  const int statuses[] = { 0, 3 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);

      contract_send_call (contract, worker, "contract.leave",
                          g_variant_new ("(i)", statuses[i]), NULL);
      assert_report (wait_for_report (contract, worker, 1000), MALT_EXIT_REASON_EXITED,
                     statuses[i], 0);
    }
}

static void
disconnected (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = contract_send_call (contract, worker, "contract.disconnect",
                                             g_variant_new ("(u)", 60000), NULL);
  MaltExitReport *report;

  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  report = wait_for_report (contract, worker, LOST_MSEC);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_CONNECTION_LOST);
}

/* Which rung of the ladder ended it stands in the report. */
static void
deaf (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;
  gint64 start_us;
  MaltExitReport *report;

  contract_send_call (contract, worker, "contract.ignore", g_variant_new ("(u)", 60000), NULL);
  contract_iterate_for (contract, 20);
  start_us = g_get_monotonic_time ();
  malt_abstract_worker_stop (worker, 100, 100, NULL, NULL, &error);
  g_assert_no_error (error);
  contract_assert_within (contract, start_us, 1000);
  report = malt_abstract_worker_get_exit_report (worker);
  g_test_message ("%s", malt_exit_report_get_detail (report));
  g_assert_true (malt_exit_report_get_reason (report) == MALT_EXIT_REASON_KILLED ||
                 malt_exit_report_get_reason (report) == MALT_EXIT_REASON_STOPPED);
}

/* A signal to a worker elsewhere is overtaken by calls, and by a stop. */
static void
freeze (Contract *contract, MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  ContractReply *reply;

  g_assert_true (malt_abstract_worker_kill (worker, SIGSTOP, &error));
  g_assert_no_error (error);
  if ((contract->capabilities & MALT_WORKER_CAPABILITY_REMOTE) == 0)
    return;

  do
    {
      reply = contract_send_call (contract, worker, "malt.ping", NULL, NULL);
      contract_iterate_for (contract, FROZEN_MSEC);
    }
  while (reply->n_ends > 0);
}

static void
frozen (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;
  gint64 start_us;
  MaltExitReport *report;

  freeze (contract, worker);
  start_us = g_get_monotonic_time ();
  malt_abstract_worker_stop (worker, 100, 100, NULL, NULL, &error);
  g_assert_no_error (error);
  contract_assert_within (contract, start_us, 1000);
  report = malt_abstract_worker_get_exit_report (worker);
  assert_report (report, MALT_EXIT_REASON_KILLED, -1, SIGKILL);
  contract_assert_contains (malt_exit_report_get_detail (report), "SIGKILL");
}

static void
on_exited (MaltAbstractWorker *worker, MaltExitReport *report, gpointer user_data)
{
  GPtrArray *reports = user_data;

  g_assert_true (report == malt_abstract_worker_get_exit_report (worker));
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_ptr_array_add (reports, malt_exit_report_ref (report));
}

static gboolean
has_report (gpointer reports)
{
  return ((GPtrArray *) reports)->len > 0;
}

static void
told (Contract *contract)
{
  g_autoptr (GPtrArray) reports =
    g_ptr_array_new_with_free_func ((GDestroyNotify) malt_exit_report_unref);

  for (guint i = 0; i < 2; i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      gulong handler = g_signal_connect (worker, "exited", G_CALLBACK (on_exited), reports);

      g_ptr_array_set_size (reports, 0);
      if (i == 0)
        contract_stop (worker);
      else
        contract_send_call (contract, worker, "contract.leave", g_variant_new ("(i)", 1), NULL);
      g_assert_true (contract_wait_until (contract, has_report, reports, 10000));
      contract_iterate_for (contract, 10);
      g_assert_cmpuint (reports->len, ==, 1);
      g_signal_handler_disconnect (worker, handler);
    }
}

static void
of_errors (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = contract_call_error (worker, "contract.leave",
                                                  g_variant_new ("(i)", 5));
  g_autofree char *name = malt_abstract_worker_describe (worker);

  g_test_message ("%s", error->message);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  contract_assert_contains (error->message, name);
  contract_assert_contains (error->message, "5");
  g_assert_cmpstr (malt_error_get_worker (error), ==, name);
  assert_report (malt_error_get_exit_report (error), MALT_EXIT_REASON_EXITED, 5, 0);
}

#define NEEDS_KILL .needs = MALT_WORKER_CAPABILITY_KILL
#define NEEDS_ISOLATION .needs = MALT_WORKER_CAPABILITY_ISOLATED

const ContractCase contract_report_cases[] = {
  { "/report/stopped", stopped, .summary = "A worker that was stopped" },
  { "/report/killed", killed, NEEDS_KILL, .summary = "A worker that was killed" },
  { "/report/terminated", terminated, NEEDS_KILL, .loops = TRUE,
    .summary = "SIGTERM is the default, and ends a busy worker" },
  { "/report/crashed", crashed, NEEDS_ISOLATION,
    .summary = "A crash is told with its signal, last words and running calls" },
  { "/report/limits", limits, NEEDS_ISOLATION,
    .summary = "A limit of the kernel is told by its name" },
  { "/report/out-of-memory", out_of_memory, NEEDS_ISOLATION,
    .summary = "An allocation that failed is a limit, too" },
  { "/report/by-others", by_others, NEEDS_KILL,
    .summary = "A signal that the manager did not send is told as such" },
  { "/report/left", left, NEEDS_ISOLATION, .summary = "A worker that left of its own accord" },
  { "/report/disconnected", disconnected, NEEDS_KILL,
    .summary = "A worker that lost its connection is ended" },
  { "/report/deaf", deaf, NEEDS_KILL, .summary = "A function that heeds nothing" },
  { "/report/frozen", frozen, NEEDS_KILL,
    .summary = "A worker that does not run is ended by the last rung" },
  { "/report/told", told, NEEDS_ISOLATION, .summary = "The end of a worker is told once" },
  { "/report/of-errors", of_errors, NEEDS_ISOLATION,
    .summary = "The error of a call has the report of its worker" },
  { NULL }
};

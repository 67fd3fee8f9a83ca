/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include "tests/malt-test-slowness.h"

#include <signal.h>
#include <string.h>

/* What a call may take beyond its time-out. */
#define OVERDUE_MSEC 500

static ContractReply *
send_with_timeout (Contract           *contract,
                   MaltAbstractWorker *worker,
                   MaltCall           *call,
                   guint               timeout_ms)
{
  malt_call_set_timeout (call, timeout_ms);
  return contract_send (contract, worker, call, NULL);
}

static void
evaluations (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "while true do end",
    "coroutine.wrap (function () while true do end end) ()",
    "while true do pcall (function () while true do end end) end",
    "malt.sleep (1e6)",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      gint64 start_us = g_get_monotonic_time ();
      ContractReply *reply = send_with_timeout (
        contract, worker, malt_call_new_eval (NULL, expressions[i], NULL), 30);

      contract_wait (contract, reply);
      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_cmpint (reply->ended_us - start_us, >=, 30 * G_TIME_SPAN_MILLISECOND);
      contract_assert_within (contract, start_us, 30 + OVERDUE_MSEC);
      contract_assert_alive (worker);
    }
}

static void
traceback (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = send_with_timeout (
    contract, worker,
    malt_call_new_eval (
      NULL, "local function busy ()\nwhile true do end\nend\nlocal n = busy ()", NULL),
    contract_limit (200));
  const char *text;

  contract_wait (contract, reply);
  g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  text = malt_call_get_remote_traceback (reply->call);

  /* A worker that has no time to say where it was is not waited for. */
  contract->is_late = text == NULL;
  if (contract->is_late)
    return;
  contract_assert_contains (text, "busy");
  g_assert_true (g_regex_match_simple ("Main#[0-9]+:2:", text, 0, 0));
  contract_assert_contains (reply->error->message, text);
}

/* A function that heeds its end, and one that does not, called by a program: it is named. */
static void
in_a_function (Contract *contract)
{
  const char *names[] = { "contract.spin", "contract.ignore" };
  guint timeout_ms = contract_limit (100);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *expression = g_strdup_printf (
        "import 'contract'\nlocal n = %s (...)", names[i]);
      g_autoptr (GVariant) args = g_variant_ref_sink (
        i == 0 ? g_variant_new ("()") : g_variant_new ("(u)", timeout_ms + 3000));
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      ContractReply *reply = send_with_timeout (
        contract, worker, malt_call_new_eval (NULL, expression, args), timeout_ms);
      const char *text;

      contract_wait (contract, reply);
      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      text = malt_call_get_remote_traceback (reply->call);
      contract->is_late = text == NULL;
      if (contract->is_late)
        return;
      contract_assert_contains (text, names[i]);
      g_assert_true (g_regex_match_simple ("Main#[0-9]+:2:", text, 0, 0));
      contract_assert_contains (reply->error->message, text);
    }
}

static void
functions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *names[] = { "contract.spin", "contract.spin_threaded" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      ContractReply *reply = send_with_timeout (contract, worker,
                                                malt_call_new (names[i], NULL, NULL), 30);

      contract_wait (contract, reply);
      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      contract_assert_alive (worker);
    }
}

static void
blocking (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, "while true do end", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  gint64 start_us = g_get_monotonic_time ();

  malt_call_set_timeout (call, 30);
  value = malt_abstract_worker_send (worker, call, NULL, &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  contract_assert_within (contract, start_us, 30 + OVERDUE_MSEC);
  contract_assert_alive (worker);
}

static void
of_the_worker (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'call-timeout': <uint32 30>}"));
  g_autoptr (GError) by_default = contract_eval_error (worker, "while true do end");
  ContractReply *longer = send_with_timeout (
    contract, worker, malt_call_new_eval (NULL, "malt.sleep (0.1)", NULL), 60000);
  ContractReply *none = send_with_timeout (
    contract, worker, malt_call_new_eval (NULL, "malt.sleep (0.1)", NULL), G_MAXUINT);

  g_assert_error (by_default, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  contract_wait_all (contract);
  g_assert_no_error (longer->error);
  g_assert_no_error (none->error);
}

/* The clock of a call starts when the worker starts it, not while it waits behind another. */
static void
from_its_start (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *busy = contract_send_call (contract, worker, "contract.ignore",
                                            g_variant_new ("(u)", 1000), NULL);
  ContractReply *behind = send_with_timeout (contract, worker,
                                             malt_call_new ("malt.ping", NULL, NULL), 500);

  contract_wait_all (contract);
  g_assert_no_error (busy->error);
  g_assert_no_error (behind->error);
}

static void
leaves_others (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *other = contract_send_eval (contract, worker, "malt.sleep (0.1) return 1", NULL);
  ContractReply *timed = send_with_timeout (
    contract, worker, malt_call_new_eval (NULL, "malt.sleep (1e6)", NULL), 20);

  contract_wait_all (contract);
  g_assert_error (timed->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  contract_assert_value (other->value, "int64 1");
}

/* Nothing arms the time-out in a worker that does not run: the manager has a clock too. */
static void
frozen (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'unresponsive-timeout': <uint32 200>}"));
  g_autoptr (GError) error = NULL;
  ContractReply *other;
  ContractReply *timed;
  gint64 start_us;

  malt_abstract_worker_kill (worker, SIGSTOP, &error);
  g_assert_no_error (error);
  start_us = g_get_monotonic_time ();
  /* A signal to a worker elsewhere is overtaken by calls. */
  do
    {
      other = contract_send_call (contract, worker, "malt.ping", NULL, NULL);
      timed = send_with_timeout (contract, worker, malt_call_new ("malt.ping", NULL, NULL), 100);
      contract_wait_all (contract);
      contract_assert_within (contract, start_us, 10000);
    }
  while (timed->error == NULL || other->error == NULL);
  g_assert_true (g_error_matches (timed->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                 g_error_matches (timed->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER));
  g_assert_error (other->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_KILLED);
}

static gboolean
has_ended (gpointer worker)
{
  return !malt_abstract_worker_is_running (worker);
}

/* A pattern that backtracks for ever, in one call of C: no hook runs. */
static void
unresponsive (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'unresponsive-timeout': <uint32 200>}"));
  ContractReply *other = contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);
  ContractReply *stuck = contract_begin_eval (
    contract, worker, "malt.progress (0) return ('a'):rep (10000):find '.-.-.-.-b$'");
  g_autoptr (GError) error = NULL;
  gint64 start_us;
  MaltExitReport *report;

  contract_iterate_for (contract, 20);
  start_us = g_get_monotonic_time ();
  malt_abstract_worker_interrupt (worker, &error);
  g_assert_no_error (error);
  contract_wait (contract, stuck);

  /* It was not in there yet. */
  contract->is_late = g_error_matches (stuck->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  if (contract->is_late)
    return;
  contract_wait_all (contract);
  g_assert_true (contract_wait_until (contract, has_ended, worker, 10000));
  contract_assert_within (contract, start_us, 200 + 1000);
  g_assert_error (stuck->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_error (other->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  report = malt_abstract_worker_get_exit_report (worker);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
  contract_assert_contains (malt_exit_report_get_detail (report), "SIGKILL");
  contract_assert_contains (malt_exit_report_get_detail (report), "malt.eval");
  if (MALT_TEST_HOLDS_SIGNALS_BACK)
    return;
  contract->is_late = malt_error_get_remote_traceback (stuck->error) == NULL;
  if (contract->is_late)
    return;
  contract_assert_contains (malt_error_get_remote_traceback (stuck->error), "'find'");
  contract_assert_contains (stuck->error->message, "'find'");
  contract_assert_contains (malt_exit_report_get_detail (report), "'find'");
}

const ContractCase contract_timeout_cases[] = {
  { "/timeout/evaluations", evaluations, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "A time-out ends an evaluation, and the worker lives on" },
  { "/timeout/traceback", traceback, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "The call says where the time-out found it" },
  { "/timeout/in-a-function", in_a_function, .needs = MALT_WORKER_CAPABILITY_INTERRUPT,
    .loops = TRUE, .summary = "The function that a program was in is named" },
  { "/timeout/functions", functions, .summary = "A time-out cancels a function" },
  { "/timeout/blocking", blocking, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "A blocking call times out" },
  { "/timeout/of-the-worker", of_the_worker, .needs = MALT_WORKER_CAPABILITY_INTERRUPT,
    .loops = TRUE, .summary = "The worker's time-out is the default, a call's own wins",
    .option = "call-timeout" },
  { "/timeout/from-its-start", from_its_start,
    .summary = "The time that a call waits behind others does not count" },
  { "/timeout/leaves-others", leaves_others, .summary = "A time-out does not touch other calls" },
  { "/timeout/frozen", frozen, .needs = MALT_WORKER_CAPABILITY_KILL,
    .summary = "A worker that does not run at all is ended", .option = "unresponsive-timeout" },
  { "/timeout/unresponsive", unresponsive,
    .needs = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL,
    .summary = "A C call that heeds nothing is ended with its worker",
    .option = "unresponsive-timeout" },
  { NULL }
};

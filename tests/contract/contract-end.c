/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the end of a worker to the end of its calls. */
#define CALLS_END_MSEC 500

/* The same for one call alone, the quickest of some: a busy machine adds to it. */
#define BLOCKING_MSEC 100
#define BLOCKING_ROUNDS 5

static void
sleeping (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  ContractReply *reply = contract_send_call (contract, worker, "malt.sleep",
                                             g_variant_new ("(d)", 10.0), NULL);
  gint64 start_us;

  contract_iterate_for (contract, 20);
  start_us = g_get_monotonic_time ();
  contract_stop (worker);
  contract_wait (contract, reply);
  contract_assert_within (contract, start_us, 1000);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

static void
busy (Contract *contract)
{
  const char *expressions[] = {
    "while true do end",
    "coroutine.wrap (function () while true do end end) ()",
    "while true do pcall (function () while true do end end) end",
    "while true do pcall (malt.sleep, 10) end",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      ContractReply *reply = contract_send_eval (contract, worker, expressions[i], NULL);
      gint64 start_us;

      contract_iterate_for (contract, 20);
      start_us = g_get_monotonic_time ();
      contract_stop (worker);
      contract_assert_within (contract, start_us, 1000);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
    }
}

/* A loop that heeds its end, and functions that do and do not. */
static void
where_it_was (Contract *contract)
{
  const char *expressions[] = {
    "local function busy ()\nmalt.progress (0) while true do end\nend\nlocal n = busy ()",
    "import 'contract'\nmalt.progress (0) local n = contract.spin ()",
    "import 'contract'\nmalt.progress (0) local n = contract.ignore (3000)",
  };
  const char *names[] = { "busy", "contract.spin", "contract.ignore" };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      ContractReply *reply = contract_begin_eval (contract, worker, expressions[i]);
      const char *text;

      contract_iterate_for (contract, 20);
      contract_stop (worker);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
      g_assert_nonnull (malt_error_get_exit_report (reply->error));
      text = malt_error_get_remote_traceback (reply->error);

      /* It may be on its way into the function; one that has no time for last words is not waited
       * for. */
      contract->is_late = text == NULL || strstr (text, names[i]) == NULL;
      if (contract->is_late)
        return;
      g_assert_true (g_regex_match_simple ("Main#[0-9]+:2:", text, 0, 0));
      contract_assert_contains (reply->error->message, text);
    }
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (source)));
  ++*(guint *) user_data;
}

static gboolean
all_stopped (gpointer n_stopped)
{
  return *(guint *) n_stopped == 3;
}

static void
several_stops (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  guint n_stopped = 0;

  for (guint i = 0; i < 3; i++)
    malt_abstract_worker_stop_async (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                     NULL, on_stopped, &n_stopped);
  g_assert_cmpuint (n_stopped, ==, 0);
  g_assert_true (contract_wait_until (contract, all_stopped, &n_stopped, 2000));
}

/* The ways to end, each while calls of every kind are on their way. */

static void
end_by_stop (Contract *contract, MaltAbstractWorker *worker)
{
  contract_stop (worker);
}

static void
end_by_kill (Contract *contract, MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_kill (worker, SIGKILL, &error);
  g_assert_no_error (error);
}

static void
end_by_others (Contract *contract, MaltAbstractWorker *worker)
{
  g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);

  g_assert_cmpint (kill (g_variant_get_int32 (pid), SIGKILL), ==, 0);
}

static void
end_by_crash (Contract *contract, MaltAbstractWorker *worker)
{
  contract_send_call (contract, worker, "contract.crash", g_variant_new ("(i)", SIGSEGV), NULL);
}

static void
end_by_leaving (Contract *contract, MaltAbstractWorker *worker)
{
  contract_send_call (contract, worker, "contract.leave", g_variant_new ("(i)", 0), NULL);
}

static void
calls_end_once (Contract *contract, void (*end) (Contract *, MaltAbstractWorker *))
{
  for (guint round = 0; round < contract_times (10); round++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      guint first = contract->replies->len;
      gint64 start_us;

      for (guint i = 0; i < 50; i++)
        {
          contract_send_eval (contract, worker, "malt.sleep (1e6)", NULL);
          contract_send_call (contract, worker, "contract.meet", g_variant_new ("(u)", 1000), NULL);
        }
      start_us = g_get_monotonic_time ();
      end (contract, worker);
      contract_wait_all (contract);
      contract_assert_within (contract, start_us, 1000 + CALLS_END_MSEC);
      for (guint i = first; i < contract->replies->len; i++)
        {
          ContractReply *reply = contract->replies->pdata[i];

          g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
          g_assert_nonnull (malt_error_get_exit_report (reply->error));
          g_assert_nonnull (malt_call_get_exit_report (reply->call));
        }
      contract_stop (worker);
    }
}

static void
calls_at_stop (Contract *contract)
{
  calls_end_once (contract, end_by_stop);
}

static void
calls_at_kill (Contract *contract)
{
  calls_end_once (contract, end_by_kill);
}

static void
calls_at_others_kill (Contract *contract)
{
  calls_end_once (contract, end_by_others);
}

static void
calls_at_crash (Contract *contract)
{
  calls_end_once (contract, end_by_crash);
}

static void
calls_at_leave (Contract *contract)
{
  calls_end_once (contract, end_by_leaving);
}

static void
blocking_call (Contract *contract)
{
  gint64 quickest_us = G_MAXINT64;

  for (guint i = 0; i < BLOCKING_ROUNDS; i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      gint64 start_us = g_get_monotonic_time ();
      g_autoptr (GError) error = contract_call_error (worker, "contract.crash",
                                                      g_variant_new ("(i)", SIGKILL));

      quickest_us = MIN (quickest_us, g_get_monotonic_time () - start_us);
      g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
      g_assert_nonnull (malt_error_get_exit_report (error));
    }
  contract_assert_time (contract, quickest_us, BLOCKING_MSEC);
}

static void
dead (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) of_post = NULL;
  g_autoptr (GError) of_kill = NULL;
  g_autoptr (GError) of_call = NULL;
  g_autoptr (GError) of_eval = NULL;
  ContractReply *reply;

  contract_stop (worker);
  of_call = contract_call_error (worker, "malt.ping", NULL);
  g_assert_error (of_call, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_error_get_exit_report (of_call));
  of_eval = contract_eval_error (worker, "return 1");
  g_assert_error (of_eval, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  reply = contract_send_call (contract, worker, "malt.ping", NULL, NULL);
  contract_wait (contract, reply);
  g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_false (malt_abstract_worker_remote_do (worker, "malt.ping", NULL, NULL, &of_post));
  g_assert_error (of_post, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, &of_kill));
  if ((contract->capabilities & MALT_WORKER_CAPABILITY_KILL) != 0)
    g_assert_error (of_kill, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  else
    g_assert_error (of_kill, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

static gboolean
none_runs (gpointer user_data)
{
  return contract_count_running () == 0;
}

static void
last_reference (Contract *contract)
{
  MaltAbstractWorker *worker = contract_steal (contract, contract_start (contract, NULL));

  contract_assert_alive (worker);
  g_object_unref (worker);
  g_assert_true (contract_wait_until (contract, none_runs, NULL, 10000));
}

/* A call on its way may keep its worker for as long as it takes, or end with it. */
static void
last_reference_in_call (Contract *contract)
{
  MaltAbstractWorker *worker = contract_steal (contract, contract_start (contract, NULL));
  ContractReply *reply = contract_send_eval (contract, worker, "malt.sleep (0.05) return 1", NULL);

  g_object_unref (worker);
  contract_wait (contract, reply);
  if (reply->error == NULL)
    contract_assert_value (reply->value, "int64 1");
  else
    g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_true (contract_wait_until (contract, none_runs, NULL, 10000));
}

static void
descendants (Contract *contract)
{
  void (*ways[]) (Contract *, MaltAbstractWorker *) = { end_by_stop, end_by_kill };

  for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      g_autoptr (GVariant) pid = contract_call (worker, "contract.descendant", NULL);
      gpointer data = GINT_TO_POINTER (g_variant_get_int32 (pid));

      g_assert_nonnull (data);
      g_assert_false (contract_process_is_gone (data));
      ways[i] (contract, worker);
      g_assert_true (contract_wait_until (contract, contract_process_is_gone, data, 2000));
    }
}

/* Runs in a process of its own: starts a worker, says which, and is gone without a word to it. */
static void
go_without_worker (Contract *contract, const char *file, gboolean politely)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
  g_autofree char *text = g_strdup_printf ("%d", g_variant_get_int32 (pid));

  contract_send_eval (contract, worker,
                      "while true do pcall (function () while true do end end) end", NULL);
  contract_iterate_for (contract, 20);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  if (politely)
    exit (0);
  raise (SIGKILL);
}

static void
manager_goes (Contract *contract, gboolean politely)
{
  g_autofree char *path = g_strconcat ("/malt/contract/", contract->settings->backend,
                                       contract->test_case->path, NULL);
  g_autofree char *file = NULL;
  g_autofree char *text = NULL;
  gpointer pid;

  if (g_test_subprocess ())
    go_without_worker (contract, g_getenv ("MALT_CONTRACT_FILE"), politely);
  file = g_strdup_printf ("%s/malt-contract-%d", g_get_tmp_dir (), getpid ());
  g_setenv ("MALT_CONTRACT_FILE", file, TRUE);
  g_test_trap_subprocess (path, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  pid = GINT_TO_POINTER (g_ascii_strtoll (text, NULL, 10));
  g_assert_nonnull (pid);
  g_assert_true (contract_wait_until (contract, contract_process_is_gone, pid, 10000));
  g_unlink (file);
}

static void
manager_dies (Contract *contract)
{
  manager_goes (contract, FALSE);
}

static void
manager_leaves (Contract *contract)
{
  manager_goes (contract, TRUE);
}

const ContractCase contract_end_cases[] = {
  { "/end/sleeping", sleeping,
    .summary = "Stopping ends a call that sleeps, within a second" },
  { "/end/busy", busy, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "A worker in an endless loop stops within a second" },
  { "/end/where-it-was", where_it_was, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "The error of a call that was stopped says where it was" },
  { "/end/several-stops", several_stops, .summary = "Stopping twice at once is no error" },
  { "/end/calls-at-stop", calls_at_stop,
    .summary = "At a stop every call ends, once" },
  { "/end/calls-at-kill", calls_at_kill, .needs = MALT_WORKER_CAPABILITY_KILL,
    .summary = "At a kill every call ends, once" },
  { "/end/calls-at-others-kill", calls_at_others_kill, .needs = MALT_WORKER_CAPABILITY_KILL,
    .summary = "At a kill by others every call ends, once" },
  { "/end/calls-at-crash", calls_at_crash, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "At a crash every call ends, once" },
  { "/end/calls-at-leave", calls_at_leave, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "When the worker leaves every call ends, once" },
  { "/end/blocking-call", blocking_call, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "At a crash a blocking call ends at once" },
  { "/end/dead", dead,
    .summary = "A stopped worker takes no calls" },
  { "/end/last-reference", last_reference,
    .summary = "Losing the last reference ends the worker" },
  { "/end/last-reference-in-call", last_reference_in_call,
    .summary = "Losing the last reference ends a call on its way once" },
  { "/end/descendants", descendants, .needs = MALT_WORKER_CAPABILITY_KILL,
    .summary = "A worker's descendants end with it" },
  { "/end/manager-dies", manager_dies, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "A busy worker ends with a manager that was killed" },
  { "/end/manager-leaves", manager_leaves, .needs = MALT_WORKER_CAPABILITY_ISOLATED,
    .summary = "A busy worker ends with a manager that leaves" },
  { NULL }
};

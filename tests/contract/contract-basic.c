/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <malt/malt-plugin.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
life (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GError) error = NULL;
  gboolean was_running = FALSE;

  g_assert_true (malt_abstract_worker_is_running (worker));
  g_assert_null (malt_abstract_worker_get_exit_report (worker));
  g_assert_cmpuint (contract_count_running (), ==, 1);

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             &was_running, &error);
  g_assert_no_error (error);
  g_assert_true (was_running);
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_cmpuint (contract_count_running (), ==, 0);
  g_assert_nonnull (malt_abstract_worker_get_exit_report (worker));

  g_assert_true (malt_abstract_worker_stop (worker, 0, 0, NULL, &was_running, &error));
  g_assert_no_error (error);
  g_assert_false (was_running);
}

static void
ping (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) first = contract_call (worker, "malt.ping",
                                              g_variant_new_parsed ("(%x, 'more')", (gint64) 42));
  g_autoptr (GVariant) nothing = contract_call (worker, "malt.ping", NULL);

  contract_assert_value (first, "int64 42");
  contract_assert_value (nothing, "()");
}

static void
evaluation (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) sum = contract_eval (worker, "return 1+1", NULL);
  g_autoptr (GVariant) bare = contract_eval (worker, "1+1", NULL);

  contract_assert_value (sum, "int64 2");
  contract_assert_value (bare, "int64 2");
}

static void
nothing (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "", "return", "return nil", "nil", "-- a comment", "local x = nil",
  };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      g_autoptr (GVariant) value = contract_eval (worker, expressions[i], NULL);

      contract_assert_value (value, "()");
    }
  g_assert_true (malt_abstract_worker_remote_eval_wait (worker, NULL, "return 1", NULL, NULL,
                                                        &error));
  g_assert_no_error (error);
  g_assert_true (malt_abstract_worker_remote_call_wait (worker, "malt.ping", NULL, NULL, NULL,
                                                        &error));
  g_assert_no_error (error);
}

static void
arguments (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *text = "x is in Stub ]] \" .. os.exit() -- \xc3\xa4";
  g_autoptr (GVariant) made = contract_eval (worker, "Stub = {}", NULL);
  g_autoptr (GVariant) put = contract_eval (worker, "Stub.x = ...", g_variant_new ("(s)", text));
  g_autoptr (GVariant) got = contract_eval (worker, "return Stub.x", NULL);
  g_autoptr (GVariant) many = contract_eval (worker, "return select ('#', ...), ...",
                                             g_variant_new_parsed ("(%x, 'b')", (gint64) 7));

  g_assert_cmpstr (g_variant_get_string (got, NULL), ==, text);
  contract_assert_value (many, "(int64 2, int64 7, 'b')");
}

static void
globals (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) set = contract_eval (worker, "x = 1 + 1", NULL);
  g_autoptr (GVariant) got = contract_eval (worker, "x", NULL);

  contract_assert_value (set, "int64 2");
  contract_assert_value (got, "int64 2");
}

static void
overlap (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) set = contract_eval (worker, "x = 2", NULL);
  ContractReply *slow = contract_send_eval (contract, worker,
                                            "repeat malt.sleep (0.01) until go; x = 900", NULL);
  ContractReply *quick = contract_send_eval (contract, worker, "return x", NULL);
  g_autoptr (GVariant) go = NULL;
  g_autoptr (GVariant) after = NULL;

  contract_wait (contract, quick);
  contract_assert_value (quick->value, "int64 2");
  go = contract_eval (worker, "go = true", NULL);
  g_assert_cmpuint (slow->n_ends, ==, 0);
  contract_wait (contract, slow);
  g_assert_no_error (slow->error);
  after = contract_eval (worker, "return x", NULL);
  contract_assert_value (after, "int64 900");
}

static void
fire_and_forget (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (worker, "function set (v) y = v end", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) got = NULL;
  guint n_pending;

  g_assert_true (malt_abstract_worker_remote_do (worker, "set",
                                                 g_variant_new ("(x)", (gint64) 400), NULL,
                                                 &error));
  g_assert_no_error (error);
  if (contract_has_option (contract->settings->backend, "n-pending"))
    {
      g_object_get (worker, "n-pending", &n_pending, NULL);
      g_assert_cmpuint (n_pending, ==, 0);
    }
  got = contract_eval (worker, "return y", NULL);
  contract_assert_value (got, "int64 400");
}

static guint
count_pending (MaltAbstractWorker *worker)
{
  guint n_pending;

  g_object_get (worker, "n-pending", &n_pending, NULL);
  return n_pending;
}

/* A value, an error, a cancellation, a time-out, a stop. */
static void
pending (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltCall) timed = malt_call_new_eval (NULL, "malt.sleep (100)", NULL);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  value = contract_eval (worker, "return 1", NULL);
  g_assert_cmpuint (count_pending (worker), ==, 0);
  error = contract_eval_error (worker, "error 'no'");
  g_assert_cmpuint (count_pending (worker), ==, 0);

  contract_send_eval (contract, worker, "malt.sleep (100)", cancellable);
  contract_send_eval (contract, worker, "malt.sleep (100)", cancellable);
  g_assert_cmpuint (count_pending (worker), ==, 2);
  malt_call_set_timeout (timed, 10);
  contract_send (contract, worker, g_object_ref (timed), NULL);
  g_cancellable_cancel (cancellable);
  contract_wait_all (contract);
  g_assert_cmpuint (count_pending (worker), ==, 0);

  contract_send_eval (contract, worker, "malt.sleep (100)", NULL);
  contract_stop (worker);
  contract_wait_all (contract);
  g_assert_cmpuint (count_pending (worker), ==, 0);
}

static void
pending_at_crash (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  contract_send_eval (contract, worker, "malt.sleep (100)", NULL);
  contract_send_call (contract, worker, "contract.leave", g_variant_new ("(i)", 1), NULL);
  contract_wait_all (contract);
  g_assert_cmpuint (count_pending (worker), ==, 0);
}

/* What a worker declares is so; cases that need what it does not declare are passed over. */
static void
capabilities (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  MaltWorkerCapabilities declared = malt_abstract_worker_get_capabilities (worker);
  g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
  g_autoptr (GError) of_interrupt = NULL;
  g_autoptr (GError) of_kill = NULL;

  g_assert_cmpint ((declared & MALT_WORKER_CAPABILITY_ISOLATED) != 0, ==,
                   g_variant_get_int32 (pid) != getpid ());
  malt_abstract_worker_interrupt (worker, &of_interrupt);
  g_assert_cmpint ((declared & MALT_WORKER_CAPABILITY_INTERRUPT) != 0, ==, of_interrupt == NULL);
  contract_assert_alive (worker);

  g_assert_cmpint (malt_abstract_worker_kill (worker, SIGTERM, &of_kill), ==, of_kill == NULL);
  g_assert_cmpint ((declared & MALT_WORKER_CAPABILITY_KILL) != 0, ==, of_kill == NULL);
  if (of_interrupt != NULL)
    g_assert_error (of_interrupt, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  if (of_kill != NULL)
    {
      g_assert_error (of_kill, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      contract_assert_alive (worker);
    }
}

static void
discard (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltCall) call = malt_call_new_eval (NULL, "return 7", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  malt_call_set_discard_result (call, TRUE);
  value = malt_abstract_worker_send (worker, call, NULL, &error);
  g_assert_no_error (error);
  contract_assert_value (value, "()");
}

/* A worker around another one is known by the name of that. */
static const char *
get_type_name (MaltAbstractWorker *worker)
{
  while (MALT_IS_FILTER_WORKER (worker))
    worker = malt_filter_worker_get_inner (MALT_FILTER_WORKER (worker));
  return G_OBJECT_TYPE_NAME (worker);
}

static void
describe (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autofree char *running = malt_abstract_worker_describe (worker);
  g_autofree char *ended = NULL;

  contract_assert_contains (running, get_type_name (worker));
  if ((contract->capabilities & MALT_WORKER_CAPABILITY_KILL) != 0)
    {
      g_autoptr (GVariant) pid = contract_call (worker, "contract.pid", NULL);
      g_autofree char *text = g_strdup_printf ("PID %d", g_variant_get_int32 (pid));

      contract_assert_contains (running, text);
    }
  contract_stop (worker);
  ended = malt_abstract_worker_describe (worker);
  g_assert_cmpstr (ended, ==, running);
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, gpointer balance)
{
  *(int *) balance += (int) added - (int) removed;
}

static void
running_workers (Contract *contract)
{
  g_autoptr (GListModel) workers = malt_list_running_workers ();
  int balance = 0;
  gulong handler = g_signal_connect (workers, "items-changed", G_CALLBACK (on_items_changed),
                                     &balance);
  MaltAbstractWorker *first = contract_start (contract, NULL);
  MaltAbstractWorker *second = contract_start (contract, NULL);
  g_autoptr (GObject) item = NULL;

  contract_iterate_for (contract, 0);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 2);
  g_assert_cmpint (balance, ==, 2);
  g_assert_true (g_type_is_a (g_list_model_get_item_type (workers), MALT_TYPE_ABSTRACT_WORKER));
  contract_stop (first);
  contract_iterate_for (contract, 0);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 1);
  item = g_list_model_get_item (workers, 0);
  g_assert_true (item == G_OBJECT (second));
  contract_stop (second);
  contract_iterate_for (contract, 0);
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 0);
  g_assert_cmpint (balance, ==, 0);
  g_signal_handler_disconnect (workers, handler);
}

static void
times (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltCall) call = malt_call_new ("malt.sleep", g_variant_new ("(d)", 0.05), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send (worker, call, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_cmpint (malt_call_get_run_time_us (call), >=, 50 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (malt_call_get_queue_time_us (call), >=, 0);
  contract_assert_time (contract, malt_call_get_queue_time_us (call), 1000);
}

const ContractCase contract_basic_cases[] = {
  { "/basic/life", life,
    .summary = "A worker runs at once, is listed, and stops; a second stop is none" },
  { "/basic/ping", ping, .summary = "A call answers its value" },
  { "/basic/evaluation", evaluation, .summary = "An evaluation answers its value" },
  { "/basic/nothing", nothing, .summary = "Nothing is the unit tuple" },
  { "/basic/arguments", arguments,
    .summary = "Values go as arguments, never as source" },
  { "/basic/globals", globals, .summary = "Globals persist" },
  { "/basic/overlap", overlap,
    .summary = "Evaluations overlap, and answers come in any order" },
  { "/basic/fire-and-forget", fire_and_forget,
    .summary = "A call that nobody waits for has its effect" },
  { "/basic/pending", pending, .summary = "No call is pending after its end",
    .option = "n-pending" },
  { "/basic/pending-at-crash", pending_at_crash, .summary = "No call is pending after a crash",
    .needs = MALT_WORKER_CAPABILITY_ISOLATED, .option = "n-pending" },
  { "/basic/discard", discard, .summary = "A discarded result is nothing" },
  { "/basic/describe", describe, .summary = "The description says which worker" },
  { "/basic/running-workers", running_workers,
    .summary = "The list of running workers is kept current" },
  { "/basic/capabilities", capabilities,
    .summary = "A worker does what it declares, and says so of what it cannot do" },
  { "/basic/times", times, .summary = "A call knows how long it waited and ran" },
  { NULL }
};

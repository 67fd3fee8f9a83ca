/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

/* A cancelled call ends for its caller without waiting for the worker. */
#define CANCEL_MSEC 500

static void
one_of_several (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ContractReply *first = contract_send_eval (contract, worker,
                                             "repeat malt.sleep (0.001) until go return 1", NULL);
  ContractReply *second = contract_send_eval (contract, worker, "malt.sleep (1e6)", cancellable);
  ContractReply *third = contract_send_eval (contract, worker,
                                             "repeat malt.sleep (0.001) until go return 3", NULL);
  g_autoptr (GVariant) go = NULL;

  contract_iterate_for (contract, 10);
  g_cancellable_cancel (cancellable);
  g_assert_cmpuint (second->n_ends, ==, 0);
  contract_wait (contract, second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (first->n_ends, ==, 0);
  go = contract_eval (worker, "go = true", NULL);
  contract_wait_all (contract);
  contract_assert_value (first->value, "int64 1");
  contract_assert_value (third->value, "int64 3");
}

/* A ContractCondition: "n" stands still. The cancellation and a call travel on connections of their
 * own, so that a call may be answered before the cancellation has arrived. */
static gboolean
is_over (gpointer worker)
{
  g_autoptr (GVariant) before = contract_eval (worker, "return n", NULL);
  g_autoptr (GVariant) after = contract_eval (worker, "malt.sleep (0.01) return n", NULL);

  return g_variant_equal (before, after);
}

static void
the_work (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = {
    "n = 0 while true do n = n + 1 end",
    "n = 0 while true do pcall (function () while true do n = n + 1 end end) end",
    "n = 0 while true do malt.sleep (0.001) n = n + 1 end",
  };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      ContractReply *reply = contract_send_eval (contract, worker, expressions[i], cancellable);
      gint64 start_us;

      contract_iterate_for (contract, 20);
      start_us = g_get_monotonic_time ();
      g_cancellable_cancel (cancellable);
      contract_wait (contract, reply);
      contract_assert_within (contract, start_us, CANCEL_MSEC);
      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_true (contract_wait_until (contract, is_over, worker, CANCEL_MSEC));
      contract_assert_within (contract, start_us, CANCEL_MSEC);
    }
}

static void
before_sending (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) seen = NULL;
  ContractReply *reply;

  g_cancellable_cancel (cancellable);
  reply = contract_send_eval (contract, worker, "seen = 1", cancellable);
  value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "seen = 2", NULL, cancellable,
                                                  &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  contract_wait (contract, reply);
  g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  seen = contract_eval (worker, "return seen == nil", NULL);
  contract_assert_value (seen, "true");
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (20 * 1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
blocking (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *expressions[] = { "while true do end", "malt.sleep (1e6)" };

  for (guint i = 0; i < G_N_ELEMENTS (expressions); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      gint64 start_us = g_get_monotonic_time ();
      GThread *thread = g_thread_new ("canceller", cancel_soon, cancellable);

      value = malt_abstract_worker_remote_eval_fetch (worker, NULL, expressions[i], NULL,
                                                      cancellable, &error);
      g_assert_null (value);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      contract_assert_within (contract, start_us, CANCEL_MSEC);
      g_thread_join (thread);
      contract_assert_alive (worker);
    }
}

static void
functions (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  const char *names[] = { "contract.spin", "contract.spin_threaded" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      ContractReply *reply = contract_send_call (contract, worker, names[i], NULL, cancellable);

      contract_iterate_for (contract, 10);
      g_cancellable_cancel (cancellable);
      contract_wait (contract, reply);
      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      contract_assert_alive (worker);
    }
}

/* A cancelled call may be over already; what it may not is end twice, or take another along. */
static void
race (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  guint n_cancelled = 0;

  for (guint i = 0; i < contract_times (1000); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      ContractReply *reply = contract_send_call (contract, worker, "malt.ping",
                                                 g_variant_new ("(u)", i), cancellable);
      ContractReply *other = contract_send_call (contract, worker, "malt.ping",
                                                 g_variant_new ("(u)", i), NULL);

      if (i % 2 == 0)
        contract_iterate_for (contract, 0);
      g_cancellable_cancel (cancellable);
      contract_wait (contract, other);
      g_assert_no_error (other->error);
      g_assert_cmpuint (g_variant_get_uint32 (other->value), ==, i);
      contract_wait (contract, reply);
      if (reply->error != NULL)
        g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      n_cancelled += reply->error != NULL;
    }
  g_test_message ("%u were cancelled", n_cancelled);
}

static void
many_at_once (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < 200; i++)
    contract_send_eval (contract, worker, "malt.sleep (1e6)", cancellable);
  contract_iterate_for (contract, 20);
  g_cancellable_cancel (cancellable);
  contract_wait_all (contract);
  for (guint i = 0; i < contract->replies->len; i++)
    {
      ContractReply *reply = contract->replies->pdata[i];

      g_assert_error (reply->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  contract_assert_alive (worker);
}

static void
after_the_end (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ContractReply *reply = contract_send_call (contract, worker, "malt.ping", NULL, cancellable);

  contract_wait (contract, reply);
  g_cancellable_cancel (cancellable);
  contract_iterate_for (contract, 5);
  g_assert_no_error (reply->error);
  contract_assert_alive (worker);
}

const ContractCase contract_cancel_cases[] = {
  { "/cancel/one-of-several", one_of_several, .summary = "Cancelling one call leaves the others" },
  { "/cancel/the-work", the_work, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "Cancelling ends the work, not only the wait" },
  { "/cancel/before-sending", before_sending, .summary = "A cancelled call is not sent" },
  { "/cancel/blocking", blocking, .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .loops = TRUE,
    .summary = "A blocking call is cancelled from another thread" },
  { "/cancel/functions", functions, .summary = "A function heeds its cancellable" },
  { "/cancel/race", race, .summary = "Cancelling what ends at that moment" },
  { "/cancel/many-at-once", many_at_once, .summary = "One cancellable of many calls" },
  { "/cancel/after-the-end", after_the_end, .summary = "Cancelling what has ended does nothing" },
  { NULL }
};

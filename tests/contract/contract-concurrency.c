/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <string.h>

#define N_THREADS 8

typedef struct
{
  MaltAbstractWorker *worker;
  gint64              number;
  guint               n_calls;
  gboolean            ends;    /* the worker will end meanwhile */
} Caller;

/* Runs in a thread of its own. */
static gpointer
call_blocking (gpointer user_data)
{
  Caller *caller = user_data;

  for (guint i = 0; i < caller->n_calls; i++)
    {
      gint64 n = caller->number << 32 | i;
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
        caller->worker, i % 4 == 0 ? "work" : "malt.ping", g_variant_new ("(x)", n), NULL, NULL,
        &error);

      if (caller->ends && error != NULL)
        {
          g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
          break;
        }
      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (value), ==, n);
    }
  return NULL;
}

static MaltAbstractWorker *
start_worker (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) defined = contract_eval (worker, "function work (n) return n end", NULL);

  return worker;
}

static void
start_callers (MaltAbstractWorker *worker,
               Caller              callers[N_THREADS],
               GThread            *threads[N_THREADS],
               guint               n_calls,
               gboolean            ends)
{
  for (guint i = 0; i < N_THREADS; i++)
    {
      callers[i] = (Caller) { worker, i, n_calls, ends };
      threads[i] = g_thread_new ("caller", call_blocking, &callers[i]);
    }
}

static void
join_all (GThread *threads[N_THREADS])
{
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

static void
blocking (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  Caller callers[N_THREADS];
  GThread *threads[N_THREADS];

  start_callers (worker, callers, threads, contract_times (2000), FALSE);
  join_all (threads);
  contract_assert_alive (worker);
}

static void
blocking_and_stopped (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  Caller callers[N_THREADS];
  GThread *threads[N_THREADS];

  start_callers (worker, callers, threads, G_MAXUINT, TRUE);
  contract_iterate_for (contract, 50);
  contract_stop (worker);
  join_all (threads);
}

/* A thread with a main context of its own. */
typedef struct
{
  MaltAbstractWorker *worker;
  GThread            *thread;
  GMainContext       *context;
  guint               n_sent;
  guint               n_calls;
  guint               n_ended;
} Looper;

static void on_looped (GObject *source, GAsyncResult *result, gpointer user_data);

static void
send_next (Looper *looper)
{
  malt_abstract_worker_remote_call_async (looper->worker, looper->n_sent % 4 == 0 ? "work"
                                                                                  : "malt.ping",
                                          g_variant_new ("(x)", (gint64) looper->n_sent), NULL,
                                          NULL, on_looped, looper);
  looper->n_sent++;
}

static void
on_looped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Looper *looper = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, looper->n_ended);
  g_assert_true (g_thread_self () == looper->thread);
  g_assert_true (g_main_context_is_owner (looper->context));
  looper->n_ended++;
  if (looper->n_sent < looper->n_calls)
    send_next (looper);
}

/* Runs in a thread of its own: a window of calls, in an own main context. */
static gpointer
loop (gpointer user_data)
{
  Looper *looper = user_data;

  looper->thread = g_thread_self ();
  looper->context = g_main_context_new ();
  g_main_context_push_thread_default (looper->context);
  for (guint i = 0; i < 32; i++)
    send_next (looper);
  while (looper->n_ended < looper->n_calls)
    g_main_context_iteration (looper->context, TRUE);
  g_main_context_pop_thread_default (looper->context);
  g_main_context_unref (looper->context);
  return NULL;
}

static void
two_contexts (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  Looper loopers[2];
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    {
      loopers[i] = (Looper) { .worker = worker, .n_calls = MAX (contract_times (5000), 32) };
      threads[i] = g_thread_new ("looper", loop, &loopers[i]);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  contract_assert_alive (worker);
}

static void
mixed (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  g_autofree guint8 *bytes = g_malloc0 (1 << 20);
  g_autoptr (GVariant) large = g_variant_ref_sink (
    g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 1 << 20, 1));
  Looper looper = { .worker = worker, .n_calls = MAX (contract_times (5000), 32) };
  Caller callers[N_THREADS];
  GThread *threads[N_THREADS];
  GThread *looping = g_thread_new ("looper", loop, &looper);

  start_callers (worker, callers, threads, contract_times (500), FALSE);
  for (guint i = 0; i < 20; i++)
    {
      contract_send_call (contract, worker, "malt.ping", g_variant_new_tuple (&large, 1), NULL);
      contract_send_eval (contract, worker, "malt.sleep (0.01) return 1", NULL);
      contract_assert_alive (worker);
    }
  contract_wait_all (contract);
  g_thread_join (looping);
  join_all (threads);
  for (guint i = 0; i < contract->replies->len; i++)
    g_assert_no_error (((ContractReply *) contract->replies->pdata[i])->error);
}

/* Blocking calls read answers that are not theirs: those wait for their own context. */
static void
others_answers (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  ContractReply *replies[100];

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    replies[i] = contract_send_call (contract, worker, "work",
                                     g_variant_new ("(x)", (gint64) i), NULL);
  for (guint i = 0; i < 20; i++)
    contract_assert_alive (worker);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    g_assert_cmpuint (replies[i]->n_ends, ==, 0);
  contract_wait_all (contract);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    g_assert_cmpint (g_variant_get_int64 (replies[i]->value), ==, i);
}

static void
on_outer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  contract_assert_alive (MALT_ABSTRACT_WORKER (source));
  ++*(guint *) user_data;
}

static void
inside_callback (Contract *contract)
{
  MaltAbstractWorker *worker = start_worker (contract);
  guint n_ended = 0;

  for (guint i = 0; i < 100; i++)
    malt_abstract_worker_remote_call_async (worker, "malt.ping", NULL, NULL, NULL, on_outer,
                                            &n_ended);
  while (n_ended < 100)
    g_main_context_iteration (contract->context, TRUE);
}

typedef struct
{
  MaltAbstractWorker *workers[2];
  guint               n_sent;
  guint               n_ended;
  guint               n_calls;
} Turns;

static void on_turn (GObject *source, GAsyncResult *result, gpointer user_data);

static void
take_turn (Turns *turns)
{
  malt_abstract_worker_remote_call_async (turns->workers[turns->n_sent % 2], "malt.ping",
                                          g_variant_new ("(u)", turns->n_sent), NULL, NULL, on_turn,
                                          turns);
  turns->n_sent++;
}

static void
on_turn (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Turns *turns = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  g_assert_true (turns->workers[g_variant_get_uint32 (value) % 2] == (gpointer) source);
  turns->n_ended++;
  if (turns->n_sent < turns->n_calls)
    take_turn (turns);
}

static void
workers_in_turns (Contract *contract)
{
  Turns turns = { .workers = { start_worker (contract), start_worker (contract) } };

  for (guint window = 1; window <= 64; window *= 4)
    {
      turns.n_calls = turns.n_sent + contract_times (1000);
      for (guint i = 0; i < window; i++)
        take_turn (&turns);
      while (turns.n_ended < turns.n_sent)
        g_main_context_iteration (contract->context, TRUE);
    }
}

static void
wait_inside (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Turns *turns = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  take_turn (turns);
  take_turn (turns);
  while (turns->n_ended < turns->n_sent)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
}

static void
workers_inside_callback (Contract *contract)
{
  Turns turns = { .workers = { start_worker (contract), start_worker (contract) } };

  for (guint i = 2; i <= 20; i += 2)
    {
      malt_abstract_worker_remote_call_async (turns.workers[0], "malt.ping", NULL, NULL, NULL,
                                              wait_inside, &turns);
      while (turns.n_ended < i)
        g_main_context_iteration (contract->context, TRUE);
    }
}

static gpointer
start_call_stop (gpointer user_data)
{
  Contract *contract = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker_with_options (
    contract->settings->backend, contract_options (contract, NULL), NULL, &error);

  g_assert_no_error (error);
  contract_assert_alive (worker);
  contract_stop (worker);
  return NULL;
}

static void
workers_of_threads (Contract *contract)
{
  GThread *threads[N_THREADS];

  for (guint i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("starter", start_call_stop, contract);
  join_all (threads);
}

const ContractCase contract_concurrency_cases[] = {
  { "/concurrency/blocking", blocking, .summary = "Eight threads call one worker" },
  { "/concurrency/blocking-and-stopped", blocking_and_stopped,
    .summary = "A worker is stopped while eight threads call it" },
  { "/concurrency/two-contexts", two_contexts,
    .summary = "Answers arrive in the main context that called, as the worker gave them" },
  { "/concurrency/mixed", mixed,
    .summary = "Blocking, asynchronous, small, large, slow and quick at the same time" },
  { "/concurrency/others-answers", others_answers,
    .summary = "A blocking call runs no callback of others" },
  { "/concurrency/inside-callback", inside_callback,
    .summary = "A callback may make blocking calls" },
  { "/concurrency/workers-in-turns", workers_in_turns,
    .summary = "The callback of one worker's answer calls another worker" },
  { "/concurrency/workers-inside-callback", workers_inside_callback,
    .summary = "A callback may wait for calls of several workers" },
  { "/concurrency/workers-of-threads", workers_of_threads,
    .summary = "Threads have workers of their own" },
  { NULL }
};

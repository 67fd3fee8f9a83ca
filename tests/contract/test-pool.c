/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pool-fixture.h"

#include <signal.h>

/* Calls through a pool of processes: what becomes of them. */

static void
test_calls (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (pool)), ==, 2);
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (pool_eval_int (pool, "6 * 7"), ==, 42);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-calls"), ==, 20);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (pool_get_uint (pool, "n-pending"), ==, 0);
  pool_stop (pool);
}

static void
test_crash (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  PoolReplies good = { 0 };
  PoolReplies bad = { 0 };

  g_test_summary ("A call that ends its worker fails, and no other");
  for (guint i = 0; i < 30; i++)
    malt_abstract_worker_remote_eval_async (worker, NULL,
                                            i % 10 == 5 ? "import 'contract'.leave (3)" : "1 + 1",
                                            NULL, NULL, pool_on_reply, i % 10 == 5 ? &bad : &good);
  pool_wait_until (good.n_ended + bad.n_ended == 30);
  g_assert_no_error (good.error);
  g_assert_cmpuint (bad.n_failed, ==, 3);
  g_assert_error (bad.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_error_get_exit_report (bad.error));
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (bad.error)), ==,
                   3);
  pool_poll_until (pool_get_uint64 (pool, "n-restarts") == 3
                   && g_list_model_get_n_items (G_LIST_MODEL (pool)) == 2);
  g_error_free (bad.error);
  pool_stop (pool);
}

static void
test_queue_limit (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 1, 'max-queue': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PoolReplies busy = { 0 };
  PoolReplies queued = { 0 };
  PoolReplies refused = { 0 };

  g_test_summary ("What is queued can be cancelled, and what does not fit is refused");
  malt_abstract_worker_remote_eval_async (worker, NULL, "malt.sleep (600)", NULL, NULL,
                                          pool_on_reply, &busy);
  g_assert_cmpuint (pool_get_uint (pool, "n-pending"), ==, 1);
  malt_abstract_worker_remote_eval_async (worker, NULL, "1", NULL, cancellable,
                                          pool_on_reply, &queued);
  malt_abstract_worker_remote_eval_async (worker, NULL, "2", NULL, cancellable,
                                          pool_on_reply, &queued);
  malt_abstract_worker_remote_eval_async (worker, NULL, "3", NULL, NULL, pool_on_reply, &refused);
  pool_wait_until (refused.n_ended == 1);
  g_assert_error (refused.error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_assert_cmpuint (queued.n_ended, ==, 0);
  g_cancellable_cancel (cancellable);
  pool_wait_until (queued.n_ended == 2);
  g_assert_error (queued.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (busy.n_ended, ==, 0);
  malt_abstract_worker_interrupt (worker, NULL);
  pool_wait_until (busy.n_ended == 1);
  g_assert_error (busy.error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_clear_error (&busy.error);
  g_clear_error (&queued.error);
  g_clear_error (&refused.error);
  pool_stop (pool);
}

static void
test_stop_ends_calls (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 1}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };

  for (guint i = 0; i < 3; i++)
    malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL,
                                            pool_on_reply, &replies);
  malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  pool_wait_until (replies.n_ended == 3);
  g_assert_error (replies.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpuint (replies.n_failed, ==, 3);
  g_clear_error (&replies.error);
  error = pool_eval_error (pool, "1");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  pool_stop (pool);
}

typedef struct
{
  MaltPool *pool;
  guint     n_calls;
} Caller;

static gpointer
call_in_thread (gpointer user_data)
{
  Caller *caller = user_data;

  for (guint i = 0; i < caller->n_calls; i++)
    g_assert_cmpint (pool_eval_int (caller->pool, "42"), ==, 42);

  return NULL;
}

static void
test_threads (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2, 'max-calls-per-worker': 40}");
  Caller caller = { pool, 200 / malt_test_get_slowness () + 1 };
  GThread *threads[4];

  g_test_summary ("Blocking calls of many threads, and workers that are replaced all the time");
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_in_thread, &caller);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-calls"), ==, 4 * caller.n_calls);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
}

/* Operations on a channel have to reach the worker it lives in. */
static void
test_channels (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (MaltChannel) channel = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  channel = malt_abstract_worker_worker_channel (MALT_ABSTRACT_WORKER (pool),
                                                 "return malt.channel (1)", NULL, &error);
  g_assert_null (channel);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  worker = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  channel = malt_abstract_worker_worker_channel (worker, "return malt.channel (1)", NULL, &error);
  g_assert_no_error (error);
  malt_channel_put (channel, g_variant_new_int64 (5), NULL, &error);
  g_assert_no_error (error);
  value = malt_channel_take (channel, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 5);

  g_clear_object (&channel);
  pool_stop (pool);
}

static void
test_kill (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };

  malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL,
                                          pool_on_reply, &replies);
  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_no_error (error);
  pool_wait_until (replies.n_ended == 1 && !malt_abstract_worker_is_running (worker));
  g_assert_error (replies.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_KILLED);
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&replies.error);
  pool_stop (pool);
}

int
main (int   argc,
      char *argv[])
{
  pool_test_init (&argc, &argv);

  g_test_add_func ("/malt/pool/calls", test_calls);
  g_test_add_func ("/malt/pool/crash", test_crash);
  g_test_add_func ("/malt/pool/queue-limit", test_queue_limit);
  g_test_add_func ("/malt/pool/stop-ends-calls", test_stop_ends_calls);
  g_test_add_func ("/malt/pool/threads", test_threads);
  g_test_add_func ("/malt/pool/channels", test_channels);
  g_test_add_func ("/malt/pool/kill", test_kill);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

#include <sys/mman.h>

/* Which worker a call gets, and what becomes of those that wait or have just been placed. */

static void
on_ordered_reply (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GArray *order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);
  gint64 number;

  g_assert_no_error (error);
  number = g_variant_get_int64 (value);
  g_array_append_val (order, number);
}

static void
test_ended_unseen (void)
{
  g_autoptr (GArray) order = g_array_new (FALSE, FALSE, sizeof (gint64));
  MaltPool *pool;

  g_test_summary ("What was placed in a worker that is gone goes to another, in order");
  pool = scripted_pool_start ("{'size': 1, 'max-in-flight': 4}");
  malt_scripted_worker_exit (0, 4, FALSE);
  g_assert_true (pool_echo (pool, "echo", 1, NULL));

  malt_scripted_worker_exit (0, 4, FALSE);
  for (gint64 i = 0; i < 10; i++)
    malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (pool), "echo",
                                            g_variant_new ("(x)", i), NULL, NULL, on_ordered_reply,
                                            order);
  pool_poll_until (order->len == 10);
  for (gint64 i = 0; i < 10; i++)
    g_assert_cmpint (g_array_index (order, gint64, i), ==, i);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 2);
  pool_stop (pool);
}

static void
test_ended_with_calls (void)
{
  PoolReplies lost = { 0 };
  PoolReplies kept = { 0 };
  MaltPool *pool;

  g_test_summary ("A worker takes the calls that it was sent along, and no others");
  pool = scripted_pool_start ("{'size': 1, 'max-in-flight': 2}");
  pool_echo_async (pool, "hold", 1, NULL, &lost);
  pool_echo_async (pool, "hold", 2, NULL, &lost);
  for (gint64 i = 0; i < 5; i++)
    pool_echo_async (pool, "echo", i, NULL, &kept);
  pool_poll_until (malt_script_count_waiting () == 2);
  malt_scripted_worker_exit (0, 4, TRUE);
  pool_poll_until (lost.n_ended == 2 && kept.n_ended == 5);
  g_assert_cmpuint (lost.n_failed, ==, 2);
  g_assert_error (lost.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (lost.error)), ==,
                   4);
  g_assert_no_error (kept.error);
  g_clear_error (&lost.error);
  pool_stop (pool);
}

static void
test_queue_limit (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  PoolReplies held = { 0 };
  PoolReplies refused = { 0 };
  ScriptedCaller caller;
  MaltPool *pool;

  g_test_summary ("A blocking call waits like others, and is refused and cancelled like others");
  pool = scripted_pool_start ("{'size': 1, 'max-queue': 1}");
  pool_echo_async (pool, "hold", 1, NULL, &held);
  pool_poll_until (malt_script_count_waiting () == 1);
  scripted_caller_start (&caller, pool, "echo", cancellable);
  pool_poll_until (pool_get_uint (pool, "n-queued") == 1);
  g_assert_false (pool_echo (pool, "echo", 2, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  pool_echo_async (pool, "echo", 3, NULL, &refused);
  pool_poll_until (refused.n_ended == 1);
  g_assert_error (refused.error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_false (malt_abstract_worker_remote_do (MALT_ABSTRACT_WORKER (pool), "echo", NULL, NULL,
                                                  &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);

  g_cancellable_cancel (cancellable);
  scripted_caller_join (&caller);
  g_assert_error (caller.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&caller.error);
  g_cancellable_reset (cancellable);

  /* Room again, and what a map has under way does not count. */
  malt_script_release ();
  g_clear_error (&error);
  results = malt_pool_map (pool, "echo", g_variant_new_parsed ("[(1,), (2,), (3,), (4,)]"), NULL,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (results), ==, 4);
  pool_poll_until (held.n_ended == 1);
  g_clear_error (&refused.error);
  pool_stop (pool);
}

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  ScriptedCaller caller;
  PoolReplies replies = { 0 };
  MaltPool *pool;

  g_test_summary ("What is cancelled before it begins is never sent");
  pool = scripted_pool_start ("{'size': 1}");
  g_cancellable_cancel (cancellable);
  pool_echo_async (pool, "echo", 1, cancellable, &replies);
  scripted_caller_start (&caller, pool, "echo", cancellable);
  scripted_caller_join (&caller);
  pool_poll_until (replies.n_ended == 1);
  g_assert_error (replies.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_error (caller.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 0);
  g_clear_error (&replies.error);
  g_clear_error (&caller.error);
  pool_stop (pool);
}

#define MAX_INPUTS G_MAXINT

static void
test_too_many_inputs (void)
{
  const gsize size = (gsize) MAX_INPUTS + 1;
  g_autoptr (GVariant) inputs = NULL;
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  MaltPool *pool;
  gpointer data = mmap (NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  g_assert_true (data != MAP_FAILED);
  pool = scripted_pool_start ("{'size': 1}");
  inputs = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE ("a()"), data, size, TRUE,
                                                        NULL, NULL));
  g_assert_cmpuint (g_variant_n_children (inputs), ==, size);
  results = malt_pool_map (pool, "echo", inputs, NULL, &error);
  g_assert_null (results);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_clear_pointer (&inputs, g_variant_unref);
  munmap (data, size);
  pool_stop (pool);
}

#define N_CALLS_A_THREAD 200

typedef struct
{
  MaltPool *pool;
  int      *n_running; /* atomic; threads */
  guint     n_answered;
  guint     n_lost;
} Stress;

static gpointer
call_many (gpointer user_data)
{
  Stress *stress = user_data;

  for (gint64 i = 0; i < N_CALLS_A_THREAD; i++)
    {
      g_autoptr (GError) error = NULL;

      if (pool_echo (stress->pool, "echo", i, &error))
        stress->n_answered++;
      else
        {
          g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
          stress->n_lost++;
        }
    }
  g_atomic_int_add (stress->n_running, -1);

  return NULL;
}

static void
test_ends_all_the_time (void)
{
  Stress stresses[4] = { 0 };
  GThread *threads[G_N_ELEMENTS (stresses)];
  int n_running = G_N_ELEMENTS (stresses);
  guint n_lost = 0;
  MaltPool *pool;

  g_test_summary ("Workers end at any moment: each call is answered, or lost with its worker");
  pool = scripted_pool_start ("{'size': 3, 'max-in-flight': 2}");
  for (guint i = 0; i < G_N_ELEMENTS (stresses); i++)
    {
      stresses[i] = (Stress) { .pool = pool, .n_running = &n_running };
      threads[i] = g_thread_new ("caller", call_many, &stresses[i]);
    }
  for (gboolean is_told = FALSE; g_atomic_int_get (&n_running) > 0; is_told = !is_told)
    {
      guint n_calls = malt_script_count (MALT_SCRIPT_CALL);

      malt_scripted_worker_exit (0, 1, is_told);
      /* Some get through. */
      pool_poll_until (malt_script_count (MALT_SCRIPT_CALL) > n_calls + 5
                       || g_atomic_int_get (&n_running) == 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (stresses); i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (stresses[i].n_answered + stresses[i].n_lost, ==, N_CALLS_A_THREAD);
      n_lost += stresses[i].n_lost;
    }
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, n_lost);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-calls"), ==,
                    G_N_ELEMENTS (stresses) * N_CALLS_A_THREAD);
  g_assert_cmpuint (pool_get_uint (pool, "n-pending"), ==, 0);
  pool_stop (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-placement/ended-unseen", test_ended_unseen);
  g_test_add_func ("/malt/pool-placement/ended-with-calls", test_ended_with_calls);
  g_test_add_func ("/malt/pool-placement/queue-limit", test_queue_limit);
  g_test_add_func ("/malt/pool-placement/cancelled-before", test_cancelled_before);
  g_test_add_func ("/malt/pool-placement/too-many-inputs", test_too_many_inputs);
  g_test_add_func ("/malt/pool-placement/ends-all-the-time", test_ends_all_the_time);

  return g_test_run ();
}

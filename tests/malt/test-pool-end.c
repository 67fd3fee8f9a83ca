/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

/* How pools end: drained, stopped, killed, or let go of, with calls under way. */

typedef struct
{
  GError  *error;
  gboolean was_running;
  gboolean is_over;
} Outcome;

static void
on_drained (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Outcome *outcome = user_data;

  malt_pool_drain_finish (MALT_POOL (source), result, &outcome->error);
  outcome->is_over = TRUE;
}

static void
test_drain_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };
  Outcome first = { 0 };
  Outcome second = { 0 };
  MaltPool *pool;

  g_test_summary ("Who does not wait any more is told; the pool is drained all the same");
  pool = scripted_pool_start ("{'size': 1}");
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_echo_async (pool, "echo", 2, NULL, &replies);
  pool_poll_until (malt_script_count_waiting () == 1);
  malt_pool_drain_async (pool, cancellable, on_drained, &first);
  malt_pool_drain_async (pool, NULL, on_drained, &second);
  g_cancellable_cancel (cancellable);
  pool_poll_until (first.is_over);
  g_assert_error (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (second.is_over);
  g_assert_false (pool_echo (pool, "echo", 3, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  malt_script_release ();
  pool_poll_until (second.is_over && replies.n_ended == 2);
  g_assert_no_error (second.error);
  g_assert_no_error (replies.error);
  g_clear_error (&first.error);
  pool_stop (pool);
}

static void
test_drain_map (void)
{
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GVariant) none = NULL;
  g_autoptr (GError) error = NULL;
  Outcome drain = { 0 };
  MaltPool *pool;

  g_test_summary ("A map that has begun is finished, and no other begins");
  pool = scripted_pool_start ("{'size': 2}");
  malt_pool_map_async (pool, "hold", pool_new_numbers (20), NULL, pool_on_mapped, &results);
  malt_pool_drain_async (pool, NULL, on_drained, &drain);
  none = malt_pool_map (pool, "echo", pool_new_numbers (1), NULL, &error);
  g_assert_null (none);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  while (!drain.is_over)
    {
      g_main_context_iteration (NULL, FALSE);
      malt_script_release ();
    }
  g_assert_no_error (drain.error);
  pool_poll_until (results != NULL);
  g_assert_cmpuint (g_variant_n_children (results), ==, 20);
  pool_stop (pool);
}

static void
test_drain_crash (void)
{
  PoolReplies replies = { 0 };
  Outcome drain = { 0 };
  Outcome late = { 0 };
  MaltPool *pool;

  g_test_summary ("The last calls are over when their workers are, and then so is the drain");
  pool = scripted_pool_start ("{'size': 2}");
  for (guint i = 0; i < 4; i++)
    malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (pool), "exit", NULL, NULL, NULL,
                                            pool_on_reply, &replies);
  malt_pool_drain_async (pool, NULL, on_drained, &drain);
  pool_poll_until (drain.is_over);
  g_assert_no_error (drain.error);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 4);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-calls"), ==, 4);
  pool_poll_until (replies.n_ended == 4);
  g_assert_cmpuint (replies.n_failed, ==, 4);
  g_clear_error (&replies.error);

  g_object_ref (pool);
  pool_stop (pool);
  malt_pool_drain_async (pool, NULL, on_drained, &late);
  pool_poll_until (late.is_over);
  g_assert_error (late.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&late.error);
  g_object_unref (pool);
}

static void
test_drain_unstarted (void)
{
  g_autoptr (MaltPool) pool = pool_new ("scripted", NULL, "{}");
  Outcome drain = { 0 };

  malt_pool_drain_async (pool, NULL, on_drained, &drain);
  pool_poll_until (drain.is_over);
  g_assert_error (drain.error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&drain.error);
}

static void
test_drain_blocked (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PoolReplies replies = { 0 };
  Outcome drain = { 0 };
  ScriptedCaller caller;
  MaltPool *pool;

  g_test_summary ("A blocking call that waits is waited for, until it does not wait any more");
  pool = scripted_pool_start ("{'size': 1}");
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_poll_until (malt_script_count_waiting () == 1);
  scripted_caller_start (&caller, pool, "hold", cancellable);
  pool_poll_until (pool_get_uint (pool, "n-queued") == 1);
  malt_pool_drain_async (pool, NULL, on_drained, &drain);
  malt_script_release ();
  pool_poll_until (malt_script_count_waiting () == 1);
  g_assert_false (drain.is_over);
  g_cancellable_cancel (cancellable);
  scripted_caller_join (&caller);
  g_assert_error (caller.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  pool_poll_until (drain.is_over && replies.n_ended == 1);
  g_assert_no_error (drain.error);
  g_clear_error (&caller.error);
  pool_stop (pool);
}

static gpointer
call_until_error (gpointer user_data)
{
  GError *error = NULL;

  while (pool_echo (user_data, "echo", 1, &error))
    {
    }

  return error;
}

static void
test_stop_under_way (void)
{
  g_test_summary ("Whatever a blocking call is about to do when the pool ends, it comes back");
  for (guint i = 0; i < 20; i++)
    {
      MaltPool *pool = scripted_pool_start ("{'size': 2}");
      GThread *threads[4];

      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        threads[j] = g_thread_new ("caller", call_until_error, pool);
      pool_poll_until (malt_script_count (MALT_SCRIPT_CALL) > 20);
      g_object_ref (pool);
      pool_stop (pool);
      for (guint j = 0; j < G_N_ELEMENTS (threads); j++)
        {
          g_autoptr (GError) error = g_thread_join (threads[j]);

          g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
        }
      g_object_unref (pool);
    }
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Outcome *outcome = user_data;

  malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, &outcome->was_running,
                                    &outcome->error);
  outcome->is_over = TRUE;
}

static void
test_stop_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PoolReplies replies = { 0 };
  Outcome first = { 0 };
  Outcome second = { 0 };
  Outcome drain = { 0 };
  MaltPool *pool;

  g_test_summary ("Who does not wait any more is told; the pool stops all the same");
  pool = scripted_pool_start ("{'size': 2}");
  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_IS_DEAF);
  malt_abstract_worker_stop_async (MALT_ABSTRACT_WORKER (pool), 0, 0, cancellable, on_stopped,
                                   &first);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_cancellable_cancel (cancellable);
  pool_poll_until (first.is_over);
  g_assert_error (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  /* What comes now waits for nothing but the end. */
  pool_echo_async (pool, "echo", 1, NULL, &replies);
  malt_pool_drain_async (pool, NULL, on_drained, &drain);
  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_GOES_WELL);
  malt_abstract_worker_stop_async (MALT_ABSTRACT_WORKER (pool), 0, 0, NULL, on_stopped, &second);
  pool_poll_until (second.is_over && drain.is_over && replies.n_ended == 1);
  g_assert_no_error (second.error);
  g_assert_true (second.was_running);
  g_assert_error (drain.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_error (replies.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 0);
  g_clear_error (&first.error);
  g_clear_error (&drain.error);
  g_clear_error (&replies.error);
  pool_stop (pool);
}

static void
test_stop_fails (void)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool;

  g_test_summary ("Workers that do not die are the error of the stop, and may be stopped again");
  pool = scripted_pool_start ("{'size': 2}");
  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_FAILS);
  g_assert_false (malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (pool), 0, 0, NULL, NULL,
                                             &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_true (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (pool)));
  malt_script_set (MALT_SCRIPT_STOP, MALT_SCRIPT_GOES_WELL);
  pool_stop (pool);
}

/* Another thread may look at it at the moment. */
static gboolean
is_gone (GWeakRef *weak)
{
  g_autoptr (GObject) pool = g_weak_ref_get (weak);

  return pool == NULL;
}

static guint
count_workers (void)
{
  g_autoptr (GListModel) workers = malt_list_running_workers ();

  return g_list_model_get_n_items (workers);
}

static void
test_dropped_with_calls (void)
{
  PoolReplies replies = { 0 };
  GWeakRef weak;
  MaltPool *pool;

  g_test_summary ("Calls keep the pool that they were made of, posts do not");
  pool = scripted_pool_start ("{'size': 3}");
  g_weak_ref_init (&weak, pool);
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_echo_async (pool, "hold", 2, NULL, &replies);
  malt_abstract_worker_remote_do (MALT_ABSTRACT_WORKER (pool), "hold", NULL, NULL, NULL);
  g_object_unref (pool);
  pool_poll_until (malt_script_count_waiting () == 3);
  g_assert_cmpuint (replies.n_ended, ==, 0);
  malt_script_release ();
  pool_poll_until (replies.n_ended == 2 && is_gone (&weak) && count_workers () == 0);
  g_assert_no_error (replies.error);

  /* A post alone does not. */
  pool = scripted_pool_start ("{'size': 1}");
  g_weak_ref_set (&weak, pool);
  malt_abstract_worker_remote_do (MALT_ABSTRACT_WORKER (pool), "hold", NULL, NULL, NULL);
  pool_poll_until (malt_script_count_waiting () == 1);
  g_object_unref (pool);
  pool_poll_until (is_gone (&weak) && count_workers () == 0);
  pool_poll_until (malt_script_count_waiting () == 0);
  g_weak_ref_clear (&weak);
}

typedef struct
{
  MaltPool *pool;  /* owned */
  gboolean  is_over;
} Holder;

static void
drop_on_reply (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Holder *holder = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  g_assert_no_error (error);
  g_clear_object (&holder->pool);
  holder->is_over = TRUE;
}

static void
test_dropped_in_callback (void)
{
  Holder holder = { 0 };
  GWeakRef weak;

  holder.pool = scripted_pool_start ("{'size': 2}");
  g_weak_ref_init (&weak, holder.pool);
  malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (holder.pool), "echo", NULL, NULL,
                                          NULL, drop_on_reply, &holder);
  pool_poll_until (holder.is_over && is_gone (&weak) && count_workers () == 0);
  g_weak_ref_clear (&weak);
}

static gboolean
drop_on_result (MaltPool     *pool,
                guint         index,
                GVariant     *value,
                const GError *error,
                gpointer      user_data)
{
  Holder *holder = user_data;

  g_assert_no_error (error);
  g_clear_object (&holder->pool);
  g_assert_true (MALT_IS_POOL (pool));
  return TRUE;
}

static void
on_each_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Holder *holder = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_pool_map_each_finish (MALT_POOL (source), result, &error));
  g_assert_no_error (error);
  holder->is_over = TRUE;
}

static void
test_dropped_in_map (void)
{
  Holder holder = { 0 };
  GWeakRef weak;

  g_test_summary ("A map goes on for a pool that nobody else holds, to its end");
  holder.pool = scripted_pool_start ("{'size': 2}");
  g_weak_ref_init (&weak, holder.pool);
  malt_pool_map_each_async (holder.pool, "echo", pool_new_numbers (50), drop_on_result, &holder,
                            NULL, NULL, on_each_over, &holder);
  pool_poll_until (holder.is_over && is_gone (&weak) && count_workers () == 0);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 50);
  g_weak_ref_clear (&weak);
}

static gpointer
drop_in_thread (gpointer user_data)
{
  g_object_unref (user_data);

  return NULL;
}

static void
test_dropped_in_thread (void)
{
  PoolReplies replies = { 0 };
  ScriptedCaller caller;
  GWeakRef weak;
  MaltPool *pool;

  g_test_summary ("The last reference may go in any thread, with calls of others under way");
  pool = scripted_pool_start ("{'size': 2}");
  g_weak_ref_init (&weak, pool);
  scripted_caller_start (&caller, pool, "hold", NULL);
  pool_echo_async (pool, "hold", 1, NULL, &replies);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_thread_join (g_thread_new ("drop", drop_in_thread, pool));
  malt_script_release ();
  scripted_caller_join (&caller);
  g_assert_no_error (caller.error);
  pool_poll_until (replies.n_ended == 1 && is_gone (&weak) && count_workers () == 0);
  g_assert_no_error (replies.error);

  pool = scripted_pool_start ("{'size': 2}");
  g_thread_join (g_thread_new ("drop", drop_in_thread, pool));
  pool_poll_until (count_workers () == 0);
  g_weak_ref_clear (&weak);
}

static void
count_freed (gpointer n_freed)
{
  g_atomic_int_inc ((int *) n_freed);
}

static void
test_dropped_leaves_nothing (void)
{
  static const guint64 no_options = 0;
  int n_freed = 0;

  g_test_summary ("What a pool has is let go of, whether it was stopped before or not");
  malt_script_reset ();
  for (int n_pools = 1; n_pools <= 2; n_pools++)
    {
      g_autoptr (GError) error = NULL;
      GVariant *options = g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, &no_options, 0, TRUE,
                                                   count_freed, &n_freed);
      MaltPool *pool = g_initable_new (MALT_TYPE_POOL, NULL, &error, "profile", "scripted",
                                       "options", options, "size", 1, NULL);

      g_assert_no_error (error);
      if (n_pools == 2)
        pool_stop (pool);
      else
        g_object_unref (pool);
      pool_poll_until (g_atomic_int_get (&n_freed) == n_pools);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-end/drain-cancelled", test_drain_cancelled);
  g_test_add_func ("/malt/pool-end/drain-map", test_drain_map);
  g_test_add_func ("/malt/pool-end/drain-crash", test_drain_crash);
  g_test_add_func ("/malt/pool-end/drain-unstarted", test_drain_unstarted);
  g_test_add_func ("/malt/pool-end/drain-blocked", test_drain_blocked);
  g_test_add_func ("/malt/pool-end/stop-cancelled", test_stop_cancelled);
  g_test_add_func ("/malt/pool-end/stop-under-way", test_stop_under_way);
  g_test_add_func ("/malt/pool-end/stop-fails", test_stop_fails);
  g_test_add_func ("/malt/pool-end/dropped-with-calls", test_dropped_with_calls);
  g_test_add_func ("/malt/pool-end/dropped-in-callback", test_dropped_in_callback);
  g_test_add_func ("/malt/pool-end/dropped-in-map", test_dropped_in_map);
  g_test_add_func ("/malt/pool-end/dropped-in-thread", test_dropped_in_thread);
  g_test_add_func ("/malt/pool-end/dropped-leaves-nothing", test_dropped_leaves_nothing);

  return g_test_run ();
}

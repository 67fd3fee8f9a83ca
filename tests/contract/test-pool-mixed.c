/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pool-fixture.h"

#include <signal.h>

/* Pools of workers in this process, and pools used in every way at the same time. */

static void
test_in_process (void)
{
  MaltPool *pool = pool_start ("in-process", "{'size': 2, 'max-calls-per-worker': 5}");
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };

  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "function add (x) return x + 1 end", NULL,
                                            NULL, &error));
  g_assert_no_error (error);
  for (gint64 i = 0; i < 20; i++)
    {
      g_assert_cmpint (pool_eval_int (pool, "add (1)"), ==, 2);
      malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (pool), "add",
                                              g_variant_new ("(x)", i), NULL, NULL, pool_on_reply,
                                              &replies);
    }
  results = malt_pool_map (pool, "add", g_variant_new_parsed ("[(@x 1,), (2,), (3,)]"), NULL,
                           &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (results), ==, 3);
  pool_wait_until (replies.n_ended == 20);
  g_assert_no_error (replies.error);
  g_assert_cmpint (replies.sum, ==, 210);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
}

static void
test_cannot_be_killed (void)
{
  MaltPool *pool = pool_start ("in-process", "{'size': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GError) error = NULL;

  g_test_summary ("A signal that workers cannot be sent changes nothing");
  g_assert_cmpuint (malt_abstract_worker_get_capabilities (worker) & MALT_WORKER_CAPABILITY_KILL,
                    ==, 0);
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_cmpint (pool_eval_int (pool, "42"), ==, 42);
  pool_stop (pool);
}

typedef struct
{
  MaltPool *other;
  guint     n_ended;
} Nested;

/* Waits for other calls, of this pool and another, in the callback of a call. */
static void
call_from_callback (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  Nested *nested = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (pool_eval_int (MALT_POOL (source), "40 + 2"), ==, 42);
  g_assert_cmpint (pool_eval_int (nested->other, "40 + 2"), ==, 42);
  nested->n_ended++;
}

static gpointer
call_in_thread (gpointer user_data)
{
  for (guint i = 0; i < 50; i++)
    g_assert_cmpint (pool_eval_int (user_data, "42"), ==, 42);

  return NULL;
}

static void
test_mixed (void)
{
  MaltPool *processes = pool_start ("process", "{'size': 2}");
  MaltPool *threads = pool_start ("in-process", "{'size': 1}");
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (G_LIST_MODEL (processes), 0);
  g_autoptr (GThread) caller = g_thread_new ("caller", call_in_thread, processes);
  g_autoptr (GThread) other = g_thread_new ("caller", call_in_thread, threads);
  Nested nested = { .other = threads };

  g_test_summary ("Calls that block in callbacks, in threads, and past the pool");
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      malt_abstract_worker_remote_eval_async (MALT_ABSTRACT_WORKER (processes), NULL, "1", NULL,
                                              NULL, call_from_callback, &nested);
      value = malt_abstract_worker_remote_eval_fetch (item, NULL, "1", NULL, NULL, &error);
      g_assert_no_error (error);
    }
  pool_wait_until (nested.n_ended == 10);
  g_thread_join (g_steal_pointer (&caller));
  g_thread_join (g_steal_pointer (&other));
  g_assert_cmpuint (pool_get_uint64 (processes, "n-failed"), ==, 0);
  g_assert_cmpuint (pool_get_uint64 (threads, "n-failed"), ==, 0);
  pool_stop (threads);
  pool_stop (processes);
}

int
main (int   argc,
      char *argv[])
{
  pool_test_init (&argc, &argv);

  g_test_add_func ("/malt/pool-mixed/in-process", test_in_process);
  g_test_add_func ("/malt/pool-mixed/cannot-be-killed", test_cannot_be_killed);
  g_test_add_func ("/malt/pool-mixed/mixed", test_mixed);

  return g_test_run ();
}

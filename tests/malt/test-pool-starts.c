/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

/* Workers that do not come up, or not in time, or not for long. */

typedef struct
{
  MaltPool *pool; /* owned */
  GError   *error;
  gboolean  is_over;
} Start;

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Start *start = user_data;

  start->pool = malt_pool_new_finish (result, &start->error);
  start->is_over = TRUE;
}

static void
test_failure (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltPool) pool = NULL;

  g_test_summary ("The pool fails with the error of the first start that does");
  malt_script_reset ();
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_FAILS);
  pool = malt_pool_new ("scripted", 3, NULL, &error);
  g_assert_null (pool);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);

  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_EXITS);
  pool = malt_pool_new ("scripted", 3, NULL, &error);
  g_assert_null (pool);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (error)), ==, 5);
}

static void
test_never_ready (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Start start = { 0 };

  g_test_summary ("A start that is cancelled leaves none of the workers");
  malt_script_reset ();
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_HANGS);
  malt_pool_new_async ("scripted", 2, cancellable, on_started, &start);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_assert_false (start.is_over);
  g_cancellable_cancel (cancellable);
  pool_poll_until (start.is_over);
  g_assert_error (start.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_script_count_waiting (), ==, 0);
  g_clear_error (&start.error);
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  gboolean *is_over = user_data;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, NULL, &error);
  g_assert_no_error (error);
  *is_over = TRUE;
}

/* Both at once, for each takes seconds. */
static void
test_deaf (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  MaltPool *pool;
  Start start = { 0 };
  gboolean is_stopped = FALSE;

  g_test_summary ("Nobody waits for starts that do not heed their cancellation");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_IS_DEAF);
  malt_pool_new_async ("scripted", 1, cancellable, on_started, &start);
  g_object_set (pool, "size", 2, NULL);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_cancellable_cancel (cancellable);
  malt_abstract_worker_stop_async (MALT_ABSTRACT_WORKER (pool), 0, 0, NULL, on_stopped,
                                   &is_stopped);
  pool_poll_until (start.is_over && is_stopped);
  g_assert_error (start.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_script_count_waiting (), ==, 2);
  g_object_unref (pool);

  /* What comes of them after all is stopped. */
  malt_script_release ();
  pool_poll_until (malt_script_count (MALT_SCRIPT_STOP) == 3);
  g_clear_error (&start.error);
}

static void
test_late (void)
{
  MaltPool *pool;

  g_test_summary ("A worker that comes when it is not wanted any more is stopped");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_IS_DEAF);
  g_object_set (pool, "size", 2, NULL);
  pool_poll_until (malt_script_count_waiting () == 1);
  g_object_set (pool, "size", 1, NULL);
  g_assert_true (pool_echo (pool, "echo", 1, NULL));
  malt_script_release ();
  pool_poll_until (malt_script_count (MALT_SCRIPT_STOP) == 1
                   && g_list_model_get_n_items (G_LIST_MODEL (pool)) == 1);
  g_assert_true (pool_echo (pool, "echo", 2, NULL));
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
}

/* At the most so many starts have begun since the first failure: none waits for longer than a
 * second, and the first few for 0, 20, 40 ... ms. */
static guint
count_allowed_starts (gint64 since_us)
{
  gint64 elapsed_ms = (g_get_monotonic_time () - since_us) / 1000;
  gint64 delay_ms = 20;
  guint n = 2;

  for (gint64 sum_ms = delay_ms; sum_ms <= elapsed_ms; sum_ms += delay_ms)
    {
      n++;
      delay_ms = MIN (delay_ms * 2, 1000);
    }

  return n;
}

static void
test_crash_loop (void)
{
  g_autoptr (GError) error = NULL;
  PoolReplies waiting = { 0 };
  MaltPool *pool;
  gint64 start_us;
  guint n_starts;

  g_test_summary ("Workers that end as soon as they have started: calls fail with how");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_EXITS);
  start_us = g_get_monotonic_time ();
  malt_scripted_worker_exit (0, 3, TRUE);
  for (guint i = 0; i < 3; i++)
    pool_echo_async (pool, "echo", i, NULL, &waiting);
  pool_poll_until (waiting.n_ended == 3);
  g_assert_cmpuint (waiting.n_failed, ==, 3);
  g_assert_error (waiting.error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_cmpint (
    malt_exit_report_get_exit_status (malt_error_get_exit_report (waiting.error)), ==, 5);
  g_assert_false (pool_echo (pool, "echo", 1, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (malt_error_get_exit_report (error));
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 0);

  n_starts = malt_script_count (MALT_SCRIPT_START) - 1;
  g_assert_cmpuint (n_starts, >=, 4);
  g_assert_cmpuint (n_starts, <=, count_allowed_starts (start_us));
  g_assert_true (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (pool)));

  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_GOES_WELL);
  pool_poll_until (pool_echo (pool, "echo", 2, NULL));
  /* All is forgotten: the next one waits for a worker. */
  malt_scripted_worker_exit (0, 3, TRUE);
  g_clear_error (&error);
  g_assert_true (pool_echo (pool, "echo", 3, &error));
  g_assert_no_error (error);
  g_clear_error (&waiting.error);
  pool_stop (pool);
}

static void
test_calls_that_crash (void)
{
  PoolReplies bad = { 0 };
  PoolReplies good = { 0 };
  MaltPool *pool;

  g_test_summary ("However many calls end their workers in a row, the next one is not to blame");
  pool = scripted_pool_start ("{'size': 1}");
  for (guint i = 0; i < 8; i++)
    malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (pool), "exit",
                                            g_variant_new ("(i)", 9), NULL, NULL, pool_on_reply,
                                            &bad);
  pool_echo_async (pool, "echo", 7, NULL, &good);
  pool_poll_until (good.n_ended == 1);
  g_assert_no_error (good.error);
  g_assert_cmpuint (bad.n_failed, ==, 8);
  g_assert_error (bad.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (bad.error)), ==,
                   9);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 8);
  g_clear_error (&bad.error);
  pool_stop (pool);
}

static MaltPool *
new_configured_pool (MaltConfig  *config,
                     const char  *profile,
                     GError     **error)
{
  return g_initable_new (MALT_TYPE_POOL, NULL, error, "config", config, "profile", profile,
                         "size", 1, NULL);
}

static void
test_configured (void)
{
  g_autoptr (MaltConfig) config = NULL;
  g_autoptr (MaltConfig) used = NULL;
  g_autoptr (GError) error = NULL;
  gpointer observed;
  MaltPool *pool;

  g_test_summary ("Workers are of the pool's own configuration, later ones, too; the pool lets "
                  "go of it at once");
  malt_script_reset ();
  config = malt_config_new_from_data ("{ \"default\": \"mine\", \"profiles\":"
                                      "  { \"mine\": { \"backend\": \"scripted\" } } }",
                                      -1, &error);
  g_assert_no_error (error);
  g_assert_null (new_configured_pool (NULL, "mine", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
  g_clear_error (&error);

  pool = new_configured_pool (config, NULL, &error);
  g_assert_no_error (error);
  g_object_get (pool, "config", &used, NULL);
  g_assert_true (used == config);
  malt_scripted_worker_exit (0, 3, TRUE);
  pool_poll_until (malt_script_count (MALT_SCRIPT_START) == 2);
  g_assert_true (pool_echo (pool, "echo", 1, &error));
  g_assert_no_error (error);

  g_clear_object (&used);
  observed = config;
  g_object_add_weak_pointer (observed, &observed);
  g_clear_object (&config);
  g_assert_nonnull (observed);
  pool_stop (pool);
  g_assert_null (observed);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-starts/configured", test_configured);
  g_test_add_func ("/malt/pool-starts/failure", test_failure);
  g_test_add_func ("/malt/pool-starts/never-ready", test_never_ready);
  g_test_add_func ("/malt/pool-starts/deaf", test_deaf);
  g_test_add_func ("/malt/pool-starts/late", test_late);
  g_test_add_func ("/malt/pool-starts/crash-loop", test_crash_loop);
  g_test_add_func ("/malt/pool-starts/calls-that-crash", test_calls_that_crash);

  return g_test_run ();
}

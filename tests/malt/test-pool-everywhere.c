/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

/* What is evaluated in every worker, where that goes wrong. */

static void
set_state (MaltPool *pool)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "state", NULL, NULL, &error));
  g_assert_no_error (error);
}

/* (transfer full): what calls end with when the state cannot be carried over to those that replace
 * both workers. A first one may have found room where it was to be evaluated once more. */
static GError *
lose_state (MaltPool      *pool,
            MaltScriptWay  way)
{
  GError *error = NULL;

  set_state (pool);
  malt_script_set (MALT_SCRIPT_EVAL, way);
  malt_scripted_worker_exit (0, 1, TRUE);
  malt_scripted_worker_exit (0, 1, TRUE);
  g_assert_false (pool_echo (pool, "echo", 1, &error));
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 0);

  return error;
}

static void
regain_state (MaltPool *pool)
{
  malt_script_set (MALT_SCRIPT_EVAL, MALT_SCRIPT_GOES_WELL);
  pool_poll_until (pool_echo (pool, "echo", 2, NULL));
  pool_poll_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 2);
}

static void
test_later_failure (void)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool;

  g_test_summary ("A worker that cannot be set up has not started");
  pool = scripted_pool_start ("{'size': 2}");
  error = lose_state (pool, MALT_SCRIPT_FAILS);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "no luck"));
  regain_state (pool);
  pool_stop (pool);
}

static void
test_later_exit (void)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool;

  g_test_summary ("A worker that ends while it is set up has not started");
  pool = scripted_pool_start ("{'size': 2}");
  error = lose_state (pool, MALT_SCRIPT_EXITS);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (error)), ==, 5);
  regain_state (pool);
  pool_stop (pool);
}

static void
test_ends_all (void)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool;

  g_test_summary ("However many workers an expression ends, calls are not to blame for it");
  pool = scripted_pool_start ("{'size': 6}");
  malt_script_set (MALT_SCRIPT_EVAL, MALT_SCRIPT_EXITS);
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "state", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_true (pool_echo (pool, "echo", 1, &error));
  g_assert_no_error (error);
  pool_stop (pool);
}

typedef struct
{
  GError  *error;
  gboolean is_over;
} Outcome;

static void
on_evaluated (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Outcome *outcome = user_data;

  malt_pool_eval_everywhere_finish (MALT_POOL (source), result, &outcome->error);
  outcome->is_over = TRUE;
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome outcome = { 0 };
  MaltPool *pool;

  g_test_summary ("What is cancelled before all have evaluated it is forgotten");
  pool = scripted_pool_start ("{'size': 2}");
  malt_script_set (MALT_SCRIPT_EVAL, MALT_SCRIPT_HANGS);
  malt_pool_eval_everywhere_async (pool, NULL, "state", NULL, cancellable, on_evaluated, &outcome);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_cancellable_cancel (cancellable);
  pool_poll_until (outcome.is_over);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (pool_echo (pool, "echo", 1, NULL));
  malt_scripted_worker_exit (0, 1, TRUE);
  malt_scripted_worker_exit (0, 1, TRUE);
  g_assert_true (pool_echo (pool, "echo", 2, NULL));
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_EVAL), ==, 2);
  g_clear_error (&outcome.error);
  pool_stop (pool);
}

static void
test_stopped (void)
{
  g_autoptr (MaltPool) unstarted = pool_new ("scripted", NULL, "{}");
  g_autoptr (GError) error = NULL;
  Outcome outcome = { 0 };
  MaltPool *pool;

  g_test_summary ("It ends with the pool, and begins with it");
  g_assert_false (malt_pool_eval_everywhere (unstarted, NULL, "state", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  g_clear_error (&error);

  pool = scripted_pool_start ("{'size': 2}");
  malt_script_set (MALT_SCRIPT_EVAL, MALT_SCRIPT_IS_DEAF);
  malt_pool_eval_everywhere_async (pool, NULL, "state", NULL, NULL, on_evaluated, &outcome);
  pool_poll_until (malt_script_count_waiting () == 2);
  g_object_ref (pool);
  pool_stop (pool);
  pool_poll_until (outcome.is_over);
  g_assert_error (outcome.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "state", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&outcome.error);
  g_object_unref (pool);
}

/* One that has not evaluated it yet is missing still. */
static void
test_late_worker (void)
{
  Outcome outcome = { 0 };
  MaltPool *pool;

  g_test_summary ("Workers that are on their way are waited for");
  pool = scripted_pool_start ("{'size': 1}");
  malt_script_set (MALT_SCRIPT_START, MALT_SCRIPT_HANGS);
  g_object_set (pool, "size", 2, NULL);
  pool_poll_until (malt_script_count_waiting () == 1);
  malt_pool_eval_everywhere_async (pool, NULL, "state", NULL, NULL, on_evaluated, &outcome);
  pool_poll_until (malt_script_count (MALT_SCRIPT_EVAL) == 1);
  g_assert_true (pool_echo (pool, "echo", 1, NULL));
  g_assert_false (outcome.is_over);
  malt_script_release ();
  pool_poll_until (outcome.is_over);
  g_assert_no_error (outcome.error);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_EVAL), ==, 2);
  pool_stop (pool);
}

static void
test_wrong_arguments (void)
{
  g_autoptr (GVariant) inputs = g_variant_ref_sink (g_variant_new_parsed ("[(1,)]"));
  g_autoptr (GVariant) no_tuple = g_variant_ref_sink (g_variant_new_int32 (1));
  MaltPool *pool;

  g_test_summary ("Mistakes of the program come back from the blocking forms, too");
  pool = scripted_pool_start ("{'size': 1}");
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "*TUPLE*");
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "state", no_tuple, NULL, NULL));
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "*expression*");
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "\xff", NULL, NULL, NULL));
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "*function*");
  g_assert_null (malt_pool_map (pool, "\xff", inputs, NULL, NULL));
  g_test_assert_expected_messages ();
  pool_stop (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  malt_scripted_worker_register ();

  g_test_add_func ("/malt/pool-everywhere/later-failure", test_later_failure);
  g_test_add_func ("/malt/pool-everywhere/later-exit", test_later_exit);
  g_test_add_func ("/malt/pool-everywhere/ends-all", test_ends_all);
  g_test_add_func ("/malt/pool-everywhere/cancelled", test_cancelled);
  g_test_add_func ("/malt/pool-everywhere/stopped", test_stopped);
  g_test_add_func ("/malt/pool-everywhere/late-worker", test_late_worker);
  g_test_add_func ("/malt/pool-everywhere/wrong-arguments", test_wrong_arguments);

  return g_test_run ();
}

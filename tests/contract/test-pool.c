/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/malt-test-slowness.h"

#include <malt/malt.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A pool of processes: what one of them does to itself, and what the others make of it. */

/* Far beyond what any of this takes. */
#define WATCHDOG_SECONDS (120 * malt_test_get_slowness ())

/* Where contract.so is. */
static const char *modules;

/* What every worker of a test is made with. */
static GVariant *
new_worker_options (void)
{
  const char *module_path[] = { modules, NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "module-path", g_variant_new_strv (module_path, -1));

  return g_variant_dict_end (&dict);
}

static MaltPool *
start_pool (const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) settings = g_variant_ref_sink (g_variant_new_parsed (options));
  MaltPool *pool = g_object_new (MALT_TYPE_POOL,
                                 "profile", "process",
                                 "options", new_worker_options (),
                                 NULL);
  GVariantIter iter;
  const char *name;
  guint value;

  alarm (WATCHDOG_SECONDS);
  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&su}", &name, &value))
    g_object_set (pool, name, value, NULL);
  g_initable_init (G_INITABLE (pool), NULL, &error);
  g_assert_no_error (error);

  return pool;
}

static void
stop_pool (MaltPool *pool)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (pool), MALT_STOP_TIMEOUT_DEFAULT,
                             MALT_STOP_TIMEOUT_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (pool)));
  g_object_unref (pool);
  alarm (0);
}

static gint64
eval_int (MaltPool   *pool,
          const char *expression)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (MALT_ABSTRACT_WORKER (pool), NULL, expression, NULL,
                                            NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_int64 (value);
}

static GError *
eval_error (MaltPool   *pool,
            const char *expression)
{
  GError *error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (MALT_ABSTRACT_WORKER (pool), NULL, expression, NULL,
                                            NULL, &error);

  g_assert_null (value);
  g_assert_nonnull (error);
  return error;
}

/* Iterates the main context until it holds. */
#define wait_until(condition) \
  while (!(condition)) \
    g_main_context_iteration (NULL, TRUE)

static guint
get_uint (MaltPool   *pool,
          const char *name)
{
  guint value;

  g_object_get (pool, name, &value, NULL);
  return value;
}

static guint64
get_uint64 (MaltPool   *pool,
            const char *name)
{
  guint64 value;

  g_object_get (pool, name, &value, NULL);
  return value;
}

static void
test_calls (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (pool)), ==, 2);
  for (guint i = 0; i < 20; i++)
    g_assert_cmpint (eval_int (pool, "6 * 7"), ==, 42);
  g_assert_cmpuint (get_uint64 (pool, "n-calls"), ==, 20);
  g_assert_cmpuint (get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (get_uint (pool, "n-pending"), ==, 0);
  stop_pool (pool);
}

typedef struct
{
  guint n_ended;
  guint n_failed;
  GError *error; /* the last */
} Replies;

static void
on_reply (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Replies *replies = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  replies->n_ended++;
  if (value != NULL)
    return;
  replies->n_failed++;
  g_clear_error (&replies->error);
  replies->error = g_steal_pointer (&error);
}

static void
test_crash (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  Replies good = { 0 };
  Replies bad = { 0 };

  g_test_summary ("A call that ends its worker fails, and no other");
  for (guint i = 0; i < 30; i++)
    malt_abstract_worker_remote_eval_async (worker, NULL,
                                            i % 10 == 5 ? "import 'contract'.leave (3)" : "1 + 1",
                                            NULL, NULL, on_reply, i % 10 == 5 ? &bad : &good);
  wait_until (good.n_ended + bad.n_ended == 30);
  g_assert_no_error (good.error);
  g_assert_cmpuint (bad.n_failed, ==, 3);
  g_assert_error (bad.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_error_get_exit_report (bad.error));
  g_assert_cmpint (malt_exit_report_get_exit_status (malt_error_get_exit_report (bad.error)), ==,
                   3);
  g_assert_cmpuint (get_uint64 (pool, "n-restarts"), ==, 3);
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 2);
  g_error_free (bad.error);
  stop_pool (pool);
}

static void
test_killed_from_outside (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autoptr (GError) error = NULL;

  g_test_summary ("An item of the list is the worker; one that is killed is replaced");
  malt_abstract_worker_kill (item, SIGKILL, &error);
  g_assert_no_error (error);
  wait_until (!malt_abstract_worker_is_running (item)
              && g_list_model_get_n_items (G_LIST_MODEL (pool)) == 2);
  g_assert_nonnull (malt_abstract_worker_get_exit_report (item));
  g_assert_cmpint (eval_int (pool, "42"), ==, 42);
  stop_pool (pool);
}

static void
test_everywhere (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 3, 'max-calls-per-worker': 2}");
  g_autoptr (GError) error = NULL;

  g_test_summary ("Workers that come later have evaluated it, in order");
  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "answer = 40", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "answer = answer + 2", NULL, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (eval_int (pool, "answer"), ==, 42);

  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "error ('no')", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_clear_error (&error);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (eval_int (pool, "answer"), ==, 42);
  stop_pool (pool);
}

static void
test_everywhere_ends_all (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GError) error = NULL;

  g_test_summary ("An expression that ends every worker is forgotten");
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "import 'contract'.leave (7)", NULL, NULL,
                                             &error));
  g_assert_nonnull (error);
  g_assert_cmpint (eval_int (pool, "42"), ==, 42);
  stop_pool (pool);
}

static void
test_map (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GError) error = NULL;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(x)"));
  g_autoptr (GVariant) inputs = NULL;
  g_autoptr (GVariant) results = NULL;
  const gint64 n = 2000;

  for (gint64 i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(x)", i);
  inputs = g_variant_ref_sink (g_variant_builder_end (&builder));
  results = malt_pool_map (pool, "malt.ping", inputs, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (results), ==, "av");
  g_assert_cmpuint (g_variant_n_children (results), ==, n);
  for (gint64 i = 0; i < n; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (results, (gsize) i);
      g_autoptr (GVariant) value = g_variant_get_variant (item);

      g_assert_cmpint (g_variant_get_int64 (value), ==, i);
    }
  stop_pool (pool);
}

static void
test_map_failure (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) results = NULL;

  results = malt_pool_map (pool, "math.sqrt",
                           g_variant_new_parsed ("[<(1.0,)>, <(4.0,)>, <('x',)>, <(9.0,)>]"), NULL,
                           &error);
  g_assert_null (results);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_true (g_str_has_prefix (error->message, "Input 2: "));
  g_assert_nonnull (malt_error_get_remote_message (error));
  g_clear_error (&error);

  results = malt_pool_map (pool, "math.sqrt", g_variant_new_parsed ("[1.0, 2.0]"), NULL, &error);
  g_assert_null (results);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  g_clear_error (&error);
  results = malt_pool_map (pool, "math.sqrt", g_variant_new_string ("no"), NULL, &error);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  g_clear_error (&error);
  results = malt_pool_map (pool, "math.sqrt", g_variant_new_parsed ("@a(d) []"), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (results), ==, 0);
  stop_pool (pool);
}

static void
test_queue_limit (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1, 'max-queue': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Replies busy = { 0 };
  Replies queued = { 0 };
  Replies refused = { 0 };

  g_test_summary ("What is queued can be cancelled, and what does not fit is refused");
  malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL, on_reply,
                                          &busy);
  g_assert_cmpuint (get_uint (pool, "n-pending"), ==, 1);
  malt_abstract_worker_remote_eval_async (worker, NULL, "1", NULL, cancellable, on_reply, &queued);
  malt_abstract_worker_remote_eval_async (worker, NULL, "2", NULL, cancellable, on_reply, &queued);
  malt_abstract_worker_remote_eval_async (worker, NULL, "3", NULL, NULL, on_reply, &refused);
  wait_until (refused.n_ended == 1);
  g_assert_error (refused.error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_assert_cmpuint (queued.n_ended, ==, 0);
  g_cancellable_cancel (cancellable);
  wait_until (queued.n_ended == 2);
  g_assert_error (queued.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (busy.n_ended, ==, 0);
  malt_abstract_worker_interrupt (worker, NULL);
  wait_until (busy.n_ended == 1);
  g_assert_error (busy.error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
  g_clear_error (&busy.error);
  g_clear_error (&queued.error);
  g_clear_error (&refused.error);
  stop_pool (pool);
}

static void
test_resize (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1}");

  g_object_set (pool, "size", 3, NULL);
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 3);
  g_object_set (pool, "size", 1, NULL);
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 1);
  g_assert_cmpint (eval_int (pool, "42"), ==, 42);
  g_assert_cmpuint (get_uint64 (pool, "n-restarts"), ==, 0);
  stop_pool (pool);
}

static void
test_stop_ends_calls (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GError) error = NULL;
  Replies replies = { 0 };

  for (guint i = 0; i < 3; i++)
    malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL, on_reply,
                                            &replies);
  malt_abstract_worker_stop (worker, 0, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  wait_until (replies.n_ended == 3);
  g_assert_error (replies.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpuint (replies.n_failed, ==, 3);
  g_clear_error (&replies.error);
  error = eval_error (pool, "1");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  stop_pool (pool);
}

static void
test_start_failure (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltPool) pool = malt_pool_new ("no-such-backend", 2, NULL, &error);

  g_assert_null (pool);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_BACKEND);
}

/* A pool of one, whose program can be taken away. */
static MaltPool *
start_fragile_pool (const char *program)
{
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  GVariant *options;
  MaltPool *pool;

  alarm (WATCHDOG_SECONDS);
  g_assert_cmpint (symlink (g_getenv ("MALT_WORKER"), program), ==, 0);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "executable", "s", program);
  options = g_variant_dict_end (&dict);
  pool = g_initable_new (MALT_TYPE_POOL, NULL, &error, "profile", "process", "options", options,
                         "size", 1u, NULL);
  g_assert_no_error (error);

  return pool;
}

static void
test_no_more_starts (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("malt-test-XXXXXX", NULL);
  g_autofree char *program = g_build_filename (folder, "worker", NULL);
  MaltPool *pool = start_fragile_pool (program);
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autoptr (GVariant) value = NULL;

  g_test_summary ("Calls fail with the reason when no worker comes up, and go on when one does");
  g_assert_cmpint (unlink (program), ==, 0);
  malt_abstract_worker_kill (item, SIGKILL, NULL);
  wait_until (!malt_abstract_worker_is_running (item));
  /* The first may still have found the worker that was killed. */
  do
    {
      g_clear_error (&error);
      error = eval_error (pool, "1");
    }
  while (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_cmpuint (get_uint64 (pool, "n-restarts"), >=, 5);
  g_assert_true (malt_abstract_worker_is_running (worker));
  g_clear_error (&error);
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "x = 1", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);

  g_assert_cmpint (symlink (g_getenv ("MALT_WORKER"), program), ==, 0);
  while (value == NULL)
    {
      g_clear_error (&error);
      value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "42", NULL, NULL, &error);
    }
  g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
  stop_pool (pool);
  unlink (program);
  rmdir (folder);
}

static void
test_abandoned (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GListModel) workers = malt_list_running_workers ();
  g_autoptr (GError) error = NULL;
  GWeakRef weak;

  g_test_summary ("A pool that nobody holds is gone, with its workers, whatever they do");
  g_assert_cmpuint (g_list_model_get_n_items (workers), ==, 2);
  malt_abstract_worker_remote_do (MALT_ABSTRACT_WORKER (pool), "malt.eval",
                                  g_variant_new_parsed ("('', 'while true do end', <()>)"), NULL,
                                  &error);
  g_assert_no_error (error);
  g_weak_ref_init (&weak, pool);
  g_object_unref (pool);
  /* Another thread may look at it at the moment. */
  while ((pool = g_weak_ref_get (&weak)) != NULL)
    g_object_unref (pool);
  g_weak_ref_clear (&weak);
  wait_until (g_list_model_get_n_items (workers) == 0);
  alarm (0);
}

static void
on_drained (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Replies *replies = user_data;

  replies->n_ended++;
  malt_pool_drain_finish (MALT_POOL (source), result, &replies->error);
}

static void
test_drain (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1}");
  g_autoptr (GError) error = NULL;
  Replies replies = { 0 };
  Replies drained = { 0 };

  for (guint i = 0; i < 5; i++)
    malt_abstract_worker_remote_eval_async (MALT_ABSTRACT_WORKER (pool), NULL, "1", NULL, NULL,
                                            on_reply, &replies);
  malt_pool_drain_async (pool, NULL, on_drained, &drained);
  error = eval_error (pool, "1");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  wait_until (drained.n_ended == 1);
  g_assert_no_error (drained.error);
  g_assert_cmpuint (get_uint (pool, "n-queued"), ==, 0);
  wait_until (replies.n_ended == 5);
  g_assert_no_error (replies.error);
  stop_pool (pool);
}

static void
test_memory (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1}");
  gint64 before = eval_int (pool, "import 'contract' return contract.pid ()");

  g_test_summary ("A worker that has grown is replaced, and its call is not lost");
  g_object_set (pool, "max-memory", (guint64) 64 << 20, NULL);
  g_assert_cmpint (eval_int (pool, "kept = ('x'):rep (1 << 27) return 1"), ==, 1);
  while (eval_int (pool, "import 'contract' return contract.pid ()") == before)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (get_uint64 (pool, "n-restarts"), ==, 0);
  g_assert_cmpuint (get_uint64 (pool, "n-failed"), ==, 0);
  stop_pool (pool);
}

static void
on_notified (GObject    *object,
             GParamSpec *pspec,
             gpointer    user_data)
{
  guint64 *n_calls = user_data;

  g_object_get (object, "n-calls", n_calls, NULL);
}

static void
test_items (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 1}");
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autofree char *description = NULL;
  guint64 n_calls = 0;
  guint64 memory = 0;
  MaltPoolWorkerState state = MALT_POOL_WORKER_STATE_PREPARING;

  g_test_summary ("Items notify of what their worker does");
  g_signal_connect (item, "notify::n-calls", G_CALLBACK (on_notified), &n_calls);
  for (guint i = 0; i < 3; i++)
    eval_int (pool, "1");
  wait_until (n_calls == 3);
  g_object_get (item, "state", &state, "memory", &memory, "description", &description, NULL);
  g_assert_cmpint (state, ==, MALT_POOL_WORKER_STATE_IDLE);
  g_assert_cmpuint (memory, >, 0);
  g_assert_nonnull (strstr (description, "PID"));
  stop_pool (pool);
  wait_until (!malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (item)));
}

typedef struct
{
  guint    n_results;
  guint    n_errors;
  guint    stop_after; /* 0: not at all */
  gboolean is_over;
  GError  *error;
} Each;

static gboolean
on_each (MaltPool     *pool,
         guint         index,
         GVariant     *value,
         const GError *error,
         gpointer      user_data)
{
  Each *each = user_data;

  g_assert_true ((value == NULL) == (error != NULL));
  each->n_results++;
  each->n_errors += error != NULL;
  return each->n_results != each->stop_after;
}

static void
on_each_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Each *each = user_data;

  each->is_over = TRUE;
  malt_pool_map_each_finish (MALT_POOL (source), result, &each->error);
}

static GVariant *
new_numbers (gint64 n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(x)"));
  for (gint64 i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(x)", i);

  return g_variant_builder_end (&builder);
}

static void
test_map_each (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GVariant) inputs = g_variant_ref_sink (
    g_variant_new_parsed ("[<(1.0,)>, <('x',)>, <(4.0,)>, <5>, <(9.0,)>]"));
  Each all = { 0 };
  Each some = { .stop_after = 10 };

  g_test_summary ("Results one by one, failures among them, until there are enough");
  malt_pool_map_each_async (pool, "math.sqrt", inputs, on_each, &all, NULL, NULL, on_each_over,
                            &all);
  wait_until (all.is_over);
  g_assert_no_error (all.error);
  g_assert_cmpuint (all.n_results, ==, 5);
  g_assert_cmpuint (all.n_errors, ==, 2);

  malt_pool_map_each_async (pool, "malt.ping", new_numbers (1000), on_each, &some, NULL, NULL,
                            on_each_over, &some);
  wait_until (some.is_over);
  g_assert_error (some.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (some.n_results, ==, 10);
  g_clear_error (&some.error);
  stop_pool (pool);
}

static void
on_map_progress (MaltPool *pool,
                 guint     done,
                 guint     total,
                 gpointer  user_data)
{
  guint *last = user_data;

  g_assert_cmpuint (done, >=, *last);
  g_assert_cmpuint (done, <=, total);
  *last = done;
}

static void
on_mapped (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  GVariant **results = user_data;
  g_autoptr (GError) error = NULL;

  *results = malt_pool_map_finish (MALT_POOL (source), result, &error);
  g_assert_no_error (error);
}

static void
test_map_many (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  const guint n = 100000 / malt_test_get_slowness ();
  g_autoptr (GVariant) results = NULL;
  guint last = 0;

  g_test_summary ("Of many inputs, few are on their way");
  g_signal_connect (pool, "map-progress", G_CALLBACK (on_map_progress), &last);
  malt_pool_map_async (pool, "malt.ping", new_numbers (n), NULL, on_mapped, &results);
  while (results == NULL)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (get_uint (pool, "n-queued") + get_uint (pool, "n-pending"), <=, 4);
    }
  g_assert_cmpuint (g_variant_n_children (results), ==, n);
  g_assert_cmpuint (last, ==, n);
  stop_pool (pool);
}

static void
test_map_cancelled (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Each each = { 0 };

  malt_pool_map_each_async (pool, "malt.sleep",
                            g_variant_new_parsed ("[(600.0,), (600.0,), (600.0,)]"), on_each,
                            &each, NULL, cancellable, on_each_over, &each);
  g_cancellable_cancel (cancellable);
  wait_until (each.is_over);
  g_assert_error (each.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (eval_int (pool, "42"), ==, 42);
  g_clear_error (&each.error);
  stop_pool (pool);
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
    g_assert_cmpint (eval_int (caller->pool, "42"), ==, 42);

  return NULL;
}

static void
test_threads (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2, 'max-calls-per-worker': 40}");
  Caller caller = { pool, 200 / malt_test_get_slowness () + 1 };
  GThread *threads[4];

  g_test_summary ("Blocking calls of many threads, and workers that are replaced all the time");
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_in_thread, &caller);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (get_uint64 (pool, "n-calls"), ==, 4 * caller.n_calls);
  g_assert_cmpuint (get_uint64 (pool, "n-failed"), ==, 0);
  g_assert_cmpuint (get_uint64 (pool, "n-restarts"), ==, 0);
  stop_pool (pool);
}

/* Operations on a channel have to reach the worker it lives in. */
static void
test_channels (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
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
  stop_pool (pool);
}

static void
test_kill (void)
{
  MaltPool *pool = start_pool ("@a{su} {'size': 2}");
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (GError) error = NULL;
  Replies replies = { 0 };

  malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL, on_reply,
                                          &replies);
  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_no_error (error);
  wait_until (replies.n_ended == 1 && !malt_abstract_worker_is_running (worker));
  g_assert_error (replies.error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpint (malt_exit_report_get_reason (malt_abstract_worker_get_exit_report (worker)), ==,
                   MALT_EXIT_REASON_KILLED);
  g_assert_false (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&replies.error);
  stop_pool (pool);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 2);
  modules = argv[1];

  g_test_add_func ("/malt/pool/calls", test_calls);
  g_test_add_func ("/malt/pool/crash", test_crash);
  g_test_add_func ("/malt/pool/killed-from-outside", test_killed_from_outside);
  g_test_add_func ("/malt/pool/everywhere", test_everywhere);
  g_test_add_func ("/malt/pool/everywhere-ends-all", test_everywhere_ends_all);
  g_test_add_func ("/malt/pool/map", test_map);
  g_test_add_func ("/malt/pool/map-failure", test_map_failure);
  g_test_add_func ("/malt/pool/queue-limit", test_queue_limit);
  g_test_add_func ("/malt/pool/resize", test_resize);
  g_test_add_func ("/malt/pool/stop-ends-calls", test_stop_ends_calls);
  g_test_add_func ("/malt/pool/start-failure", test_start_failure);
  g_test_add_func ("/malt/pool/no-more-starts", test_no_more_starts);
  g_test_add_func ("/malt/pool/abandoned", test_abandoned);
  g_test_add_func ("/malt/pool/drain", test_drain);

  g_test_add_func ("/malt/pool/memory", test_memory);
  g_test_add_func ("/malt/pool/items", test_items);
  g_test_add_func ("/malt/pool/map-each", test_map_each);
  g_test_add_func ("/malt/pool/map-many", test_map_many);
  g_test_add_func ("/malt/pool/map-cancelled", test_map_cancelled);
  g_test_add_func ("/malt/pool/threads", test_threads);
  g_test_add_func ("/malt/pool/channels", test_channels);
  g_test_add_func ("/malt/pool/kill", test_kill);

  return g_test_run ();
}

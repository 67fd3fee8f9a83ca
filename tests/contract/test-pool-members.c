/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pool-fixture.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* The workers of a pool: how they come and go, and what is seen of them. */

static void
test_killed_from_outside (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autoptr (GError) error = NULL;

  g_test_summary ("An item of the list is the worker; one that is killed is replaced");
  malt_abstract_worker_kill (item, SIGKILL, &error);
  g_assert_no_error (error);
  pool_wait_until (!malt_abstract_worker_is_running (item)
                   && g_list_model_get_n_items (G_LIST_MODEL (pool)) == 2);
  g_assert_nonnull (malt_abstract_worker_get_exit_report (item));
  g_assert_cmpint (pool_eval_int (pool, "42"), ==, 42);
  pool_stop (pool);
}

static void
test_everywhere (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 3, 'max-calls-per-worker': 2}");
  g_autoptr (GError) error = NULL;

  g_test_summary ("Workers that come later have evaluated it, in order");
  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "answer = 40", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (malt_pool_eval_everywhere (pool, NULL, "answer = answer + 2", NULL, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < 12; i++)
    g_assert_cmpint (pool_eval_int (pool, "answer"), ==, 42);

  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "error ('no')", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_clear_error (&error);
  for (guint i = 0; i < 6; i++)
    g_assert_cmpint (pool_eval_int (pool, "answer"), ==, 42);
  pool_stop (pool);
}

static void
test_everywhere_ends_all (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (GError) error = NULL;

  g_test_summary ("An expression that ends every worker is forgotten");
  g_assert_false (malt_pool_eval_everywhere (pool, NULL, "import 'contract'.leave (7)", NULL, NULL,
                                             &error));
  g_assert_nonnull (error);
  g_assert_cmpint (pool_eval_int (pool, "42"), ==, 42);
  pool_stop (pool);
}

static void
test_resize (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 1}");

  g_object_set (pool, "size", 3, NULL);
  pool_wait_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 3);
  g_object_set (pool, "size", 1, NULL);
  pool_wait_until (g_list_model_get_n_items (G_LIST_MODEL (pool)) == 1);
  g_assert_cmpint (pool_eval_int (pool, "42"), ==, 42);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  pool_stop (pool);
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
start_fragile (const char *program)
{
  g_autoptr (GError) error = NULL;
  GVariantDict dict;
  GVariant *options;
  MaltPool *pool;

  alarm (POOL_WATCHDOG_SECONDS);
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
  MaltPool *pool = start_fragile (program);
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (pool);
  g_autoptr (MaltAbstractWorker) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autoptr (GVariant) value = NULL;

  g_test_summary ("Calls fail with the reason when no worker comes up, and go on when one does");
  g_assert_cmpint (unlink (program), ==, 0);
  malt_abstract_worker_kill (item, SIGKILL, NULL);
  pool_wait_until (!malt_abstract_worker_is_running (item));
  /* The first may still have found the worker that was killed. */
  do
    {
      g_clear_error (&error);
      error = pool_eval_error (pool, "1");
    }
  while (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), >=, 5);
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
  pool_stop (pool);
  unlink (program);
  rmdir (folder);
}

static void
test_abandoned (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
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
  pool_wait_until (g_list_model_get_n_items (workers) == 0);
  alarm (0);
}

static void
on_drained (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  PoolReplies *replies = user_data;

  replies->n_ended++;
  malt_pool_drain_finish (MALT_POOL (source), result, &replies->error);
}

static void
test_drain (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 1}");
  g_autoptr (GError) error = NULL;
  PoolReplies replies = { 0 };
  PoolReplies drained = { 0 };

  for (guint i = 0; i < 5; i++)
    malt_abstract_worker_remote_eval_async (MALT_ABSTRACT_WORKER (pool), NULL, "1", NULL, NULL,
                                            pool_on_reply, &replies);
  malt_pool_drain_async (pool, NULL, on_drained, &drained);
  error = pool_eval_error (pool, "1");
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  pool_wait_until (drained.n_ended == 1);
  g_assert_no_error (drained.error);
  g_assert_cmpuint (pool_get_uint (pool, "n-queued"), ==, 0);
  pool_wait_until (replies.n_ended == 5);
  g_assert_no_error (replies.error);
  pool_stop (pool);
}

static void
test_memory (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 1}");
  gint64 before = pool_eval_int (pool, "import 'contract' return contract.pid ()");

  g_test_summary ("A worker that has grown is replaced, and its call is not lost");
  g_object_set (pool, "max-memory", (guint64) 64 << 20, NULL);
  g_assert_cmpint (pool_eval_int (pool, "kept = ('x'):rep (1 << 27) return 1"), ==, 1);
  while (pool_eval_int (pool, "import 'contract' return contract.pid ()") == before)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-restarts"), ==, 0);
  g_assert_cmpuint (pool_get_uint64 (pool, "n-failed"), ==, 0);
  pool_stop (pool);
}

/* The worker is below another process then. */
static void
test_memory_isolated (void)
{
  /* A sanitizer's address space is larger than any limit. */
  g_autoptr (GVariant) options = g_variant_ref_sink (
      g_variant_new_parsed ("{'sandbox': <'isolated'>, 'memory-limit': <@t 0>}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GObject) item = NULL;
  guint64 memory = 0;
  MaltPool *pool;

  if (malt_test_is_valgrind () || !malt_sandbox_check ("isolated", &error))
    {
      g_test_skip (error != NULL ? error->message : "valgrind lets a process set no limits");
      return;
    }
  pool = pool_new ("process", options, "{'size': 1}");
  g_initable_init (G_INITABLE (pool), NULL, &error);
  g_assert_no_error (error);
  item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  pool_eval_int (pool, "kept = ('x'):rep (1 << 26) return 1");
  g_object_get (item, "memory", &memory, NULL);
  g_assert_cmpuint (memory, >, 1 << 26);
  pool_stop (pool);
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
  MaltPool *pool = pool_start ("process", "{'size': 1}");
  g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
  g_autofree char *description = NULL;
  guint64 n_calls = 0;
  guint64 memory = 0;
  MaltPoolWorkerState state = MALT_POOL_WORKER_STATE_PREPARING;

  g_test_summary ("Items notify of what their worker does");
  g_signal_connect (item, "notify::n-calls", G_CALLBACK (on_notified), &n_calls);
  for (guint i = 0; i < 3; i++)
    pool_eval_int (pool, "1");
  pool_wait_until (n_calls == 3);
  g_object_get (item, "state", &state, "memory", &memory, "description", &description, NULL);
  g_assert_cmpint (state, ==, MALT_POOL_WORKER_STATE_IDLE);
  g_assert_cmpuint (memory, >, 0);
  g_assert_nonnull (strstr (description, "PID"));
  pool_stop (pool);
  pool_wait_until (!malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (item)));
}

/* What an item has told. */
typedef struct
{
  GString        *lines;
  MaltExitReport *report; /* owned (nullable) */
} Heard;

static void
on_item_output (MaltAbstractWorker *item,
                guint               fd,
                GBytes             *line,
                gpointer            user_data)
{
  Heard *heard = user_data;

  g_assert_null (heard->report);
  g_string_append_len (heard->lines, g_bytes_get_data (line, NULL),
                       (gssize) g_bytes_get_size (line));
  g_string_append_c (heard->lines, ';');
}

static void
on_item_exited (MaltAbstractWorker *item,
                MaltExitReport     *report,
                gpointer            user_data)
{
  Heard *heard = user_data;

  g_assert_null (heard->report);
  heard->report = malt_exit_report_ref (report);
}

static void
test_item_signals (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  MaltAbstractWorker *items[2];
  Heard heard[2] = { 0 };
  g_autoptr (GError) error = NULL;

  g_test_summary ("Items tell which worker has printed, and which is gone, and why");
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      items[i] = g_list_model_get_item (G_LIST_MODEL (pool), i);
      heard[i].lines = g_string_new (NULL);
      g_signal_connect (items[i], "output", G_CALLBACK (on_item_output), &heard[i]);
      g_signal_connect (items[i], "exited", G_CALLBACK (on_item_exited), &heard[i]);
    }

  g_assert_true (malt_abstract_worker_remote_eval_wait (items[0], NULL, "print 'first'", NULL, NULL,
                                                        &error));
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_remote_eval_wait (items[1], NULL,
                                                         "print 'last' import 'contract'.leave (7)",
                                                         NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  pool_wait_until (heard[1].report != NULL && heard[0].lines->len > 0);
  g_assert_cmpstr (heard[0].lines->str, ==, "first;");
  g_assert_cmpstr (heard[1].lines->str, ==, "last;");
  g_assert_cmpint (malt_exit_report_get_exit_status (heard[1].report), ==, 7);
  g_assert_null (heard[0].report);

  g_clear_error (&error);
  malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (pool), 1000, 1000, NULL, NULL, &error);
  g_assert_no_error (error);
  pool_wait_until (heard[0].report != NULL);
  g_assert_cmpint (malt_exit_report_get_reason (heard[0].report), ==, MALT_EXIT_REASON_STOPPED);
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_object_unref (items[i]);
      g_string_free (heard[i].lines, TRUE);
      malt_exit_report_unref (heard[i].report);
    }
  pool_stop (pool);
}

static int
count_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  int n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;

  return n;
}

/* A context is a descriptor. */
static void
test_own_context (void)
{
  int n_before = 0;

  g_test_summary ("A pool that is gone keeps nothing of a main context that nobody iterates");
  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GObject) item = NULL;
      MaltPool *pool;

      if (i == 1)
        n_before = count_descriptors ();
      g_main_context_push_thread_default (context);
      pool = pool_start ("process", "{'size': 2}");
      item = g_list_model_get_item (G_LIST_MODEL (pool), 0);
      g_assert_cmpint (pool_eval_int (pool, "print 'unheard' return 42"), ==, 42);
      pool_stop (pool);
      g_main_context_pop_thread_default (context);
    }
  /* Those of the workers are closed by the thread of pools. */
  alarm (POOL_WATCHDOG_SECONDS);
  while (count_descriptors () > n_before)
    g_usleep (1000);
  alarm (0);
}

int
main (int   argc,
      char *argv[])
{
  pool_test_init (&argc, &argv);

  g_test_add_func ("/malt/pool-members/killed-from-outside", test_killed_from_outside);
  g_test_add_func ("/malt/pool-members/everywhere", test_everywhere);
  g_test_add_func ("/malt/pool-members/everywhere-ends-all", test_everywhere_ends_all);
  g_test_add_func ("/malt/pool-members/resize", test_resize);
  g_test_add_func ("/malt/pool-members/start-failure", test_start_failure);
  g_test_add_func ("/malt/pool-members/no-more-starts", test_no_more_starts);
  g_test_add_func ("/malt/pool-members/abandoned", test_abandoned);
  g_test_add_func ("/malt/pool-members/drain", test_drain);
  g_test_add_func ("/malt/pool-members/memory", test_memory);
  g_test_add_func ("/malt/pool-members/memory-isolated", test_memory_isolated);
  g_test_add_func ("/malt/pool-members/items", test_items);
  g_test_add_func ("/malt/pool-members/item-signals", test_item_signals);
  g_test_add_func ("/malt/pool-members/own-context", test_own_context);

  return g_test_run ();
}

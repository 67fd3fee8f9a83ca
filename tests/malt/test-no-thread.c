/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-pool-fixture.h"

/* A program whose user has as many threads as it may. Those of malt that serve a whole process are
 * started once, so that each test here is the first to need one. */

static gboolean is_refused;

/* The library, too, calls this one and not GLib's. */
GThread *
g_thread_try_new (const char   *name,
                  GThreadFunc   func,
                  gpointer      data,
                  GError      **error)
{
  if (!is_refused)
    return g_thread_new (name, func, data);

  g_set_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "No more for “%s”", name);
  return NULL;
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_set_object ((GAsyncResult **) user_data, result);
}

static void
test_pool (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  MaltPool *pool;

  g_test_summary ("A pool that gets no thread fails to start, and the next one is not worse off");
  malt_script_reset ();
  is_refused = TRUE;
  g_assert_null (malt_pool_new ("scripted", 1, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);
  malt_pool_new_async ("scripted", 1, NULL, store_result, &result);
  pool_poll_until (result != NULL);
  g_assert_null (malt_pool_new_finish (result, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);

  is_refused = FALSE;
  pool = scripted_pool_start ("{'size': 1}");
  g_assert_true (pool_echo (pool, "echo", 1, NULL));
  pool_stop (pool);
}

static void
test_channel (void)
{
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (MaltChannel) channel = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_test_summary ("A worker is not asked for a channel that nobody could serve");
  malt_script_reset ();
  worker = malt_create_worker ("scripted", NULL, &error, NULL);
  g_assert_no_error (error);
  is_refused = TRUE;
  g_assert_null (malt_abstract_worker_worker_channel (worker, "new", NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);
  malt_abstract_worker_worker_channel_async (worker, "new", NULL, store_result, &result);
  pool_poll_until (result != NULL);
  g_assert_null (malt_abstract_worker_worker_channel_finish (worker, result, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_clear_error (&error);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 0);

  is_refused = FALSE;
  channel = malt_abstract_worker_worker_channel (worker, "new", NULL, NULL);
  g_assert_cmpuint (malt_script_count (MALT_SCRIPT_CALL), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  malt_scripted_worker_register ();
  g_test_add_func ("/malt/no-thread/pool", test_pool);
  g_test_add_func ("/malt/no-thread/channel", test_channel);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pool-fixture.h"

/* A function for each of many inputs. */

static void
test_map (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) results = NULL;
  const gint64 n = 2000;

  results = malt_pool_map (pool, "malt.ping", pool_new_numbers (n), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (results), ==, "av");
  g_assert_cmpuint (g_variant_n_children (results), ==, n);
  for (gint64 i = 0; i < n; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (results, (gsize) i);
      g_autoptr (GVariant) value = g_variant_get_variant (item);

      g_assert_cmpint (g_variant_get_int64 (value), ==, i);
    }
  pool_stop (pool);
}

static void
test_map_failure (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
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
  pool_stop (pool);
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

static void
test_map_each (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (GVariant) inputs = g_variant_ref_sink (
    g_variant_new_parsed ("[<(1.0,)>, <('x',)>, <(4.0,)>, <5>, <(9.0,)>]"));
  Each all = { 0 };
  Each some = { .stop_after = 10 };

  g_test_summary ("Results one by one, failures among them, until there are enough");
  malt_pool_map_each_async (pool, "math.sqrt", inputs, on_each, &all, NULL, NULL, on_each_over,
                            &all);
  pool_wait_until (all.is_over);
  g_assert_no_error (all.error);
  g_assert_cmpuint (all.n_results, ==, 5);
  g_assert_cmpuint (all.n_errors, ==, 2);

  malt_pool_map_each_async (pool, "malt.ping", pool_new_numbers (1000), on_each, &some, NULL, NULL,
                            on_each_over, &some);
  pool_wait_until (some.is_over);
  g_assert_error (some.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (some.n_results, ==, 10);
  g_clear_error (&some.error);
  pool_stop (pool);
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
test_map_many (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  const guint n = 100000 / malt_test_get_slowness ();
  g_autoptr (GVariant) results = NULL;
  guint last = 0;

  g_test_summary ("Of many inputs, few are on their way");
  g_signal_connect (pool, "map-progress", G_CALLBACK (on_map_progress), &last);
  malt_pool_map_async (pool, "malt.ping", pool_new_numbers (n), NULL, pool_on_mapped, &results);
  while (results == NULL)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (pool_get_uint (pool, "n-queued") + pool_get_uint (pool, "n-pending"),
                        <=, 4);
    }
  g_assert_cmpuint (g_variant_n_children (results), ==, n);
  g_assert_cmpuint (last, ==, n);
  pool_stop (pool);
}

static void
test_map_cancelled (void)
{
  MaltPool *pool = pool_start ("process", "{'size': 2}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Each each = { 0 };

  malt_pool_map_each_async (pool, "malt.sleep",
                            g_variant_new_parsed ("[(600.0,), (600.0,), (600.0,)]"), on_each,
                            &each, NULL, cancellable, on_each_over, &each);
  g_cancellable_cancel (cancellable);
  pool_wait_until (each.is_over);
  g_assert_error (each.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (pool_eval_int (pool, "42"), ==, 42);
  g_clear_error (&each.error);
  pool_stop (pool);
}

int
main (int   argc,
      char *argv[])
{
  pool_test_init (&argc, &argv);

  g_test_add_func ("/malt/pool-map/map", test_map);
  g_test_add_func ("/malt/pool-map/map-failure", test_map_failure);
  g_test_add_func ("/malt/pool-map/map-each", test_map_each);
  g_test_add_func ("/malt/pool-map/map-many", test_map_many);
  g_test_add_func ("/malt/pool-map/map-cancelled", test_map_cancelled);

  return g_test_run ();
}

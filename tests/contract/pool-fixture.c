/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "pool-fixture.h"

#include <unistd.h>

/* Where contract.so is. */
static const char *modules;

/* What every worker of a test is made with. */
static GVariant *
new_worker_options (const char *backend)
{
  const char *module_path[] = { modules, NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "module-path", g_variant_new_strv (module_path, -1));
  /* What they print is no part of the test's own report. */
  if (g_str_equal (backend, "process"))
    g_variant_dict_insert (&dict, "stdout", "s", "lines");

  return g_variant_dict_end (&dict);
}

MaltPool *
pool_new (const char *backend,
          GVariant   *worker_options,
          const char *options)
{
  g_autoptr (GVariant) settings = g_variant_parse (G_VARIANT_TYPE ("a{su}"), options, NULL, NULL,
                                                   NULL);
  MaltPool *pool = g_object_new (MALT_TYPE_POOL,
                                 "profile", backend,
                                 "options", worker_options,
                                 NULL);
  GVariantIter iter;
  const char *name;
  guint value;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{&su}", &name, &value))
    g_object_set (pool, name, value, NULL);

  return pool;
}

MaltPool *
pool_start (const char *backend,
            const char *options)
{
  MaltPool *pool =
    pool_new (backend, modules != NULL ? new_worker_options (backend) : NULL, options);
  g_autoptr (GError) error = NULL;

  alarm (POOL_WATCHDOG_SECONDS);
  g_initable_init (G_INITABLE (pool), NULL, &error);
  g_assert_no_error (error);

  return pool;
}

void
pool_stop (MaltPool *pool)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (MALT_ABSTRACT_WORKER (pool), MALT_STOP_TIMEOUT_DEFAULT,
                             MALT_STOP_TIMEOUT_DEFAULT, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (malt_abstract_worker_is_running (MALT_ABSTRACT_WORKER (pool)));
  g_object_unref (pool);
  alarm (0);
}

gint64
pool_eval_int (MaltPool   *pool,
               const char *expression)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (MALT_ABSTRACT_WORKER (pool), NULL, expression, NULL,
                                            NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_int64 (value);
}

GError *
pool_eval_error (MaltPool   *pool,
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

gboolean
pool_echo (MaltPool    *pool,
           const char  *function,
           gint64       value,
           GError     **error)
{
  g_autoptr (GVariant) answer =
    malt_abstract_worker_remote_call_fetch (MALT_ABSTRACT_WORKER (pool), function,
                                            g_variant_new ("(x)", value), NULL, NULL, error);

  if (answer != NULL)
    g_assert_cmpint (g_variant_get_int64 (answer), ==, value);

  return answer != NULL;
}

void
pool_echo_async (MaltPool     *pool,
                 const char   *function,
                 gint64        value,
                 GCancellable *cancellable,
                 PoolReplies  *replies)
{
  malt_abstract_worker_remote_call_async (MALT_ABSTRACT_WORKER (pool), function,
                                          g_variant_new ("(x)", value), NULL, cancellable,
                                          pool_on_reply, replies);
}

guint
pool_get_uint (MaltPool   *pool,
               const char *name)
{
  guint value;

  g_object_get (pool, name, &value, NULL);
  return value;
}

guint64
pool_get_uint64 (MaltPool   *pool,
                 const char *name)
{
  guint64 value;

  g_object_get (pool, name, &value, NULL);
  return value;
}

void
pool_on_reply (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  PoolReplies *replies = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  replies->n_ended++;
  if (value != NULL)
    {
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        replies->sum += g_variant_get_int64 (value);
      return;
    }
  replies->n_failed++;
  g_clear_error (&replies->error);
  replies->error = g_steal_pointer (&error);
}

GVariant *
pool_new_numbers (gint64 n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(x)"));
  for (gint64 i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(x)", i);

  return g_variant_builder_end (&builder);
}

void
pool_on_mapped (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  GVariant **results = user_data;
  g_autoptr (GError) error = NULL;

  *results = malt_pool_map_finish (MALT_POOL (source), result, &error);
  g_assert_no_error (error);
}

void
pool_test_init (int    *argc,
                char ***argv)
{
  g_test_init (argc, argv, NULL);
  g_assert_cmpint (*argc, ==, 2);
  modules = (*argv)[1];
}

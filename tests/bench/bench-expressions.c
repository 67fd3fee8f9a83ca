/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bench-expressions.h"

#include <math.h>

#define FRESH_BYTES 50000000u
#define N_RECORDS 1000u
#define SLEEP_USEC 10000u

static GVariant *
make_sum (void)
{
  double sum = 0;

  for (guint i = 1; i <= 100; i++)
    sum += sqrt (i);

  return g_variant_new_double (sum);
}

static GVariant *
make_later (void)
{
  g_usleep (SLEEP_USEC);
  return g_variant_new_boolean (TRUE);
}

static GVariant *
make_zeros (gsize n_bytes)
{
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, g_malloc0 (n_bytes), n_bytes, TRUE,
                                  g_free, NULL);
}

static GVariant *
make_fresh (void)
{
  return make_zeros (FRESH_BYTES);
}

/* A value that is made once and answered again and again. */
#define DEFINE_STORED(name, n_bytes)                               \
  static GVariant *                                                \
  name (void)                                                      \
  {                                                                \
    static GVariant *stored;                                       \
                                                                   \
    if (stored == NULL)                                            \
      stored = g_variant_ref_sink (make_zeros (n_bytes));          \
                                                                   \
    return stored;                                                 \
  }

DEFINE_STORED (make_stored_50_mb, 50000000u)
DEFINE_STORED (make_stored_5_mb, 5000000u)
DEFINE_STORED (make_stored_500_kb, 500000u)
DEFINE_STORED (make_stored_50_kb, 50000u)

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* Sorted by key, as malt's Lua sends tables. */
static GVariant *
make_records (void)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  GVariantBuilder builder;

  for (guint i = 1; i <= N_RECORDS; i++)
    g_ptr_array_add (keys, g_strdup_printf ("key%u", i));
  g_ptr_array_sort (keys, compare_keys);

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);

      g_variant_builder_add (&builder, "{sv}", key, g_variant_new_string (key));
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
make_two (void)
{
  return g_variant_new_int64 (1 + 1);
}

const BenchExpression bench_expressions[] = {
  { "sum of 100 roots", NULL,
    "local sum = 0.0 for i = 1, 100 do sum = sum + math.sqrt (i) end return sum", make_sum, 500 },
  { "sleep of 10 ms", NULL, "malt.sleep (0.01) return true", make_later, 20 },
  { "fresh 50 MB", NULL, "return malt.Array ('y', 50000000)", make_fresh, 2 },
  { "stored 50 MB", "large = malt.Array ('y', 50000000)", "return large", make_stored_50_mb, 2 },
  { "stored 5 MB", "medium = malt.Array ('y', 5000000)", "return medium", make_stored_5_mb, 10 },
  { "stored 500 kB", "small = malt.Array ('y', 500000)", "return small", make_stored_500_kb, 50 },
  { "stored 50 kB", "tiny = malt.Array ('y', 50000)", "return tiny", make_stored_50_kb, 200 },
  { "1000 records", NULL,
    "local t = {} for i = 1, 1000 do t['key' .. i] = 'key' .. i end return t", make_records, 50 },
  { "1 + 1", NULL, "1 + 1", make_two, 500 },
};

const guint bench_n_expressions = G_N_ELEMENTS (bench_expressions);

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a pool costs and what it gains: the same map of work for a processor in one worker and in
 * two, and one call through a pool beside one that goes straight to a worker. Medians are
 * printed. */
#include "config.h"

#include <malt/malt.h>

#include <stdlib.h>

#define N_ROUNDS 5
#define N_INPUTS 16
#define N_CALLS 5000

/* Some milliseconds of Lua. */
#define WORK "function work (n) local sum = 0 for i = 1, n do sum = sum + i % 7 end return sum end"
#define WORK_TURNS 2000000
#define WORK_TURNS_QUICK 1000

static gboolean option_quick;
static gboolean option_json;

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const double *x = a;
  const double *y = b;

  return (*x > *y) - (*x < *y);
}

static double
get_median (double *samples, guint n)
{
  qsort (samples, n, sizeof *samples, compare);

  return samples[n / 2];
}

static void
stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  check (error);
}

static MaltPool *
start_pool (guint size)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool = malt_pool_new ("process", size, NULL, &error);

  check (error);
  malt_pool_eval_everywhere (pool, NULL, WORK, NULL, NULL, &error);
  check (error);

  return pool;
}

static GVariant *
new_inputs (guint n, gint64 turns)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(x)"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(x)", turns);

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* Milliseconds. */
static double
time_map (MaltPool *pool)
{
  g_autoptr (GVariant) inputs = new_inputs (N_INPUTS, option_quick ? WORK_TURNS_QUICK : WORK_TURNS);
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();

  results = malt_pool_map (pool, "work", inputs, NULL, &error);
  check (error);

  return (double) (g_get_monotonic_time () - start_us) / 1000;
}

/* Microseconds a call. */
static double
time_calls (MaltAbstractWorker *worker)
{
  const guint n = option_quick ? 100 : N_CALLS;
  gint64 start_us = g_get_monotonic_time ();

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
        worker, "malt.ping", g_variant_new ("(x)", (gint64) i), NULL, NULL, &error);

      check (error);
    }

  return (double) (g_get_monotonic_time () - start_us) / n;
}

/* Inputs a second. */
static double
time_small (MaltPool *pool)
{
  const guint n = option_quick ? 100 : N_CALLS;
  g_autoptr (GVariant) inputs = new_inputs (n, 1);
  g_autoptr (GVariant) results = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start_us = g_get_monotonic_time ();

  results = malt_pool_map (pool, "malt.ping", inputs, NULL, &error);
  check (error);

  return n * 1e6 / (double) (g_get_monotonic_time () - start_us);
}

static void
print (const char *name, double value, const char *unit)
{
  if (option_json)
    g_print ("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name, value, unit);
  else
    g_print ("%-40s %12.3f %s\n", name, value, unit);
}

static void
bench_maps (void)
{
  g_autoptr (MaltPool) one = start_pool (1);
  g_autoptr (MaltPool) two = start_pool (2);
  double times_one[N_ROUNDS], times_two[N_ROUNDS], ratios[N_ROUNDS], rates[N_ROUNDS];

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      times_one[i] = time_map (one);
      times_two[i] = time_map (two);
      ratios[i] = times_one[i] / times_two[i];
      rates[i] = time_small (two);
    }
  print ("map in one worker", get_median (times_one, N_ROUNDS), "ms");
  print ("map in two workers", get_median (times_two, N_ROUNDS), "ms");
  print ("two workers are so many times as fast", get_median (ratios, N_ROUNDS), "x");
  print ("map of small inputs", get_median (rates, N_ROUNDS), "inputs/s");
  stop (MALT_ABSTRACT_WORKER (one));
  stop (MALT_ABSTRACT_WORKER (two));
}

static void
bench_calls (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);
  g_autoptr (MaltPool) pool = NULL;
  double direct[N_ROUNDS], pooled[N_ROUNDS];

  check (error);
  pool = start_pool (1);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      direct[i] = time_calls (worker);
      pooled[i] = time_calls (MALT_ABSTRACT_WORKER (pool));
    }
  print ("call of a worker", get_median (direct, N_ROUNDS), "us");
  print ("call through a pool", get_median (pooled, N_ROUNDS), "us");
  stop (worker);
  stop (MALT_ABSTRACT_WORKER (pool));
}

int
main (int argc, char *argv[])
{
  g_autoptr (GOptionContext) context = g_option_context_new ("— what a pool costs and gains");
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "quick", 0, 0, G_OPTION_ARG_NONE, &option_quick, "A few calls of each kind", NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &option_json, "One object a line", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, &argc, &argv, &error);
  check (error);

  bench_maps ();
  bench_calls ();

  return 0;
}

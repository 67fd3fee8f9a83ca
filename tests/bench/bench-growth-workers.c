/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many workers, which are started once and kept, and pools. */
#include "config.h"

#include "bench-growth.h"

#include <stdio.h>
#include <string.h>

/* Owned MaltAbstractWorkers. */
static GPtrArray *workers;

/* Neither more nor less. */
static void
ensure_workers (guint64 n)
{
  if (workers == NULL)
    workers = g_ptr_array_new ();
  while (workers->len < n)
    g_ptr_array_add (workers, bench_growth_start (NULL));
  while (workers->len > n)
    bench_growth_end (g_ptr_array_steal_index (workers, workers->len - 1));
}

void
bench_growth_workers_stop (void)
{
  for (guint i = 0; workers != NULL && i < workers->len; i++)
    bench_growth_end (g_ptr_array_index (workers, i));
  g_clear_pointer (&workers, g_ptr_array_unref);
}

/* One is called, the others are idle. */
static void
measure_call (guint64 n, GArray *samples)
{
  ensure_workers (n);
  bench_growth_call (g_ptr_array_index (workers, n / 2), 0, samples);
}

static void
measure_pipeline (guint64 n, GArray *samples)
{
  g_autoptr (GArray) rates = g_array_new (FALSE, FALSE, sizeof (double));

  ensure_workers (n);
  bench_malt_pipeline (g_ptr_array_index (workers, n / 2), rates,
                       bench_growth_is_quick ? 100 : 20000);
  bench_add (samples, G_USEC_PER_SEC / g_array_index (rates, double, 0));
}

/* Each has as many calls as the others; of one call. */
static void
measure_spread (guint64 n, GArray *samples)
{
  guint64 n_calls = MAX (n, bench_growth_is_quick ? 1 : 5000);
  BenchCalls calls = { 0 };
  double start_us;

  ensure_workers (n);
  start_us = bench_now_us ();
  for (guint64 i = 0; i < n_calls; i++)
    bench_growth_send (g_ptr_array_index (workers, i % n), "malt.ping", 1.0, 0, NULL, &calls);
  bench_growth_wait (&calls, n_calls);
  bench_add (samples, (bench_now_us () - start_us) / n_calls);
}

/* One more, its first call, and its end. */
static void
measure_start (guint64 n, GArray *samples)
{
  double start_us;

  ensure_workers (n);
  start_us = bench_now_us ();
  bench_growth_end (bench_growth_start (NULL));
  bench_add (samples, (bench_now_us () - start_us) / 1e3);
}

/* A list of all of them, gone through; of one worker. */
static void
measure_list (guint64 n, GArray *samples)
{
  double start_us;

  ensure_workers (n);
  start_us = bench_now_us ();
  for (guint k = 0; k < BENCH_GROWTH_CALLS; k++)
    {
      g_autoptr (GListModel) list = malt_list_running_workers ();

      if (g_list_model_get_n_items (list) != n)
        g_error ("Another number of workers is running");
      for (guint i = 0; i < n; i++)
        g_object_unref (g_list_model_get_item (list, i));
    }
  bench_add (samples, (bench_now_us () - start_us) / (n * BENCH_GROWTH_CALLS));
}

/* kB that belong to a process alone. */
static double
get_private_kb (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  double sum = 0;

  g_file_get_contents (path, &text, NULL, &error);
  bench_growth_check (error);
  for (const char *line = text; line != NULL; line = strchr (line, '\n'))
    {
      unsigned long kb;

      line += *line == '\n';
      if (sscanf (line, "Private_%*[a-zA-Z]: %lu kB", &kb) == 1)
        sum += (double) kb;
    }

  return sum;
}

/* Of each of them, idle and called before. */
static void
measure_memory (guint64 n, GArray *samples)
{
  ensure_workers (n);
  for (guint64 i = 0; i < n; i++)
    {
      int pid;

      g_object_get (g_ptr_array_index (workers, i), "pid", &pid, NULL);
      bench_add (samples, get_private_kb (pid) / 1024);
    }
}

#define COUNTED_WORKERS "workers"

const BenchGrowth bench_growth_workers[] = {
  { "workers", "call", COUNTED_WORKERS, "us", 500, 10, 5, measure_call },
  { "workers", "pipeline", COUNTED_WORKERS, "us/call", 500, 10, 5, measure_pipeline },
  { "workers", "spread", COUNTED_WORKERS, "us/call", 500, 10, 5, measure_spread },
  { "workers", "start-and-stop", COUNTED_WORKERS, "ms", 500, 10, 9, measure_start },
  { "workers", "list", COUNTED_WORKERS, "us/worker", 500, 10, 3, measure_list },
  { "workers", "memory", COUNTED_WORKERS, "MiB/worker", 500, 10, 1, measure_memory },
  { NULL }
};

static MaltPool *
start_pool (guint size)
{
  g_autoptr (GError) error = NULL;
  MaltPool *pool = malt_pool_new (bench_growth_backend, size, NULL, &error);

  bench_growth_check (error);
  return pool;
}

/* Calls that wait for one of two workers; of one call. */
static void
measure_queue (guint64 n, GArray *samples)
{
  MaltPool *pool = start_pool (2);
  BenchCalls calls = { 0 };
  double start_us = bench_now_us ();

  g_object_set (pool, "max-queue", 0, NULL);
  for (guint64 i = 0; i < n; i++)
    bench_growth_send (MALT_ABSTRACT_WORKER (pool), "malt.ping", 1.0, 0, NULL, &calls);
  bench_growth_wait (&calls, n);
  if (calls.n_failed != 0)
    g_error ("Not all calls ended well");
  bench_add (samples, (bench_now_us () - start_us) / n);
  bench_growth_end (MALT_ABSTRACT_WORKER (pool));
}

/* Calls in a pool of so many; of one call. */
static void
measure_members (guint64 n, GArray *samples)
{
  guint64 n_calls = bench_growth_is_quick ? 100 : 5000;
  MaltPool *pool = start_pool (n);
  BenchCalls calls = { 0 };
  double start_us = bench_now_us ();

  g_object_set (pool, "max-queue", 0, NULL);
  for (guint64 i = 0; i < n_calls; i++)
    bench_growth_send (MALT_ABSTRACT_WORKER (pool), "malt.ping", 1.0, 0, NULL, &calls);
  bench_growth_wait (&calls, n_calls);
  bench_add (samples, (bench_now_us () - start_us) / n_calls);
  bench_growth_end (MALT_ABSTRACT_WORKER (pool));
}

const BenchGrowth bench_growth_pools[] = {
  { "pools", "queue", "calls that wait", "us/call", 100000, 100, 3, measure_queue },
  { "pools", "members", "workers of the pool", "us/call", 500, 10, 3, measure_members },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include "tests/bench/bench.h"

#include <stdio.h>

/* Enough for a median on a machine that does other things, too. */
#define N_STARTS 9
#define N_CALLS 2000
#define N_PIPELINES 5
#define N_PIPELINED_CALLS 10000

typedef struct
{
  double start_ms;
  double call_us;
  double calls_per_second;
} Performance;

static int
compare_samples (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a, second = *(const double *) b;

  return (first > second) - (first < second);
}

static double
take_median (GArray *samples)
{
  double median;

  g_array_sort (samples, compare_samples);
  median = g_array_index (samples, double, samples->len / 2);
  g_array_set_size (samples, 0);
  return median;
}

/* NULL: it does not start, and the cases have said so. */
static MaltAbstractWorker *
start (const char *backend, GVariant *options, GArray *samples)
{
  double start_us = bench_now_us ();
  MaltAbstractWorker *worker = malt_create_worker_with_options (backend, options, NULL, NULL);

  if (worker != NULL)
    bench_add (samples, (bench_now_us () - start_us) / 1e3);
  return worker;
}

static gboolean
measure (const char *backend, GVariant *options, Performance *performance)
{
  g_autoptr (GArray) samples = g_array_new (FALSE, FALSE, sizeof (double));
  MaltAbstractWorker *worker;

  for (guint i = 1; i < N_STARTS; i++)
    {
      worker = start (backend, options, samples);
      if (worker == NULL)
        return FALSE;
      bench_worker_stop (worker);
    }
  worker = start (backend, options, samples);
  if (worker == NULL)
    return FALSE;

  performance->start_ms = take_median (samples);
  bench_malt_call (worker, samples, N_CALLS);
  performance->call_us = take_median (samples);
  for (guint i = 0; i < N_PIPELINES; i++)
    bench_malt_pipeline (worker, samples, N_PIPELINED_CALLS);
  performance->calls_per_second = take_median (samples);
  bench_worker_stop (worker);
  return TRUE;
}

void
contract_report_performance (const ContractSettings *settings)
{
  Performance own, process;

  if (!measure (settings->backend, settings->options, &own) || !measure ("process", NULL, &process))
    {
      printf ("# performance: not measured, for a worker did not start\n");
      return;
    }

  printf ("# performance, medians; in brackets that of the backend “process”:\n");
  printf ("#   start      %.1f ms (%.1f ms)\n", own.start_ms, process.start_ms);
  printf ("#   call       %.1f µs (%.1f µs)\n", own.call_us, process.call_us);
  printf ("#   pipelined  %.0f calls/s (%.0f calls/s)\n", own.calls_per_second,
          process.calls_per_second);
}

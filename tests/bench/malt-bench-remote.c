/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What it costs that a worker is elsewhere: the same measured with the workers of several profiles
 * of the configuration, in turns, beside the raw round trip on this machine, straight and with a
 * process between that passes on what it gets. Medians are printed, and the ratio to the first
 * profile.
 *
 *   malt-bench-remote process nats tls ssh */
#include "config.h"

#include "bench.h"

#include <stdlib.h>

#define N_ROUNDS 5
#define N_CALLS 2000
#define N_INTERRUPTS 5

/* For an endless loop to be reached, once it has been sent. */
#define BEGIN_USEC 5000

typedef void (*MeasureFunc) (const char         *profile,
                             MaltAbstractWorker *worker,
                             GArray             *samples);

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

static MaltAbstractWorker *
start (const char *profile)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker (profile, NULL, &error, NULL);

  check (error);
  return worker;
}

static void
measure_start (const char         *profile,
               MaltAbstractWorker *unused,
               GArray             *samples)
{
  double start_us = bench_now_us ();
  MaltAbstractWorker *worker = start (profile);

  bench_add (samples, bench_now_us () - start_us);
  bench_worker_stop (worker);
}

static void
measure_stop (const char         *profile,
              MaltAbstractWorker *unused,
              GArray             *samples)
{
  MaltAbstractWorker *worker = start (profile);
  double start_us = bench_now_us ();

  bench_worker_stop (worker);
  bench_add (samples, bench_now_us () - start_us);
}

static void
measure_call (const char         *profile,
              MaltAbstractWorker *worker,
              GArray             *samples)
{
  bench_malt_call (worker, samples, N_CALLS);
}

static void
measure_large (const char         *profile,
               MaltAbstractWorker *worker,
               GArray             *samples)
{
  bench_malt_large (worker, samples, 1);
}

static void
on_ended (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  gboolean *has_ended = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_finish (MALT_ABSTRACT_WORKER (source), result, &error);

  if (value != NULL || !g_error_matches (error, MALT_ERROR, MALT_ERROR_INTERRUPTED))
    g_error ("An endless loop was not interrupted: %s",
             error != NULL ? error->message : "it ended");
  *has_ended = TRUE;
}

static void
measure_interrupt (const char         *profile,
                   MaltAbstractWorker *worker,
                   GArray             *samples)
{
  for (guint i = 0; i < N_INTERRUPTS; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean has_ended = FALSE;
      double start_us;

      malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL,
                                              on_ended, &has_ended);
      g_usleep (BEGIN_USEC);
      start_us = bench_now_us ();
      malt_abstract_worker_interrupt (worker, &error);
      check (error);
      while (!has_ended)
        g_main_context_iteration (NULL, TRUE);
      bench_add (samples, bench_now_us () - start_us);
    }
}

/* In turns, too. */
static void
measure_raw (GArray *straight_samples,
             GArray *hop_samples)
{
  BenchPeer straight;
  BenchPeer behind;
  BenchPeer hop;

  bench_peer_start (&straight, TRUE);
  bench_peer_start (&behind, TRUE);
  bench_peer_start_hop (&hop, &behind);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      bench_limit_echo (&straight, straight_samples, N_CALLS);
      bench_limit_echo (&hop, hop_samples, N_CALLS);
    }
  bench_peer_stop (&hop);
  bench_peer_stop (&behind);
  bench_peer_stop (&straight);
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  const double *x = a;
  const double *y = b;

  return (*x > *y) - (*x < *y);
}

static double
get_median (GArray *samples)
{
  g_array_sort (samples, compare);

  return g_array_index (samples, double, samples->len / 2);
}

static void
measure (const char  *name,
         MeasureFunc  func,
         char       **profiles,
         guint        n_profiles)
{
  g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n_profiles; i++)
    {
      g_ptr_array_add (samples, g_array_new (FALSE, FALSE, sizeof (double)));
      g_ptr_array_add (workers, start (profiles[i]));
    }

  for (guint round = 0; round < N_ROUNDS; round++)
    for (guint i = 0; i < n_profiles; i++)
      func (profiles[i], g_ptr_array_index (workers, i), g_ptr_array_index (samples, i));

  for (guint i = 0; i < n_profiles; i++)
    {
      double first = get_median (g_ptr_array_index (samples, 0));
      double median = get_median (g_ptr_array_index (samples, i));

      g_print ("%-10s %-12s %10.1f us  %5.2f\n", name, profiles[i], median, median / first);
    }
  for (guint i = 0; i < n_profiles; i++)
    malt_abstract_worker_stop (g_ptr_array_index (workers, i), 1000, 1000, NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GArray) straight = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) hop = g_array_new (FALSE, FALSE, sizeof (double));
  guint n_profiles = (guint) argc - 1;

  bench_limit_program = g_strdup (g_getenv ("MALT_BENCH_LIMIT"));
  if (n_profiles == 0 || bench_limit_program == NULL)
    {
      g_printerr ("usage: MALT_BENCH_LIMIT=bench-limit %s PROFILE…\n", argv[0]);
      return 2;
    }

  measure_raw (straight, hop);
  g_print ("%-10s %-12s %10.1f us\n", "raw", "straight", get_median (straight));
  g_print ("%-10s %-12s %10.1f us\n", "raw", "one hop", get_median (hop));
  measure ("call", measure_call, argv + 1, n_profiles);
  measure ("64mib", measure_large, argv + 1, n_profiles);
  measure ("interrupt", measure_interrupt, argv + 1, n_profiles);
  measure ("start", measure_start, argv + 1, n_profiles);
  measure ("stop", measure_stop, argv + 1, n_profiles);
  g_free (bench_limit_program);

  return 0;
}

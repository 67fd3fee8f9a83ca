/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values of 64 MiB that are not bytes on a TCP socket. */
#include "config.h"

#include "bench.h"

#include <string.h>

/* What is left when nothing goes anywhere. */
void
bench_limit_copy (BenchPeer *unused, GArray *samples, guint n)
{
  g_autofree guint8 *from = g_malloc (BENCH_LARGE_BYTES);
  g_autofree guint8 *to = g_malloc (BENCH_LARGE_BYTES);

  memset (from, 1, BENCH_LARGE_BYTES);
  memset (to, 2, BENCH_LARGE_BYTES);
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();

      from[i] = i;
      memcpy (to, from, BENCH_LARGE_BYTES);
      bench_add (samples, bench_now_us () - start_us);
      if (to[i] != (guint8) i)
        g_error ("A wrong copy");
    }
}

/* A value that has never been sent each time; the making of it is not in the measured time. */
void
bench_malt_new (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      guint8 *bytes = g_malloc (BENCH_LARGE_BYTES);
      g_autoptr (GVariant) args = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError) error = NULL;
      double start_us;

      memset (bytes, i, BENCH_LARGE_BYTES);
      args = g_variant_ref_sink (g_variant_new (
        "(@ay)", g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, BENCH_LARGE_BYTES,
                                          TRUE, g_free, bytes)));
      start_us = bench_now_us ();
      value = malt_abstract_worker_remote_call_fetch (worker, "malt.ping", args, NULL, NULL,
                                                      &error);
      if (error != NULL)
        g_error ("%s", error->message);
      bench_add (samples, bench_now_us () - start_us);
      if (g_variant_get_size (value) != BENCH_LARGE_BYTES)
        g_error ("A wrong answer of %" G_GSIZE_FORMAT " bytes", g_variant_get_size (value));
    }
}

static void
call_with_doubles (MaltAbstractWorker *worker, const char *function, GArray *samples, guint n)
{
  gsize n_doubles = BENCH_LARGE_BYTES / sizeof (double);
  double *doubles = g_new (double, n_doubles);
  g_autoptr (GVariant) args = NULL;

  for (gsize i = 0; i < n_doubles; i++)
    doubles[i] = i;
  args = g_variant_ref_sink (g_variant_new (
    "(@ad)", g_variant_new_from_data (G_VARIANT_TYPE ("ad"), doubles, BENCH_LARGE_BYTES, TRUE,
                                      g_free, doubles)));
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (worker, function, args,
                                                                           NULL, NULL, &error);
      const double *result;
      gsize n_result;

      if (error != NULL)
        g_error ("%s", error->message);
      bench_add (samples, bench_now_us () - start_us);
      result = g_variant_get_fixed_array (value, &n_result, sizeof (double));
      if (n_result != n_doubles || result[n_doubles - 1] != n_doubles - 1)
        g_error ("A wrong answer of %" G_GSIZE_FORMAT " doubles", n_result);
    }
}

void
bench_malt_doubles (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_with_doubles (worker, "malt.ping", samples, n);
}

void
bench_malt_doubles_language (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_with_doubles (worker, "echo", samples, n);
}

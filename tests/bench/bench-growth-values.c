/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values from a byte to a gibibyte, and channels that many values go through. */
#include "config.h"

#include "bench-growth.h"

#include <string.h>

/* A sample is of this many bytes at least, and of this many calls at the most. */
#define SAMPLE_BYTES (16u * 1024 * 1024)
#define SAMPLE_MAX_CALLS 200u

/* There and back; an echo, so that both ends read and write it. */
static void
measure_value (const char *transport, guint64 n, GArray *samples)
{
  /* The default is a gibibyte, the frame around the value included. */
  MaltAbstractWorker *worker = bench_growth_start (g_variant_new_parsed (
    "{'transport': <%s>, 'max-message-size': <%t>}", transport, (guint64) G_MAXUINT32));
  guint64 n_calls = bench_growth_is_quick ? 2 : CLAMP (SAMPLE_BYTES / n, 3, SAMPLE_MAX_CALLS);
  guint8 *bytes = g_malloc (n);
  g_autoptr (GVariant) args = NULL;

  memset (bytes, 1, n);
  args = g_variant_ref_sink (g_variant_new (
    "(@ay)",
    g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, n, TRUE, g_free, bytes)));
  /* The tuple is put together once, not in the measured time. */
  g_variant_get_data (args);

  for (guint64 i = 0; i <= n_calls; i++)
    {
      g_autoptr (GError) error = NULL;
      double start_us = bench_now_us ();
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
        worker, "malt.ping", args, NULL, NULL, &error);

      bench_growth_check (error);
      /* The first warms up. */
      if (i > 0)
        bench_add (samples, bench_now_us () - start_us);
      if (g_variant_get_size (value) != n)
        g_error ("A wrong answer of %" G_GSIZE_FORMAT " bytes", g_variant_get_size (value));
    }
  bench_growth_end (worker);
}

static void
measure_value_tcp (guint64 n, GArray *samples)
{
  measure_value ("tcp", n, samples);
}

static void
measure_value_unix (guint64 n, GArray *samples)
{
  measure_value ("unix", n, samples);
}

#define COUNTED_BYTES "bytes"

const BenchGrowth bench_growth_values[] = {
  { "values", "tcp", COUNTED_BYTES, "us", 1 << 30, 1 << 12, 1, measure_value_tcp },
  { "values", "unix", COUNTED_BYTES, "us", 1 << 30, 1 << 12, 1, measure_value_unix },
  { NULL }
};

static void
measure_through (guint64 n, GArray *samples)
{
  MaltAbstractWorker *worker = bench_growth_start (NULL);
  g_autoptr (GArray) rates = g_array_new (FALSE, FALSE, sizeof (double));

  bench_malt_channel (worker, rates, n);
  bench_add (samples, G_USEC_PER_SEC / g_array_index (rates, double, 0));
  bench_growth_end (worker);
}

/* The worker fills the channel; then it is emptied. */
static void
measure_held (guint64 n, GArray *samples)
{
  MaltAbstractWorker *worker = bench_growth_start (NULL);
  g_autofree char *expression =
    g_strdup_printf ("rc = malt.channel (%" G_GUINT64_FORMAT ") return rc", n);
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltChannel) channel = malt_abstract_worker_worker_channel (worker, expression, NULL,
                                                                         &error);
  double start_us;

  bench_growth_check (error);
  malt_abstract_worker_remote_eval_wait (worker, NULL,
                                         "local n = ... for i = 1, n do rc:put (i) end",
                                         g_variant_new ("(t)", n), NULL, &error);
  bench_growth_check (error);
  start_us = bench_now_us ();
  for (guint64 i = 1; i <= n; i++)
    {
      g_autoptr (GVariant) value = malt_channel_take (channel, NULL, &error);

      bench_growth_check (error);
      if (g_variant_get_int64 (value) != (gint64) i)
        g_error ("A wrong value came out of the channel");
    }
  bench_add (samples, (bench_now_us () - start_us) / n);
  bench_growth_end (worker);
}

/* In this process. */
static void
measure_local (guint64 n, GArray *samples)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (n);
  double start_us = bench_now_us ();
  g_autoptr (GError) error = NULL;

  for (guint64 i = 0; i < n; i++)
    {
      malt_channel_put (MALT_CHANNEL (channel), g_variant_new_uint64 (i), NULL, &error);
      bench_growth_check (error);
    }
  for (guint64 i = 0; i < n; i++)
    {
      g_autoptr (GVariant) value = malt_channel_take (MALT_CHANNEL (channel), NULL, &error);

      bench_growth_check (error);
      if (g_variant_get_uint64 (value) != i)
        g_error ("A wrong value came out of the channel");
    }
  bench_add (samples, (bench_now_us () - start_us) / n);
}

#define COUNTED_VALUES "values"

const BenchGrowth bench_growth_channels[] = {
  { "channels", "through", COUNTED_VALUES, "us/value", 1000000, 100, 3, measure_through },
  { "channels", "held", COUNTED_VALUES, "us/value", 1000000, 100, 3, measure_held },
  { "channels", "local", COUNTED_VALUES, "us/value", 1000000, 100, 3, measure_local },
  { NULL }
};

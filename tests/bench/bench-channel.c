/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "bench.h"

/* Values that a channel holds before its putter waits: more than one request brings. */
#define CHANNEL_PLACES "1000"

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

/* A channel into which the worker puts the numbers from 1 to `n`. */
static MaltChannel *
open_channel (MaltAbstractWorker *worker, guint n)
{
  g_autoptr (GError) error = NULL;
  MaltChannel *channel = malt_abstract_worker_worker_channel (
    worker, "rc = malt.channel (" CHANNEL_PLACES ") return rc", NULL, &error);

  check (error);
  malt_abstract_worker_remote_eval_wait (
    worker, NULL, "local n = ... malt.spawn (function () for i = 1, n do rc:put (i) end end)",
    g_variant_new ("(x)", (gint64) n), NULL, &error);
  check (error);

  return channel;
}

static void
check_value (GVariant *value, guint expected)
{
  if (g_variant_get_int64 (value) != expected)
    g_error ("A wrong value came out of the channel");
}

void
bench_malt_channel (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  g_autoptr (MaltChannel) channel = open_channel (worker, n);
  double start_us = bench_now_us ();

  for (guint i = 1; i <= n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_channel_take (channel, NULL, &error);

      check (error);
      check_value (value, i);
    }
  bench_add (samples, n / (bench_now_us () - start_us) * G_USEC_PER_SEC);
}

typedef struct
{
  MaltChannel *channel;
  guint        n_values;
  guint        n_asked;
  guint        n_taken;
} Taking;

static void
on_taken (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Taking *taking = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take_finish (taking->channel, result, &error);

  check (error);
  check_value (value, ++taking->n_taken);
  if (taking->n_asked < taking->n_values)
    {
      taking->n_asked++;
      malt_channel_take_async (taking->channel, NULL, on_taken, taking);
    }
}

void
bench_malt_channel_async (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  g_autoptr (MaltChannel) channel = open_channel (worker, n);
  Taking taking = { .channel = channel, .n_values = n };
  double start_us = bench_now_us ();

  for (; taking.n_asked < MIN (n, BENCH_WINDOW); taking.n_asked++)
    malt_channel_take_async (channel, NULL, on_taken, &taking);
  while (taking.n_taken < n)
    g_main_context_iteration (NULL, TRUE);
  bench_add (samples, n / (bench_now_us () - start_us) * G_USEC_PER_SEC);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The work as an application does it: the public interface and nothing else. */
#include "config.h"

#include "bench.h"

#include <string.h>
#include <time.h>

double
bench_now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

void
bench_add (GArray *samples, double sample)
{
  g_array_append_val (samples, sample);
}

static void
check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

MaltAbstractWorker *
bench_worker_start (const char *transport)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker =
    g_str_equal (transport, "in-process")
    ? malt_create_worker ("in-process", NULL, &error, NULL)
    : malt_create_worker_with_options (
        "process", g_variant_new_parsed ("{'transport': <%s>}", transport), NULL, &error);

  check (error);
  malt_abstract_worker_remote_eval_wait (worker, NULL, "function echo (n) return n end", NULL, NULL,
                                         &error);
  check (error);
  return worker;
}

void
bench_worker_stop (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  check (error);
  g_object_unref (worker);
}

static void
call_once (MaltAbstractWorker *worker, const char *function, gint64 number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
    worker, function, g_variant_new ("(x)", number), NULL, NULL, &error);

  check (error);
  if (g_variant_get_int64 (value) != number)
    g_error ("A wrong answer from “%s”", function);
}

/* What is left when nothing is called: the arguments are made, and the answer is read. */
void
bench_limit_value (BenchPeer *unused, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();
      g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(x)", (gint64) i));
      g_autoptr (GVariant) value = g_variant_get_child_value (args, 0);

      if (g_variant_get_int64 (value) != i)
        g_error ("A wrong value");
      bench_add (samples, bench_now_us () - start_us);
    }
}

static void
start_once (GArray *samples, guint n_spares)
{
  double start_us = bench_now_us ();
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker =
    n_spares == 0 ? malt_create_worker ("process", NULL, &error, NULL)
                  : malt_create_worker ("process", NULL, &error, "spare", n_spares, NULL);

  check (error);
  call_once (worker, "malt.ping", 1);
  bench_add (samples, bench_now_us () - start_us);
  bench_worker_stop (worker);
}

/* Everything between nothing and an answer in hand; the end of the worker is not in it. */
void
bench_malt_start (MaltAbstractWorker *unused, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    start_once (samples, 0);
}

/* The first time of all there is no spare: that is why a measurement is tried before it counts. */
void
bench_malt_start_spare (MaltAbstractWorker *unused, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_usleep (BENCH_REST_USEC);
      start_once (samples, 1);
    }
}

static void
call_blocking (MaltAbstractWorker *worker, const char *function, GArray *samples, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();

      call_once (worker, function, i);
      bench_add (samples, bench_now_us () - start_us);
    }
}

void
bench_malt_call (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_blocking (worker, "malt.ping", samples, n);
}

void
bench_malt_call_language (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_blocking (worker, "echo", samples, n);
}

#define MAX_WORKERS 2u

/* A window of asynchronous calls, from one main loop, to some workers in turns. */
typedef struct
{
  MaltAbstractWorker *workers[MAX_WORKERS];
  guint               n_workers;
  const char         *function;
  guint               n_calls;
  guint               n_sent;
  guint               n_received;
  guint               n_received_of[MAX_WORKERS];
} Pipeline;

static void on_answer (GObject *source, GAsyncResult *result, gpointer user_data);

static void
send_next (Pipeline *pipeline)
{
  malt_abstract_worker_remote_call_async (pipeline->workers[pipeline->n_sent % pipeline->n_workers],
                                          pipeline->function,
                                          g_variant_new ("(x)", (gint64) pipeline->n_sent), NULL,
                                          NULL, on_answer, pipeline);
  pipeline->n_sent++;
}

/* Each answers in the order in which it was asked. */
static gint64
expect_next (Pipeline *pipeline, gpointer worker)
{
  guint i = pipeline->workers[0] == worker ? 0 : 1;

  pipeline->n_received++;
  return (gint64) pipeline->n_received_of[i]++ * pipeline->n_workers + i;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Pipeline *pipeline = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  check (error);
  if (g_variant_get_int64 (value) != expect_next (pipeline, source))
    g_error ("A wrong answer from “%s”", pipeline->function);
  if (pipeline->n_sent < pipeline->n_calls)
    send_next (pipeline);
}

/* `other`: nullable */
static void
call_pipelined (MaltAbstractWorker *worker,
                MaltAbstractWorker *other,
                const char         *function,
                GArray             *samples,
                guint               n)
{
  Pipeline pipeline = { .workers = { worker, other }, .n_workers = other != NULL ? 2 : 1,
                        .function = function, .n_calls = n };
  double start_us = bench_now_us ();

  while (pipeline.n_sent < MIN (n, BENCH_WINDOW))
    send_next (&pipeline);
  while (pipeline.n_received < n)
    g_main_context_iteration (NULL, TRUE);
  bench_add (samples, n / (bench_now_us () - start_us) * G_USEC_PER_SEC);
}

void
bench_malt_pipeline (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_pipelined (worker, NULL, "malt.ping", samples, n);
}

void
bench_malt_pipeline_two (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  MaltAbstractWorker *other = bench_worker_start ("tcp");

  call_pipelined (worker, other, "malt.ping", samples, n);
  bench_worker_stop (other);
}

void
bench_malt_pipeline_language (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  call_pipelined (worker, NULL, "echo", samples, n);
}

void
bench_malt_large (MaltAbstractWorker *worker, GArray *samples, guint n)
{
  guint8 *bytes = g_malloc (BENCH_LARGE_BYTES);
  g_autoptr (GVariant) args = NULL;

  memset (bytes, 1, BENCH_LARGE_BYTES);
  args = g_variant_ref_sink (g_variant_new (
    "(@ay)", g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, BENCH_LARGE_BYTES, TRUE,
                                      g_free, bytes)));
  /* The tuple is put together once, not in the measured time. */
  g_variant_get_data (args);
  for (guint i = 0; i < n; i++)
    {
      double start_us = bench_now_us ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
        worker, "malt.ping", args, NULL, NULL, &error);

      check (error);
      bench_add (samples, bench_now_us () - start_us);
      if (g_variant_get_size (value) != BENCH_LARGE_BYTES)
        g_error ("A wrong answer of %" G_GSIZE_FORMAT " bytes", g_variant_get_size (value));
    }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One worker with many calls. */
#include "config.h"

#include "bench-growth.h"

/* A call that lasts longer than the measurement, and a time-out that is not over before it. */
#define LONG_SEC 3600.0
#define LONG_MSEC 3600000u

/* So many calls at least make a sample that can be told from nothing. */
#define SAMPLE_MIN_CALLS 1000u

void
bench_growth_check (const GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

MaltAbstractWorker *
bench_growth_start (GVariant *options)
{
  g_autoptr (GError) error = NULL;
  MaltAbstractWorker *worker = malt_create_worker_with_options (bench_growth_backend, options, NULL,
                                                                &error);

  bench_growth_check (error);
  return worker;
}

void
bench_growth_end (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  bench_growth_check (error);
  g_object_unref (worker);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BenchCalls *calls = user_data;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, NULL);

  calls->n_ended++;
  calls->n_failed += value == NULL;
}

void
bench_growth_send (MaltAbstractWorker *worker, const char *function, double argument,
                   guint timeout_ms, GCancellable *cancellable, BenchCalls *calls)
{
  g_autoptr (MaltCall) call = malt_call_new (function, g_variant_new ("(d)", argument), NULL);

  if (timeout_ms != 0)
    malt_call_set_timeout (call, timeout_ms);
  malt_abstract_worker_send_async (worker, call, cancellable, on_ended, calls);
}

void
bench_growth_wait (BenchCalls *calls, guint64 n)
{
  while (calls->n_ended < n)
    g_main_context_iteration (NULL, TRUE);
}

void
bench_growth_call (MaltAbstractWorker *worker, guint timeout_ms, GArray *samples)
{
  guint n = bench_growth_is_quick ? BENCH_GROWTH_CALLS_QUICK : BENCH_GROWTH_CALLS;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      double start_us = bench_now_us ();
      g_autoptr (MaltCall) call = malt_call_new ("malt.ping", g_variant_new ("(d)", 1.0), NULL);
      g_autoptr (GVariant) value = NULL;

      if (timeout_ms != 0)
        malt_call_set_timeout (call, timeout_ms);
      value = malt_abstract_worker_send (worker, call, NULL, &error);
      bench_growth_check (error);
      bench_add (samples, bench_now_us () - start_us);
    }
}

/* A worker with `n` calls of `function` that do not end by themselves. */
static MaltAbstractWorker *
start_waiting (const char *function, guint64 n, guint timeout_ms, BenchCalls *calls)
{
  MaltAbstractWorker *worker = bench_growth_start (NULL);
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_eval_wait (worker, NULL,
                                         "function wait (seconds) malt.sleep (seconds) end", NULL,
                                         NULL, &error);
  bench_growth_check (error);
  for (guint64 i = 0; i < n; i++)
    bench_growth_send (worker, function, LONG_SEC, timeout_ms,
                       calls->cancellables != NULL ? calls->cancellables[i] : NULL, calls);
  /* Behind all of them. */
  value = malt_abstract_worker_remote_call_fetch (worker, "malt.ping", NULL, NULL, NULL, &error);
  bench_growth_check (error);

  return worker;
}

static void
end_waiting (MaltAbstractWorker *worker, BenchCalls *calls, guint64 n)
{
  bench_growth_end (worker);
  bench_growth_wait (calls, n);
}

/* All at once, from nothing to the last answer; of one call. */
static void
measure_burst (guint64 n, GArray *samples)
{
  MaltAbstractWorker *worker = bench_growth_start (NULL);
  g_autoptr (GArray) warm_up = g_array_new (FALSE, FALSE, sizeof (double));
  BenchCalls calls = { 0 };
  guint64 n_sent = 0;
  double start_us;

  bench_growth_call (worker, 0, warm_up);
  start_us = bench_now_us ();
  while (n_sent < (bench_growth_is_quick ? 1 : SAMPLE_MIN_CALLS))
    {
      for (guint64 i = 0; i < n; i++)
        bench_growth_send (worker, "malt.ping", 1.0, 0, NULL, &calls);
      n_sent += n;
      bench_growth_wait (&calls, n_sent);
    }
  bench_add (samples, (bench_now_us () - start_us) / n_sent);
  bench_growth_end (worker);
}

/* One more, while `n` wait for something in the worker. */
static void
measure_beside (const char *function, guint64 n, guint timeout_ms, GArray *samples)
{
  BenchCalls calls = { 0 };
  MaltAbstractWorker *worker = start_waiting (function, n, timeout_ms, &calls);

  bench_growth_call (worker, timeout_ms, samples);
  end_waiting (worker, &calls, n);
}

static void
measure_beside_builtin (guint64 n, GArray *samples)
{
  measure_beside ("malt.sleep", n, 0, samples);
}

static void
measure_beside_language (guint64 n, GArray *samples)
{
  measure_beside ("wait", n, 0, samples);
}

static void
measure_beside_timeout (guint64 n, GArray *samples)
{
  measure_beside ("malt.sleep", n, LONG_MSEC, samples);
}

/* In an order that has nothing to do with that of the calls. */
static void
measure_cancel (guint64 n, GArray *samples)
{
  const guint64 stride = 7919; /* a prime that divides no n */
  BenchCalls calls = { .cancellables = g_new (GCancellable *, n) };
  MaltAbstractWorker *worker;
  double start_us;

  for (guint64 i = 0; i < n; i++)
    calls.cancellables[i] = g_cancellable_new ();
  worker = start_waiting ("malt.sleep", n, 0, &calls);

  start_us = bench_now_us ();
  for (guint64 i = 0; i < n; i++)
    g_cancellable_cancel (calls.cancellables[i * stride % n]);
  bench_growth_wait (&calls, n);
  bench_add (samples, (bench_now_us () - start_us) / n);

  bench_growth_end (worker);
  for (guint64 i = 0; i < n; i++)
    g_object_unref (calls.cancellables[i]);
  g_free (calls.cancellables);
}

/* The latest, there and back, and the next one; all of them where nobody has to wait for it. */
static void
measure_interrupt (guint64 n, GArray *samples)
{
  BenchCalls calls = { 0 };
  MaltAbstractWorker *worker = start_waiting ("malt.sleep", n, 0, &calls);

  for (guint64 i = 0; i < (bench_growth_is_quick ? n : MIN (n, BENCH_GROWTH_CALLS)); i++)
    {
      g_autoptr (GError) error = NULL;
      double start_us = bench_now_us ();

      malt_abstract_worker_interrupt (worker, &error);
      bench_growth_check (error);
      bench_growth_wait (&calls, i + 1);
      bench_add (samples, bench_now_us () - start_us);
    }
  end_waiting (worker, &calls, n);
}

/* The worker ends, and each of its calls. */
static void
measure_end (guint64 n, GArray *samples)
{
  BenchCalls calls = { 0 };
  MaltAbstractWorker *worker = start_waiting ("malt.sleep", n, 0, &calls);
  double start_us = bench_now_us ();
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_kill (worker, SIGKILL, &error);
  bench_growth_check (error);
  bench_growth_wait (&calls, n);
  bench_add (samples, (bench_now_us () - start_us) / n);
  g_object_unref (worker);
}

#define COUNTED "calls in flight"

const BenchGrowth bench_growth_calls[] = {
  { "calls", "burst", COUNTED, "us/call", 100000, 100, 5, measure_burst },
  { "calls", "beside-sleeps", COUNTED, "us", 100000, 100, 3, measure_beside_builtin },
  { "calls", "beside-coroutines", COUNTED, "us", 100000, 100, 3, measure_beside_language },
  { "calls", "beside-time-outs", COUNTED, "us", 100000, 100, 3, measure_beside_timeout },
  { "calls", "cancel", COUNTED, "us/call", 100000, 100, 3, measure_cancel },
  { "calls", "interrupt", COUNTED, "us", 100000, 100, 3, measure_interrupt },
  { "calls", "end-of-worker", COUNTED, "us/call", 100000, 100, 3, measure_end },
  { NULL }
};

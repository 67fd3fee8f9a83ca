/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/bench/bench.h"

G_BEGIN_DECLS

/* One cost, and what it is to be flat in. Samples are µs, or whatever the unit says. */
typedef struct
{
  const char *subject;
  const char *name;
  const char *counted;      /* what there are `n` of */
  const char *unit;
  guint64     max;          /* the greatest n */
  guint64     max_quick;
  guint       n_rounds;     /* each with a measurement of its own */
  void      (*measure)      (guint64 n, GArray *samples);
} BenchGrowth;

/* How often a single call is measured. */
#define BENCH_GROWTH_CALLS 200u
#define BENCH_GROWTH_CALLS_QUICK 10u

/* Set once by main(). */
extern gboolean    bench_growth_is_quick;
extern const char *bench_growth_backend;

/* Terminated by one without a subject. */
extern const BenchGrowth bench_growth_calls[];
extern const BenchGrowth bench_growth_workers[];
extern const BenchGrowth bench_growth_pools[];
extern const BenchGrowth bench_growth_values[];
extern const BenchGrowth bench_growth_channels[];

/* Asynchronous calls that are under way, of a function of one number. */
typedef struct
{
  guint64        n_ended;    /* of all kinds of ends */
  guint64        n_failed;
  GCancellable **cancellables; /* nullable; owned, as many as there are calls */
} BenchCalls;

MaltAbstractWorker *bench_growth_start     (GVariant            *options);
void                bench_growth_check     (const GError        *error);
void                bench_growth_send      (MaltAbstractWorker  *worker,
                                            const char          *function,
                                            double               argument,
                                            guint                timeout_ms,
                                            GCancellable        *cancellable,
                                            BenchCalls          *calls);
void                bench_growth_wait      (BenchCalls          *calls,
                                            guint64              n);
/* Adds as many samples as belong to a round. */
void                bench_growth_call      (MaltAbstractWorker  *worker,
                                            guint                timeout_ms,
                                            GArray              *samples);
/* Kills the worker and lets go of it. */
void                bench_growth_end       (MaltAbstractWorker  *worker);
/* Stops what the measurements of workers have started. */
void                bench_growth_workers_stop (void);

G_END_DECLS

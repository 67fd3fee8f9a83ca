/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

#include <sys/types.h>

G_BEGIN_DECLS

/* As many bytes as a small call of malt has on the wire. */
#define BENCH_SMALL_BYTES 64
#define BENCH_LARGE_BYTES (64u * 1024 * 1024)
#define BENCH_WINDOW 64

/* Long enough for a spare worker to have come up and gone to sleep. */
#define BENCH_REST_USEC 50000

/* Where bench-limit is; set once by main(). */
extern char *bench_limit_program;

/* The other end of the raw measurements: bench-limit, and the socket to it. */
typedef struct
{
  pid_t pid;
  int   fd;
} BenchPeer;

void                bench_peer_start         (BenchPeer          *peer,
                                              gboolean            tcp);
/* A process that passes on what goes between its peer and `next`, whose socket is its own from now
 * on. */
void                bench_peer_start_hop     (BenchPeer          *peer,
                                              BenchPeer          *next);
void                bench_peer_stop          (BenchPeer          *peer);

/* A measurement appends its samples (double) to `samples`: `n` of them, or one that took `n`. */
void                bench_limit_start        (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);
void                bench_limit_echo         (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);
/* As echo, with a rest before each. */
void                bench_limit_rested       (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);
void                bench_limit_pipeline     (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);
void                bench_limit_value        (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);
void                bench_limit_large        (BenchPeer          *peer,
                                              GArray             *samples,
                                              guint               n);

/* "tcp" or "unix" for a process, "in-process". */
MaltAbstractWorker *bench_worker_start       (const char         *transport);
void                bench_worker_stop        (MaltAbstractWorker *worker);

void                bench_malt_start         (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
/* With a spare worker that is ready. */
void                bench_malt_start_spare   (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_call          (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_call_language (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_pipeline      (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
/* To this one, by TCP, and one more in turns. */
void                bench_malt_pipeline_two  (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_pipeline_language (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_large         (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);

/* One memcpy() of BENCH_LARGE_BYTES. */
void                bench_limit_copy         (BenchPeer          *unused,
                                              GArray             *samples,
                                              guint               n);
/* BENCH_LARGE_BYTES that are new each time. */
void                bench_malt_new           (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
/* So many bytes as doubles. */
void                bench_malt_doubles       (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_doubles_language (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);

void                bench_malt_channel       (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);
void                bench_malt_channel_async (MaltAbstractWorker *worker,
                                              GArray             *samples,
                                              guint               n);

double              bench_now_us             (void);
void                bench_add                (GArray             *samples,
                                              double              sample);

G_END_DECLS

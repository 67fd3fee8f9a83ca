/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config.h"
#include "malt/malt-delivery.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-pool-member-private.h"
#include "malt/malt-pool.h"

G_BEGIN_DECLS

/* A pool is a MaltPool, which the application holds, and a core, which does the work and knows the
 * pool by a weak reference only. A call is a request: queued, then assigned to a member, then sent,
 * then over. Whoever makes room assigns the next one. A member is one worker, from its start to its
 * end; another takes its place.
 *
 * Threads. One a process, the pool thread, looks after all cores: it starts, sets up and stops
 * members, sends what is asynchronous, and ends what waits for the pool, so that nothing depends on
 * a main context of the application. Any thread takes requests on and assigns them; a blocking call
 * is sent by the one that makes it. The list of a pool and its signals belong to the context that
 * it was created in.
 *
 * Locks. One a core, and none is taken under it but those of sources and deliveries. Nothing
 * foreign runs under it: no function of a worker, no callback, no handler, no cancelling, no
 * letting go of what might be the last reference to a worker. What ends in _locked expects it. */
typedef enum
{
  MALT_POOL_PHASE_NEW,
  MALT_POOL_PHASE_STARTING, /* the first workers are on their way */
  MALT_POOL_PHASE_RUNNING,
  MALT_POOL_PHASE_ENDING,   /* nothing is assigned or started any more */
  MALT_POOL_PHASE_ENDED
} MaltPoolPhase;

typedef struct
{
  guint64 n;
  guint64 sum_us;
  guint64 max_us;
} MaltPoolTimes;

typedef struct
{
  guint64       n_calls;
  guint64       n_failed;
  guint64       n_restarts;
  MaltPoolTimes queue_times;
  MaltPoolTimes run_times;
} MaltPoolStatistics;

struct _MaltPoolCore
{
  /* Immutable after construction. */
  GWeakRef            pool;
  MaltPool           *owner;         /* not owned; valid until @is_abandoned */
  GMainContext       *context;       /* owned; where its signals are emitted */
  guint               nesting_depth;

  /* Set once, before the start. */
  char               *description;
  char               *profile;       /* nullable */
  GVariant           *options;       /* nullable, a{sv} */

  GMutex              lock;

  /* Protected by @lock. */
  GSource            *source;        /* owned; NULL before the start, and when all is over */
  guint               size;
  guint               max_in_flight;
  guint               max_calls;     /* 0: any number */
  guint               max_queue;     /* 0: any number */
  guint               max_age_sec;   /* 0: any age */
  guint64             max_memory;    /* 0: any size */
  MaltPoolPhase       phase;
  gboolean            is_draining;
  MaltConfig         *config;        /* owned (nullable); NULL once it @is_abandoned */
  gboolean            is_abandoned;
  gboolean            is_woken;      /* the pool thread is about to look after it */
  gboolean            has_news;      /* beyond calls that are to be sent */
  GPtrArray          *members;       /* owned; those that have not ended */
  GPtrArray          *listed;        /* owned; of @members, those that have started, oldest first */
  GPtrArray          *setups;        /* owned MaltPoolSetup, in order */
  GQueue              queue;         /* requests that wait for a member, by their @link */
  GQueue              outbox;        /* those that the pool thread is to send */
  GQueue              refused;       /* those that it is to end with their @error */
  guint               n_unsent;      /* assigned, and not yet sent by the pool thread */
  guint               n_pending;     /* assigned, and not over */
  guint               n_maps;        /* not over */
  guint64             last_number;
  guint               n_failures;    /* starts that failed and members that crashed, in a row */
  guint               n_failed_starts; /* in a row */
  gint64              next_start_us; /* monotonic; not before */
  gint64              give_up_us;    /* monotonic; of starts that do not heed their cancellation */
  GError             *start_error;   /* owned; of the last start that failed */
  MaltExitReport     *last_report;   /* owned; what the pool's own will be */
  MaltExitReport     *report;        /* owned; set once */
  MaltWorkerCapabilities capabilities;
  GPtrArray          *waits;         /* owned MaltPoolWait */
  MaltPoolStatistics  statistics;
  gboolean            is_watched;    /* somebody has an item of the list */
  GSource            *notify_source; /* owned; NULL: none is under way */
  GQueue              told;          /* of malt-pool-signals.c; on its way to @context */
  int                 n_output_bytes; /* atomic; on their way to @context */

  /* Pool thread only. */
  guint               n_stops;       /* of members, under way */
  GError             *stop_error;    /* owned; of the first of them that failed */
  gint64              next_us;       /* monotonic; when there is something to be looked at */

  MaltDelivery        refresh;       /* protected by @lock: @is_refresh_queued */
  gboolean            is_refresh_queued;
};

/* malt-pool-core.c */
MaltPoolCore   *malt_pool_core_new            (MaltPool             *pool);
MaltPoolCore   *malt_pool_core_ref            (MaltPoolCore         *self);
void            malt_pool_core_unref          (MaltPoolCore         *self);
/* Takes the task, which returns an int: > 0 when all members are up. */
void            malt_pool_core_start          (MaltPoolCore         *self,
                                               GTask                *task);
/* The pool is gone: ends the members, without waiting. */
void            malt_pool_core_abandon        (MaltPoolCore         *self);
/* FALSE with an error before the phase, and when the pool has ended. */
gboolean        malt_pool_core_check_phase_locked (MaltPoolCore     *self,
                                               MaltPoolPhase         phase,
                                               GError              **error);
/* FALSE with an error if nothing more is taken on. */
gboolean        malt_pool_core_check_open_locked (MaltPoolCore      *self,
                                               GError              **error);
/* Has the pool thread look after the core. */
void            malt_pool_core_wake_locked    (MaltPoolCore         *self);
/* The same when there is nothing but a call to be sent. */
void            malt_pool_core_flush_later_locked (MaltPoolCore     *self);
/* Of the pool thread; NULL before the first pool is started. */
GMainContext   *malt_pool_get_context         (void);

/* malt-pool-signals.c: nothing of this after the pool is gone. */
/* The list or an item of it has changed. */
void            malt_pool_core_changed_locked (MaltPoolCore         *self);
void            malt_pool_core_notify_later_locked (MaltPoolCore    *self);
void            malt_pool_core_tell_exited    (MaltPoolCore         *self,
                                               MaltExitReport       *report);
/* Takes back what is on its way. */
void            malt_pool_core_tell_nobody    (MaltPoolCore         *self);

/* malt-pool-upkeep.c: that there are the members that there are to be. */
/* Runs in the pool thread. Sets when to look again. */
void            malt_pool_core_keep_up        (MaltPoolCore         *self,
                                               gint64                now,
                                               gint64               *next);
/* Run in the pool thread. Without an error: what ended had been of use. */
void            malt_pool_core_start_failed   (MaltPoolCore         *self,
                                               const GError         *error);
void            malt_pool_core_member_crashed (MaltPoolCore         *self,
                                               MaltPoolMember       *member,
                                               MaltExitReport       *report);
/* No member runs, and starts fail: calls are told. */
gboolean        malt_pool_core_is_broken_locked (MaltPoolCore       *self);

/* malt-pool-queue.c: assigns what waits as long as there is room. */
void            malt_pool_core_dispatch_locked (MaltPoolCore        *self);
/* Everything that is queued ends with it. */
void            malt_pool_core_refuse_all_locked (MaltPoolCore      *self,
                                               const GError         *error);
/* Runs in the pool thread: sends what is to be sent, and ends what is refused. */
void            malt_pool_core_flush          (MaltPoolCore         *self);

/* malt-pool-stop.c */
/* Take the task, which returns an int. */
void            malt_pool_core_stop           (MaltPoolCore         *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms,
                                               GTask                *task);
void            malt_pool_core_drain          (MaltPoolCore         *self,
                                               GTask                *task);
gboolean        malt_pool_core_kill           (MaltPoolCore         *self,
                                               int                   signum,
                                               GError              **error);
/* Nothing is assigned or started any more. */
void            malt_pool_core_begin_end_locked (MaltPoolCore       *self);
/* Run in the pool thread. Milliseconds a rung. */
void            malt_pool_core_end_members    (MaltPoolCore         *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms);
void            malt_pool_core_look_at_end    (MaltPoolCore         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolCore, malt_pool_core_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"
#include "malt/malt-delivery.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-pool-worker.h"
#include "malt/malt-pool.h"

G_BEGIN_DECLS

/* Workers of one pool: more processes than any machine has a use for. */
#define MALT_POOL_MAX_SIZE 1024

/* A pool is a MaltPool, which the application holds, and a core, which does the work and knows the
 * pool by a weak reference only. One thread a process, the pool thread, looks after all cores: it
 * starts and stops members, and sends what is asynchronous, so that nothing waits for a main
 * context of the application. A blocking call is sent by the thread that makes it.
 *
 * A call is a request: queued, then assigned to a member, then sent, then over. Whoever makes room
 * assigns the next one. A member is one worker, from its start to its end; another takes its
 * place. */
typedef struct _MaltPoolCore    MaltPoolCore;
typedef struct _MaltPoolMember  MaltPoolMember;
typedef struct _MaltPoolRequest MaltPoolRequest;
typedef struct _MaltPoolSetup   MaltPoolSetup;

typedef enum
{
  MALT_POOL_MEMBER_STARTING,
  MALT_POOL_MEMBER_SETTING_UP, /* evaluates what was asked for everywhere */
  MALT_POOL_MEMBER_READY,
  MALT_POOL_MEMBER_RETIRING,   /* gets no more calls; stopped when those it has are over */
  MALT_POOL_MEMBER_STOPPING,
  MALT_POOL_MEMBER_ENDED
} MaltPoolMemberState;

struct _MaltPoolMember
{
  guint64              id;           /* immutable */

  /* Protected by the core's lock. */
  MaltAbstractWorker  *worker;       /* owned; set once, when it has started */
  MaltPoolMemberState  state;
  gboolean             has_ended;    /* has been seen; the pool thread does the rest */
  GQueue               calls;        /* requests by their @link, oldest first */
  guint64              n_assigned;
  guint64              n_calls;      /* of those, that are over */
  gint64               start_us;     /* monotonic; when it was up */
  gboolean             wants_memory_check;
  gint64               memory_check_us; /* not before */

  /* Pool thread only. */
  GCancellable        *cancellable;  /* owned; of its start */
  guint                n_set_up;     /* of the core's set-ups, done */
  gboolean             is_evaluating;
};

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
  guint64 n_calls;
  guint64 n_failed;
  guint64 n_restarts;
  guint64 n_queue_times;
  guint64 queue_time_sum_us;
  guint64 queue_time_max_us;
  guint64 n_run_times;
  guint64 run_time_sum_us;
  guint64 run_time_max_us;
} MaltPoolStatistics;

struct _MaltPoolCore
{
  /* Immutable after construction. */
  GWeakRef            pool;
  GMainContext       *context;       /* owned; where its signals are emitted */
  guint               nesting_depth;

  /* Set once, before the start. */
  char               *description;
  char               *profile;       /* nullable */
  GVariant           *options;       /* nullable, a{sv} */
  GSource            *source;        /* owned; NULL before the start */

  GMutex              lock;

  /* Protected by @lock. */
  guint               size;
  guint               max_in_flight;
  guint               max_calls;     /* 0: any number */
  guint               max_queue;     /* 0: any number */
  guint               max_age_sec;   /* 0: any age */
  guint64             max_memory;    /* 0: any size */
  MaltPoolPhase       phase;
  gboolean            is_draining;
  gboolean            is_abandoned;
  gboolean            is_woken;
  GPtrArray          *members;       /* owned; those that have not ended */
  GPtrArray          *listed;        /* owned; of @members, those that have started, oldest first */
  GPtrArray          *setups;        /* owned MaltPoolSetup, in order */
  GQueue              queue;         /* requests that wait for a member, by their @link */
  GQueue              outbox;        /* those that the pool thread is to send */
  GQueue              refused;       /* those that it is to end with their @error */
  guint               n_unsent;      /* assigned, and not yet sent by the pool thread */
  guint64             last_number;
  guint64             last_member_id;
  guint               n_failures;    /* starts that failed and members that crashed, in a row */
  guint               n_failed_starts; /* in a row */
  gint64              next_start_us; /* monotonic; not before */
  GError             *start_error;   /* owned; of the last start that failed */
  MaltExitReport     *last_report;   /* owned; what the pool's own will be */
  MaltExitReport     *report;        /* owned; set once */
  MaltWorkerCapabilities capabilities;
  GPtrArray          *waits;         /* owned MaltPoolWait */
  MaltPoolStatistics  statistics;
  gboolean            is_watched;    /* somebody has an item of the list */
  gboolean            is_notify_queued;
  int                 n_output_bytes; /* atomic; on their way to @context */

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
/* Has the pool thread look after the core. */
void            malt_pool_core_wake_locked    (MaltPoolCore         *self);
GMainContext   *malt_pool_get_context         (void);
/* Runs in the pool thread. */
gboolean        malt_pool_core_is_broken_locked (MaltPoolCore       *self);
void            malt_pool_core_start_failed   (MaltPoolCore         *self,
                                               const GError         *error);
/* The list or an item of it has changed. */
void            malt_pool_core_changed_locked (MaltPoolCore         *self);
void            malt_pool_core_notify_later_locked (MaltPoolCore    *self);

/* malt-pool-wait.c: who waits for something of the whole pool. */
typedef enum
{
  MALT_POOL_WAIT_START,
  MALT_POOL_WAIT_DRAIN,
  MALT_POOL_WAIT_STOP
} MaltPoolWaitKind;

typedef struct _MaltPoolWait MaltPoolWait;
/* Takes the task, which returns an int. */
MaltPoolWait   *malt_pool_wait_new            (MaltPoolCore         *core,
                                               MaltPoolWaitKind      kind,
                                               GTask                *task);
void            malt_pool_wait_add            (MaltPoolWait         *self);
gboolean        malt_pool_wait_end_all        (MaltPoolCore         *core,
                                               MaltPoolWaitKind      kind,
                                               int                   result,
                                               const GError         *error);
void            malt_pool_wait_end_cancelled  (MaltPoolCore         *core);
gboolean        malt_pool_wait_has_locked     (MaltPoolCore         *core,
                                               MaltPoolWaitKind      kind);
void            malt_pool_wait_free           (MaltPoolWait         *self);

/* malt-pool-stop.c */
void            malt_pool_core_stop           (MaltPoolCore         *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms,
                                               GTask                *task);
void            malt_pool_core_drain          (MaltPoolCore         *self,
                                               GTask                *task);
gboolean        malt_pool_core_kill           (MaltPoolCore         *self,
                                               int                   signum,
                                               GError              **error);
/* Runs in the pool thread. */
void            malt_pool_core_end_members    (MaltPoolCore         *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms);
void            malt_pool_core_look_at_end    (MaltPoolCore         *self);

/* malt-pool-member.c */
MaltPoolMember *malt_pool_member_ref          (MaltPoolMember       *self);
void            malt_pool_member_unref        (MaltPoolMember       *self);
guint64         malt_pool_member_get_memory   (MaltAbstractWorker   *worker);
gboolean        malt_pool_member_is_active    (MaltPoolMember       *self);
/* Run in the pool thread. */
void            malt_pool_member_start        (MaltPoolCore         *core);
void            malt_pool_member_stop         (MaltPoolCore         *core,
                                               MaltPoolMember       *self,
                                               guint                 exit_timeout_ms,
                                               guint                 term_timeout_ms);
void            malt_pool_member_ended        (MaltPoolCore         *core,
                                               MaltPoolMember       *self);

/* malt-pool-setup.c */
void            malt_pool_setup_unref         (MaltPoolSetup        *self);
/* Run in the pool thread. */
void            malt_pool_setup_advance       (MaltPoolCore         *core,
                                               MaltPoolMember       *member);
void            malt_pool_setup_settle        (MaltPoolCore         *core);

/* malt-pool-request.c */
typedef enum
{
  MALT_POOL_REQUEST_NEW,
  MALT_POOL_REQUEST_QUEUED,
  MALT_POOL_REQUEST_ASSIGNED, /* the pool thread is to send it */
  MALT_POOL_REQUEST_SENDING,  /* it does so now */
  MALT_POOL_REQUEST_SENT,     /* or its own thread is about to */
  MALT_POOL_REQUEST_REFUSED
} MaltPoolRequestState;

/* Runs in the pool thread, once. `call` is what was sent. */
typedef void (*MaltPoolRequestFunc) (MaltPoolRequest *self,
                                     GVariant        *value,
                                     const GError    *error);

struct _MaltPoolRequest
{
  GList                 link;        /* protected by the core's lock */
  int                   ref_count;   /* atomic */

  /* Immutable. */
  MaltPoolCore         *core;        /* owned */
  MaltCall             *call;        /* owned */
  GCancellable         *cancellable; /* owned, nullable */
  gulong                cancel_handler;
  MaltPoolRequestFunc   done;        /* NULL: a thread waits for @turn */
  gpointer              data;        /* of @done */
  gint64                begin_us;

  /* Protected by the core's lock. */
  GCond                *turn;
  MaltPoolRequestState  state;
  MaltPoolMember       *member;      /* owned, once assigned */
  guint64               number;      /* of all that were assigned */
  gboolean              is_interrupted; /* while it was being sent */
  GError               *error;       /* owned; of one that is refused */
};

MaltPoolRequest *malt_pool_request_new        (MaltPoolCore         *core,
                                               MaltCall             *call,
                                               GCancellable         *cancellable,
                                               MaltPoolRequestFunc   done,
                                               gpointer              data);
void             malt_pool_request_unref      (MaltPoolRequest      *self);
/* Takes the request unless it fails; `done` runs later. `is_limited`: by max-queue. */
gboolean         malt_pool_request_submit     (MaltPoolRequest      *self,
                                               gboolean              is_limited,
                                               GError              **error);
/* For a blocking call, which is sent by the caller's thread: waits for a member. */
gboolean         malt_pool_request_wait       (MaltPoolRequest      *self,
                                               GError              **error);
void             malt_pool_request_release    (MaltPoolRequest      *self,
                                               const GError         *error);
void             malt_pool_core_dispatch_locked (MaltPoolCore       *core);
/* Everything that is queued ends with it. */
void             malt_pool_core_refuse_all_locked (MaltPoolCore     *core,
                                               const GError         *error);
gboolean         malt_pool_core_interrupt     (MaltPoolCore         *core,
                                               GError              **error);
/* Runs in the pool thread. */
void             malt_pool_core_flush         (MaltPoolCore         *core);

/* malt-pool-send.c */
void      malt_pool_core_send_task (MaltPoolCore  *core,
                                    MaltCall      *call,
                                    GTask         *task);
GVariant *malt_pool_core_send_sync (MaltPoolCore  *core,
                                    MaltCall      *call,
                                    GCancellable  *cancellable,
                                    GError       **error);
gboolean  malt_pool_core_post      (MaltPoolCore  *core,
                                    MaltCall      *call,
                                    GError       **error);

/* malt-pool-map.c */
/* Takes the task, which returns an int; without `func` an av of the results is its data. The inputs
 * are an array or a tuple. `func_data` lives as long as the task. */
void      malt_pool_map_start      (MaltPool        *pool,
                                    const char      *function,
                                    GVariant        *inputs,
                                    MaltPoolMapFunc  func,
                                    gpointer         func_data,
                                    GTask           *task);

/* malt-pool-worker.c */
MaltPoolWorker *malt_pool_worker_new     (MaltPoolCore   *core,
                                          MaltPoolMember *member);
MaltPoolMember *malt_pool_worker_get_member (MaltPoolWorker *self);
/* Tells what has changed since the last time. */
void            malt_pool_worker_refresh (MaltPoolWorker *self);

/* malt-pool.c: run in the context of the pool. */
void malt_pool_refresh_list  (MaltPool       *self);
void malt_pool_refresh_items (MaltPool       *self);

MaltPoolCore *malt_pool_get_core (MaltPool *self);

/* malt-pool-properties.c: those of the class, and how they are read and set. */
void malt_pool_properties_install (GObjectClass *object_class);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolCore, malt_pool_core_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolMember, malt_pool_member_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolRequest, malt_pool_request_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPoolSetup, malt_pool_setup_unref)

G_END_DECLS

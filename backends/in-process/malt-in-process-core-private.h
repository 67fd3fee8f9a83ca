/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/in-process/malt-in-process-core.h"

G_BEGIN_DECLS

/* The core by subject: -core.c is its life, -thread what its thread does, -role who executes, -send
 * the verbs, -run a call in the runtime, -context what a main context does, -end the stop and the
 * end.
 *
 * The executing role: at any time at most one thread executes, that is, uses the runtime
 * (`executing`). The worker's own thread has the role while it is awake, and gives it away while it
 * sleeps in its context. A blocking caller that finds the worker idle, which is: nobody executes,
 * nothing is queued, nobody waits for the role, takes it and runs its call itself, if that is one
 * that needs not the own thread and that nobody can end early for the caller: a function that heeds
 * nothing must not keep a caller beyond its time-out or cancellable. A caller that executes already
 * (a function that calls its own worker) runs its call within.
 *
 * The end: `is_stopping` once it is asked to, from which moment the runtime refuses what comes; the
 * thread leaves when nothing is unfinished (`runtime` becomes NULL), the monitor joins it, and ends
 * all calls that have no answer with the report.
 *
 * Lock order: @lock, those of the runtime, those of GMainContext. Nothing of anybody else's runs
 * under @lock. */
struct _MaltInProcessCore
{
  /* Immutable after construction. */
  char              *description;    /* owned */
  char              *module;         /* owned */
  MaltWorkerOptions  options;        /* owned copies */
  GMainContext      *context;        /* owned; run by @thread, NULL when that has ended */
  GMainContext      *signal_context; /* owned */
  GWeakRef           worker;
  guint              depth;          /* of workers inside each other */

  GThread           *thread;         /* owned; set under @lock, joined in the monitor */
  GTask             *start;          /* owned; until the start has returned; thread, then monitor */
  GError            *start_error;    /* owned (nullable); thread, then monitor */
  GPtrArray         *stops;          /* of owned stops; monitor only */

  GMutex             lock;

  /* Everything below is protected by @lock. */
  MaltRuntime       *runtime;        /* owned; while calls can run */
  guint              n_users;        /* threads in the runtime that do not execute */
  GCond              users_changed;
  GThread           *executing;      /* not owned; NULL: nobody */
  GQueue             role_waiters;   /* of RoleWaiter */
  gboolean           is_asleep;      /* the thread is to be woken when there is something to do */
  gboolean           is_started;
  gboolean           is_stopping;
  guint64            last_id;        /* of calls that run or have run */
  GQueue             queue;          /* of owned MaltInProcessCall, QUEUED */
  GQueue             running;        /* of owned MaltInProcessCall, RUNNING, oldest first */
  gsize              pending_bytes;  /* of both */
  guint              n_pending;      /* calls, without posts */
  MaltExitReport    *report;         /* owned (nullable): it has ended */
};

/* -role */
void                  malt_in_process_take_role_locked     (MaltInProcessCore    *self);
void                  malt_in_process_release_role_locked  (MaltInProcessCore    *self);
void                  malt_in_process_wake_locked          (MaltInProcessCore    *self);
/* For what may be done beside who executes; NULL when there is no runtime. */
MaltRuntime          *malt_in_process_begin_use_locked     (MaltInProcessCore    *self);
void                  malt_in_process_end_use              (MaltInProcessCore    *self);
/* Waits until nobody is in it. (transfer full) */
MaltRuntime          *malt_in_process_steal_runtime_locked (MaltInProcessCore    *self);

/* -run */
/* Executing thread. Takes the reference; gives the lock back for the time of the call. */
void                  malt_in_process_run_locked           (MaltInProcessCore    *self,
                                                            MaltInProcessCall    *call);
/* The call, which is not ENDED, has an outcome: lets its caller know. */
void                  malt_in_process_end_call_locked      (MaltInProcessCore    *self,
                                                            MaltInProcessCall    *call);

/* -deliver */
/* There is something new about an asynchronous call: tells it in the context of its caller. */
void                  malt_in_process_deliver_locked       (MaltInProcessCall    *call);

/* -end */
gboolean              malt_in_process_may_leave_locked     (MaltInProcessCore    *self);
/* In the monitor, when the thread has ended. */
void                  malt_in_process_end                  (MaltInProcessCore    *self);

/* -thread */
gpointer              malt_in_process_thread               (gpointer              core);

G_END_DECLS

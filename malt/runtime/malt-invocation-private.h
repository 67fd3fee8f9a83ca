/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-invocation-plugin.h"

G_BEGIN_DECLS

typedef struct _MaltScheduler MaltScheduler;

typedef enum
{
  MALT_INVOCATION_STATE_WAITING, /* not dispatched, or waiting for a thread */
  MALT_INVOCATION_STATE_RUNNING,
  MALT_INVOCATION_STATE_FINISHED
} MaltInvocationState;

/* One call in a worker. The scheduler holds a reference from its dispatch to its answer, whoever
 * runs it another; a child holds one on its parent. The links of the scheduler lie in here, and
 * the function's name behind it, so that a call costs one allocation. */
struct _MaltInvocation
{
  gatomicrefcount     ref_count;
  int                 state;          /* MaltInvocationState; atomic */
  int                 cancel_reason;  /* MaltCancelReason, the first one; atomic */

  /* Immutable once it is dispatched. */
  MaltScheduler      *scheduler;      /* not owned: outlives the invocation's answer */
  MaltInvocation     *parent;         /* owned (nullable): on whose behalf it runs */
  const MaltCarrier  *carrier;
  gpointer            carrier_data;
  guint64             id;             /* 0: none */
  GVariant           *args;           /* owned */
  GVariant           *kwargs;         /* owned (nullable) */
  GVariantType       *result_type;    /* owned (nullable) */
  guint               timeout_ms;     /* 0: none */
  gboolean            discard_result;

  /* Written by the thread that runs it: before RUNNING, and before the answer. */
  gint64              start_time;     /* monotonic, microseconds */
  gint64              run_time_us;    /* -1 until it has ended */

  /* Executing thread only. */
  gboolean            is_abandoned;   /* the end of the runtime has answered it */

  /* Protected by the scheduler's lock. */
  guint64             key;            /* its id, or one of the scheduler's own; 0: not scheduled */
  GQueue              children;       /* unfinished; by their @sibling, not owned */
  GList               sibling;        /* in its parent's; without data when it has none */
  GList               order;          /* in the scheduler's; without data when it is not there */

  /* Protected by @lock. */
  GMutex              lock;
  GCancellable       *cancellable;    /* owned; NULL until somebody asks for it */
  MaltCancelFunc      cancel_func;    /* (nullable) */
  gpointer            cancel_data;
  gint64              progress_time;  /* see is_progress_due() */
  gboolean            progress_is_full; /* the last report that was passed on was of 1.0 */

  char                function[];
};

/* The value of "nothing", the unit tuple. (transfer none) */
GVariant *malt_nothing                   (void);

/* A call on behalf of `parent` (nullable). */
void      malt_invocation_set_parent     (MaltInvocation      *self,
                                          MaltInvocation      *parent);
/* TRUE, or FALSE after it has answered the error that names both types. */
gboolean  malt_invocation_check_args     (MaltInvocation      *self,
                                          const GVariantType  *signature);
/* The function begins, or has ended, in this thread. */
void      malt_invocation_start          (MaltInvocation      *self);
void      malt_invocation_stop_clock     (MaltInvocation      *self);
/* Answers with a value, or with an error if there is one; both NULL is "nothing". Borrows both. */
void      malt_invocation_finish         (MaltInvocation      *self,
                                          GVariant            *value,
                                          const GError        *error);
/* The runtime ends: answers why, if nobody has answered yet. Who holds it may do so later,
 * unheard. */
void      malt_invocation_abandon        (MaltInvocation      *self);

/* The two halves of cancelling, for the scheduler. The first reason stays. */
void      malt_invocation_set_cancel_reason (MaltInvocation   *self,
                                             MaltCancelReason  reason);
/* Runs the cancel hook and cancels the cancellable. Any thread, without any lock. */
void      malt_invocation_notify_cancelled  (MaltInvocation   *self);

G_END_DECLS

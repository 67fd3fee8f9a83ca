/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

typedef struct _MaltInProcessCore MaltInProcessCore;

/* One call or post, from the moment it is sent to the moment its caller has the outcome.
 *
 * NEW: seen by its caller and the handler of its cancellable only. QUEUED: in the queue of the
 * core. RUNNING: with the runtime, under its id. ENDED: whoever made it so, under the lock of the
 * core, has written the outcome, which belongs to the caller's side from then on.
 *
 * References: the queue or the list of running calls holds one, the invocation one, the blocking
 * caller or the list of a context that has something to tell one, the handler of a cancellable
 * one. */
typedef enum
{
  MALT_IN_PROCESS_CALL_NEW,
  MALT_IN_PROCESS_CALL_QUEUED,
  MALT_IN_PROCESS_CALL_RUNNING,
  MALT_IN_PROCESS_CALL_ENDED
} MaltInProcessCallState;

typedef struct
{
  MaltDelivery            delivery;          /* to the context of an asynchronous caller */
  gatomicrefcount         ref_count;
  MaltInProcessCore      *core;              /* owned; immutable, as what follows up to the state */
  MaltCall               *call;              /* owned */
  GVariant               *kwargs;            /* not owned; of @call, NULL when there are none */
  gsize                   size;              /* what it counts for against the limits, in bytes */
  guint                   timeout_ms;        /* 0: none */
  gboolean                is_post;
  gboolean                is_channel_operation;
  GTask                  *task;              /* owned; NULL: a blocking caller, or a post */
  GThread                *caller;            /* not owned; of a blocking caller */
  GCancellable           *cancellable;       /* owned (nullable) */
  gulong                  cancelled_handler; /* 0: none */

  /* Protected by the lock of the core. */
  MaltInProcessCallState  state;
  guint64                 id;                /* from RUNNING on */
  gboolean                is_nested;         /* its caller executes another call */
  gboolean                is_cancelled;      /* while it was NEW */
  gboolean                is_interrupted;    /* while it was QUEUED */
  gboolean                is_on_its_way;     /* the delivery is */
  gboolean                has_progress;
  double                  progress_fraction;
  char                   *progress_message;  /* owned (nullable) */
  char                   *traceback;         /* owned (nullable): where its end found it */
  GCond                   changed;           /* for a blocking caller */
  GList                   link;              /* in the queue, or among those that run */

  /* The outcome. */
  GVariant               *value;             /* owned (nullable) */
  GError                 *error;             /* owned (nullable) */
  gboolean                is_remote;         /* whether the error is what the function ended with */
  gint64                  run_time_us;       /* −1: did not run */
} MaltInProcessCall;

MaltInProcessCall *malt_in_process_call_new    (MaltInProcessCore  *core,
                                                MaltCall           *call,
                                                guint               timeout_ms);
MaltInProcessCall *malt_in_process_call_ref    (MaltInProcessCall  *self);
void               malt_in_process_call_unref  (MaltInProcessCall  *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltInProcessCall, malt_in_process_call_unref)

/* In the caller's thread or context: the outcome of a call that is ENDED. */
GVariant          *malt_in_process_call_finish (MaltInProcessCall  *self,
                                                GError            **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"
#include "malt/wire/malt-message-private.h"

G_BEGIN_DECLS

/* One call of a connection, from malt_connection_send_*() to the moment its caller has the
 * outcome.
 *
 * NEW: seen by its caller and the handler of its cancellable only. WAITING: for room, in the
 * connection's queue. SENT: in the table under its id, until the answer comes, it is cancelled,
 * its time is over, or the connection closes; whoever takes it out of the table, under the
 * connection's lock, writes the outcome and makes it ENDED. From then on the outcome belongs to
 * the caller's side: the blocking thread, or the dispatch of its context's source.
 *
 * References: the table or the queue holds one, the blocking caller one, the list of a context
 * that has something to tell one, the handler of a cancellable one. */
typedef enum
{
  MALT_PENDING_NEW,
  MALT_PENDING_WAITING,
  MALT_PENDING_SENT,
  MALT_PENDING_ENDED
} MaltPendingState;

typedef struct
{
  int               ref_count;        /* atomic */
  GObject          *connection;       /* owned; immutable, as is what follows up to the state */
  MaltCall         *call;             /* owned */
  MaltMessage       message;          /* owned value, dropped once it is queued */
  GString          *name_buffer;      /* owned (nullable) */
  gsize             size;             /* of the frame, what it counts for against the limit */
  guint             timeout_ms;       /* 0: none */
  GTask            *task;             /* owned; NULL: a blocking caller */
  gpointer          context;          /* of an asynchronous one: its MaltConnectionContext */
  gint64            born_us;          /* of an asynchronous one: of the source that sent it */
  int               wake_fd;          /* of a blocking one */
  GCancellable     *cancellable;      /* owned (nullable) */
  gulong            cancelled_handler; /* 0: none; set before it is more than NEW */

  /* Protected by the connection's lock. */
  MaltPendingState  state;
  guint64           id;               /* from SENT on */
  gboolean          is_cancelled;     /* while it was NEW */
  gboolean          is_probed;        /* whether the worker has been asked what became of it */
  gboolean          is_listed;        /* whether `link` is in the list of the context */
  gboolean          is_busy;          /* the blocking caller runs handlers of "progress" */
  gboolean          is_offered;       /* the blocking caller was woken to take the read role */
  gboolean          has_progress;
  double            progress_fraction;
  char             *progress_message; /* owned (nullable) */
  char             *traceback;        /* owned (nullable): where the worker said it was */
  GList             link;             /* in the queue, or in the list of the context */
  GList             waiter_link;      /* in the list of blocking callers */
  GList             order_link;       /* in the table */

  /* The outcome: written once by whoever makes it ENDED. */
  GVariant         *value;            /* owned; that of the FAILURE when is_failure */
  gboolean          is_failure;
  GError           *error;            /* owned (nullable) */
  gint64            run_time_us;      /* −1: did not run */
} MaltPendingCall;

MaltPendingCall *malt_pending_call_new   (GObject         *connection,
                                          MaltCall        *call,
                                          guint            timeout_ms);
MaltPendingCall *malt_pending_call_ref   (MaltPendingCall *self);
void             malt_pending_call_unref (MaltPendingCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPendingCall, malt_pending_call_unref)

/* Channel operations wait for people: they never time out, and an interrupt passes them by. */
gboolean         malt_pending_is_channel_operation (const char *function);

/* id → the call that waits for its answer. Not locked: the connection's lock protects it. Whoever
 * takes an entry out completes it, once. */
typedef struct _MaltPending MaltPending;

MaltPending     *malt_pending_new        (void);
void             malt_pending_free       (MaltPending     *self);
/* Takes the reference; by `call->id`, which is above all that have been added. */
void             malt_pending_add        (MaltPending     *self,
                                          MaltPendingCall *call);
/* (transfer full) (nullable) */
MaltPendingCall *malt_pending_steal      (MaltPending     *self,
                                          guint64          id);
/* (transfer none) (nullable) */
MaltPendingCall *malt_pending_lookup     (MaltPending     *self,
                                          guint64          id);
/* The one with the lowest id. (transfer full) (nullable) */
MaltPendingCall *malt_pending_steal_first (MaltPending    *self);
guint            malt_pending_get_n_calls (MaltPending    *self);
/* The call with the highest id that is no channel operation. (transfer none) (nullable) */
MaltPendingCall *malt_pending_find_latest (MaltPending    *self);
/* Latest first. (transfer full) */
char           **malt_pending_dup_functions (MaltPending  *self);

G_END_DECLS

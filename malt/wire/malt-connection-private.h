/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-deadlines-private.h"
#include "malt/wire/malt-connection.h"
#include "malt/wire/malt-pending-private.h"
#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

typedef struct _MaltConnectionContext MaltConnectionContext;
typedef struct _MaltConnectionMonitor MaltConnectionMonitor;

/* The connection by subject: malt-connection.c is its life and end, -handshake its beginning;
 * -send has the verbs, -queue ids, room and writing, -read the read role and handing over, -wait
 * what a blocking caller does, -context what a main context does, -monitor what the monitor thread
 * does; -control cancels, interrupts and stops, -deadlines has time-outs and what is watched after
 * a call has ended.
 *
 * The read role: at any time at most one thread reads the data connection (`is_role_taken`): a
 * blocking caller (`reader`), a main context in its dispatch (`reading_context`), the monitor
 * during the handshake, or whoever closes. Who leaves it has handed over every complete frame, and
 * wakes one other blocking caller, or lets the contexts with calls poll the socket again.
 *
 * Closing: malt_connection_close() sets `close_error`, from which moment nothing is sent; whoever
 * holds the read role takes what answers there are, then ends all calls (`is_closed`).
 *
 * Locks are taken in this order: @lock, those of MaltDeadlines and MaltStream, those of
 * GMainContext. Nothing of anybody else's runs under @lock; no cancellable is touched under it. */
struct _MaltConnection
{
  GObject                 parent_instance;

  MaltStream             *data;       /* owned; reading: by who holds the read role */
  MaltStream             *control;    /* owned; reading: monitor thread only */
  MaltConnectionLimits    limits;     /* immutable, as are the hooks and what belongs to them */
  MaltConnectionHooks     hooks;
  gpointer                hooks_data;
  GDestroyNotify          hooks_destroy;
  MaltConnectionMonitor  *monitor;    /* owned; ended in the monitor thread */
  MaltDeadlines          *deadlines;  /* owned by @monitor */
  char                   *worker;     /* owned (nullable); immutable once there are calls */
  guint                   call_timeout_ms; /* atomic */
  int                     is_closing; /* atomic: hooks are not called any more */
  gulong                  handshake_handler; /* 0: none; set before @handshake, then monitor only */

  GMutex                  lock;

  /* Everything below is protected by @lock. */
  guint64                 last_id;
  MaltPending            *pending;       /* owned: calls that are SENT */
  gsize                   pending_bytes; /* of them */
  GQueue                  waiting;       /* of owned MaltPendingCall, WAITING for room */
  gsize                   waiting_bytes; /* of them */
  GQueue                  waiters;       /* of MaltPendingCall: blocking callers */
  GHashTable             *contexts;      /* GMainContext → owned MaltConnectionContext with calls */

  gboolean                is_role_taken;
  MaltPendingCall        *reader;          /* not owned (nullable) */
  MaltConnectionContext  *reading_context; /* not owned (nullable) */
  gboolean                is_data_over;    /* end of file, or broken */
  guint                   n_deferred;      /* calls that a dispatch will flush at its end */
  gint64                  deferred_time;   /* of the first of them */
  guint                   n_deferred_in_vain; /* looks of the monitor that found none overdue */

  GError                 *close_error;   /* owned (nullable) */
  gboolean                is_closed;
  GError                 *lost_error;    /* owned (nullable): to be told by the monitor */
  gboolean                is_lost;       /* said once */

  GTask                  *handshake;     /* owned (nullable): while it lasts */
  gboolean                is_handshake_cancelled;
  gboolean                is_greeted;      /* the handshake is over and went well */
  gboolean                is_write_wanted; /* the monitor is to write what is left of the data */
  gint64                  monitor_time;    /* when the monitor is to look; G_MAXINT64: need not */

  GHashTable             *late;          /* its own id → owned LateCall: see -deadlines */
  guint64                 last_post_id;  /* 0: none */
  char                   *last_post;     /* owned (nullable): its function */
};

/* -queue */
/* Sends the call or lets it wait for room. */
gboolean               malt_connection_submit_locked            (MaltConnection    *self,
                                                                 MaltPendingCall   *call,
                                                                 GError           **error);
gboolean               malt_connection_post_locked              (MaltConnection    *self,
                                                                 const MaltMessage *message,
                                                                 GError           **error);
/* Sends what waits while there is room; TRUE: malt_connection_flush() is to be called without the
 * lock. */
gboolean               malt_connection_admit_locked             (MaltConnection    *self);
/* In a dispatch, which flushes at its end; FALSE when it is time to do it now. */
gboolean               malt_connection_defer_flush_locked       (MaltConnection    *self);
void                   malt_connection_flush_deferred           (MaltConnection    *self);
/* Runs in the monitor thread: whether it is to flush what a dispatch should have. */
gboolean               malt_connection_take_deferred_locked     (MaltConnection    *self);
/* is_reading: the caller holds the read role, and will see to what is left. */
void                   malt_connection_flush                    (MaltConnection    *self,
                                                                 gboolean           is_reading);

/* -send */
/* In the caller's thread or context: the outcome of a call that is ENDED. */
GVariant              *malt_connection_finish_call              (MaltPendingCall   *call,
                                                                 GError           **error);

/* -wait */
int                    malt_connection_get_wake_fd              (GError           **error);
void                   malt_connection_wake_call_locked         (MaltPendingCall   *call);
void                   malt_connection_wait                     (MaltConnection    *self,
                                                                 MaltPendingCall   *call,
                                                                 gboolean           is_reading);

/* -read */
gboolean               malt_connection_take_role_locked         (MaltConnection    *self,
                                                                 MaltPendingCall   *reader);
void                   malt_connection_offer_role_locked        (MaltConnection    *self);
/* Not under the lock. */
void                   malt_connection_release_role             (MaltConnection    *self);
/* One read and everything that is complete then; FALSE when there was nothing. With the role. */
gboolean               malt_connection_read_batch               (MaltConnection    *self);
/* The same, which waits for it some microseconds where that is worth while. With the role. */
gboolean               malt_connection_read_spinning            (MaltConnection    *self);
/* The filter of the data connection, whose data is the connection. By the reader. */
gboolean               malt_connection_filter_message           (const MaltFrameHeader *header,
                                                                 gpointer           data);
/* What lies in the socket. With the role. */
void                   malt_connection_read_all                 (MaltConnection    *self);
/* Where the worker says that a call is: part of its error, if it ends with one of ours. */
void                   malt_connection_note_traceback           (MaltConnection    *self,
                                                                 guint64            id,
                                                                 const char        *traceback);
/* Takes a SENT call out of the table. (transfer full) (nullable) */
MaltPendingCall       *malt_connection_steal_call_locked        (MaltConnection    *self,
                                                                 guint64            id);
/* The call has an outcome, and is in no table or queue: lets its caller know. (transfer full) */
void                   malt_connection_end_call_locked          (MaltConnection    *self,
                                                                 MaltPendingCall   *call,
                                                                 gboolean           is_reader);

/* -context */
MaltConnectionContext *malt_connection_context_use_locked       (MaltConnection        *self,
                                                                 GMainContext          *context);
void                   malt_connection_context_unuse_locked     (MaltConnectionContext *self);
/* Whether what was sent is flushed later: when a dispatch of the context ends, of this connection
 * or of another one, or when the context polls again. */
gboolean               malt_connection_context_defer_flush_locked
                                                                (MaltConnectionContext *self);
void                   malt_connection_context_push_locked      (MaltConnectionContext *self,
                                                                 MaltPendingCall       *call);
void                   malt_connection_resume_contexts_locked   (MaltConnection        *self);

/* -handshake */
void                   malt_connection_step_handshake           (MaltConnection    *self);

/* -monitor */
void                   malt_connection_start_monitor            (MaltConnection    *self);
void                   malt_connection_end_monitor              (MaltConnection    *self);
void                   malt_connection_wake_monitor_locked      (MaltConnection    *self,
                                                                 gint64             time);
/* The peer is gone, or must go: its owner is told, once. Takes the error. */
void                   malt_connection_lose                     (MaltConnection    *self,
                                                                 GError            *error);

/* -control */
/* Not under the lock. */
void                   malt_connection_send_control             (MaltConnection    *self,
                                                                 MaltMessageType    type,
                                                                 guint64            id,
                                                                 guint64            number);
/* Ends a call that is with the worker, which is told; FALSE when the answer was quicker. Takes the
 * error. */
gboolean               malt_connection_abandon_call             (MaltConnection    *self,
                                                                 guint64            id,
                                                                 GError            *error);
void                   malt_connection_on_cancelled             (GCancellable      *cancellable,
                                                                 MaltPendingCall   *call);

/* -deadlines */
void                   malt_connection_arm_timeout_locked       (MaltConnection    *self,
                                                                 MaltPendingCall   *call);
void                   malt_connection_disarm_timeout_locked    (MaltConnection    *self,
                                                                 MaltPendingCall   *call);
/* A call or post that is to end now, though nobody may wait for it. */
void                   malt_connection_watch_late_locked        (MaltConnection    *self,
                                                                 guint64            id,
                                                                 const char        *function);
void                   malt_connection_forget_late_locked       (MaltConnection    *self,
                                                                 guint64            id);
void                   malt_connection_note_post_locked         (MaltConnection    *self,
                                                                 const char        *function);
void                   malt_connection_late_call_free           (gpointer           data);
/* In the monitor thread. */
void                   malt_connection_on_status                (MaltConnection    *self,
                                                                 guint64            id,
                                                                 MaltCallState      state,
                                                                 const char        *traceback);
void                   malt_connection_on_deadline              (MaltConnection    *self,
                                                                 guint64            key);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-session.h"

G_BEGIN_DECLS

/* Who wants the end of the worker told. */
typedef struct
{
  MaltDistributedSession *session;       /* owned */
  GTask                  *task;          /* owned */
  guint                   exit_timeout_ms;
  guint                   term_timeout_ms;
  GSource                *cancel_source; /* borrows this */
} MaltDistributedStop;

/* It runs until the host tells how the worker ended (@told), or the host is lost. What was said before is
 * waited for then, and the report is made. Everything belongs to the monitor thread that does not say
 * otherwise. Its sources and the connection hold references. */
struct _MaltDistributedSession
{
  char                     *description;    /* immutable; owned */
  char                     *host;           /* immutable; owned */
  int                       pid;            /* immutable */
  guint                     lease_ms;       /* immutable */
  MaltRelayEvents          *events;         /* immutable; owned */
  MaltRelayOutput          *output;         /* immutable; owned */
  MaltConnection           *connection;     /* owned; immutable until the end, then NULL */
  MaltDistributedLauncher  *launcher;       /* owned */
  MaltRelayLog             *log;            /* owned; NULL before the first record */

  GIOStream                *watch;          /* owned; NULL when it is over */
  int                       watch_fd;       /* atomic; of @watch, −1: over */
  MaltWatchReader          *reader;         /* owned */
  GByteArray               *outgoing;       /* owned; what waits to be written */
  int                       is_reading;     /* atomic; what is not in the socket may not be shown yet */
  MaltManagerLease          lease;
  MaltBridge               *bridges[2];     /* owned (nullable) */
  int                       fds[2];         /* copies, to see the end of data and control; −1: closed */

  GQueue                    held[2];        /* of owned GBytes: output that nobody takes yet */
  guint64                   n_untaken;      /* bytes of it */
  guint32                   n_taken;        /* bytes that the host has not been told of */

  GSource                  *read_source;
  GSource                  *write_source;
  GSource                  *lease_source;
  GSource                  *output_source;  /* looks whether somebody takes the output now */
  GSource                  *over_sources[2]; /* wait for the ends of these */
  GSource                  *last_source;    /* but not for ever */
  GSource                  *lost_source;    /* for a worker that has lost its connection */
  GSource                  *stop_source;    /* for one that does not end */

  MaltDistributedEndedFunc  start_ended;    /* takes the place of a report while it starts */
  gpointer                  start_data;

  MaltExitReport           *told;           /* owned (nullable); by the host */
  gboolean                  is_asked;       /* to leave */
  GPtrArray                *stops;          /* of owned MaltDistributedStop */
  gint64                    stop_deadline;
  char                     *detail;         /* owned (nullable); why we had it killed */
  char                     *lost_text;      /* owned (nullable); what became of its connection */
  gboolean                  lost_connection; /* is why it was killed */

  GMutex                    lock;
  MaltExitReport           *report;         /* protected by @lock; owned, set once */
};

/* Attaches `source` (transfer full) to the monitor, with a reference on the session. Returns it. */
GSource *malt_distributed_session_attach    (MaltDistributedSession  *self,
                                             GSource                 *source,
                                             GSourceFunc              func);
void     malt_distributed_clear_source      (GSource                **source);

/* The watch. */
void     malt_distributed_session_open      (MaltDistributedSession  *self,
                                             GIOStream               *watch,
                                             gint64                   watch_time);
void     malt_distributed_session_read      (MaltDistributedSession  *self);
void     malt_distributed_session_flush     (MaltDistributedSession  *self);
void     malt_distributed_session_close     (MaltDistributedSession  *self);
/* What is held of the output goes out now. */
void     malt_distributed_session_let_out   (MaltDistributedSession  *self);

/* The end. */
void     malt_distributed_session_on_exited (MaltDistributedSession  *self,
                                             MaltExitReport          *report);
/* Takes `detail`: how the host was lost. */
void     malt_distributed_session_lose      (MaltDistributedSession  *self,
                                             char                    *detail);
void     malt_distributed_session_end_stops (MaltDistributedSession  *self);
void     malt_distributed_session_kill_now  (MaltDistributedSession  *self,
                                             char                    *detail);

G_END_DECLS

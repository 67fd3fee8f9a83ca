/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-session.h"

G_BEGIN_DECLS

/* It runs until the host tells how the worker ended (@told), or the host is lost. What was said
 * before is waited for then, and the report is made. Everything belongs to the monitor thread that
 * does not say otherwise. Its sources and the connection hold references. */
struct _MaltDistributedSession
{
  MaltPeer                  parent_instance;

  char                     *host;           /* immutable; owned */
  guint                     lease_ms;       /* immutable */
  MaltDistributedLauncher  *launcher;       /* owned */

  GIOStream                *watch;          /* owned; NULL when it is over */
  int                       watch_fd;       /* atomic; of @watch, −1: over */
  MaltWatchReader          *reader;         /* owned */
  GByteArray               *outgoing;       /* owned; what waits to be written */
  int                       is_reading;     /* atomic; what was read may not be shown yet */
  MaltManagerLease          lease;
  MaltBridge               *bridges[2];     /* owned (nullable) */
  int                       fds[2];         /* copies, to see data and control end; −1: closed */

  GByteArray               *held[2];        /* owned; output that nobody takes yet */
  guint32                   n_taken;        /* bytes that the host has not been told of */

  GSource                  *read_source;
  GSource                  *write_source;
  GSource                  *lease_source;
  GSource                  *output_source;  /* looks whether somebody takes the output now */
  GSource                  *over_sources[2]; /* wait for the ends of these */
  GSource                  *last_source;    /* but not for ever */
  GSource                  *stop_source;    /* for one that does not end */

  MaltDistributedEndedFunc  start_ended;    /* takes the place of a report while it starts */
  gpointer                  start_data;

  MaltExitReport           *told;           /* owned (nullable); by the host */
  gboolean                  is_asked;       /* to leave */
  gint64                    stop_deadline;
};

/* The watch. */
void malt_distributed_session_open      (MaltDistributedSession *self,
                                         GIOStream              *watch,
                                         gint64                  watch_time);
void malt_distributed_session_read      (MaltDistributedSession *self);
void malt_distributed_session_flush     (MaltDistributedSession *self);
void malt_distributed_session_close     (MaltDistributedSession *self);
/* What is held of the output goes out now. */
void malt_distributed_session_let_out   (MaltDistributedSession *self);

/* The end. */
void malt_distributed_session_on_exited (MaltDistributedSession *self,
                                         MaltExitReport         *report);
/* The host was lost. Takes `detail`, which says how. */
void malt_distributed_session_lose      (MaltDistributedSession *self,
                                         char                   *detail);

/* Those functions of a peer. */
gboolean malt_distributed_session_is_ending (MaltPeer           *peer);
void     malt_distributed_session_kill_now  (MaltPeer           *peer);
gboolean malt_distributed_session_kill      (MaltPeer           *peer,
                                             int                 signum,
                                             GError            **error);
void     malt_distributed_session_climb     (MaltPeer           *peer,
                                             guint               exit_timeout_ms,
                                             guint               term_timeout_ms);
void     malt_distributed_session_closed    (MaltPeer           *peer);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/relay/malt-relay-lines-private.h"
#include "malt/relay/malt-relay-output.h"
#include "malt/relay/malt-relay-sink-private.h"
#include "malt/relay/malt-relay-stream-private.h"

G_BEGIN_DECLS

/* Standard output or error of a worker: a pipe, or bytes that are fed. */
typedef struct
{
  MaltRelayOutput *output;    /* the one that this is in */
  guint            number;    /* immutable: 1 or 2 */
  MaltRelayMode    mode;      /* immutable */
  MaltRelaySink   *sink;      /* immutable; of modes relay and inherit */
  MaltRelayStream *stream;    /* immutable; of mode stream, owned */
  int              worker_fd; /* monitor thread; −1 after the start */
  GSource         *source;    /* monitor thread; reads, or ends a pause */
  int              fd;        /* protected by the lock; changed by the monitor thread only */
  gboolean         is_open;   /* protected by the lock; the end has not come */
  MaltRelayLines   lines;     /* protected by the lock */
  MaltRelayTail    tail;      /* protected by the lock */
  guint64          ticket;    /* protected by the lock; of the last line, 0: shown */
} MaltRelayPipe;

/* Whoever is about to hand over results drains both pipes first, under the lock, so that output
 * is brought on in its order, and before the results of the calls that printed it. Only the
 * monitor closes a pipe. */
struct _MaltRelayOutput
{
  MaltRelayEvents *events;      /* immutable; owned */
  int              pid;         /* immutable after the start */
  GMutex           lock;
  char            *buffer;      /* protected by @lock; of what is read, NULL before */
  gboolean         emits_lines; /* protected by @lock; of what is being read */
  guint64          dropped;     /* protected by @lock; bytes */
  MaltRelayPipe    pipes[2];
};

void     malt_relay_pipe_init            (MaltRelayPipe    *self,
                                          MaltRelayOutput  *output,
                                          guint             number,
                                          MaltRelayMode     mode);
/* Makes a pipe, if the mode wants one. FALSE: none is left. */
gboolean malt_relay_pipe_open            (MaltRelayPipe    *self,
                                          GError          **error);
void     malt_relay_pipe_close_worker_fd (MaltRelayPipe    *self);
void     malt_relay_pipe_clear           (MaltRelayPipe    *self);

/* Monitor thread. */
void     malt_relay_pipe_start_reading   (MaltRelayPipe    *self);
void     malt_relay_pipe_stop_reading    (MaltRelayPipe    *self);
/* What is there now, and its end. */
void     malt_relay_pipe_finish_locked   (MaltRelayPipe    *self);

/* Any thread. */
gboolean malt_relay_pipe_wants_pause     (MaltRelayPipe    *self);
void     malt_relay_pipe_bring_on_locked (MaltRelayPipe    *self,
                                          const char       *bytes,
                                          gsize             length);
/* What is there now, and waits until it is shown. */
void     malt_relay_pipe_drain           (MaltRelayPipe    *self);

G_END_DECLS

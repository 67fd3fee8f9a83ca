/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-bridge.h"
#include "backends/distributed/malt-distributed-frames.h"
#include "backends/distributed/malt-distributed-spawn.h"
#include "backends/distributed/malt-distributed-tls.h"

G_BEGIN_DECLS

/* The three streams to a worker on a host, open. */
typedef struct
{
  int         fds[2];     /* of data and control, for a MaltConnection; −1: taken */
  MaltBridge *bridges[2]; /* what carries them over TLS; NULL without */
  GIOStream  *watch;
  gint64      watch_time; /* monotonic; when the host had answered its opening */
} MaltDistributedStreams;

void                    malt_distributed_streams_free        (MaltDistributedStreams  *self);

/* Opens them all at once. `tls`: nullable; `silence_ms`: after how long without an answer to what
 * was sent a connection counts as broken. In the thread-default main context; the caller keeps the
 * deadline. Errors: MALT_ERROR_START_FAILED, which says where it was connected to;
 * MALT_ERROR_INVALID_CONFIG for a host that has TLS and a manager that has not, or the other way
 * round; G_IO_ERROR_CANCELLED. */
void                    malt_distributed_streams_open_async  (const MaltSpawnReply    *reply,
                                                              const char              *id,
                                                              MaltDistributedTls      *tls,
                                                              guint                    silence_ms,
                                                              GCancellable            *cancellable,
                                                              GAsyncReadyCallback      callback,
                                                              gpointer                 user_data);
MaltDistributedStreams *malt_distributed_streams_open_finish (GAsyncResult            *result,
                                                              GError                 **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltDistributedStreams, malt_distributed_streams_free)

G_END_DECLS

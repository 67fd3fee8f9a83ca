/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-frames.h"

G_BEGIN_DECLS

/* The stream on which a host and a manager talk about a worker, and the lease, which is kept over
 * it. Everything happens in the thread-default main context in which it was made. */
typedef struct _MaltHostWatch MaltHostWatch;

typedef struct
{
  /* A stop or a kill. */
  void (*asked)   (MaltHostWatch        *watch,
                   const MaltWatchFrame *frame,
                   gpointer              user_data);
  /* Once: the manager is gone, silent or not to be trusted. `error` says how. */
  void (*lost)    (MaltHostWatch        *watch,
                   const GError         *error,
                   gpointer              user_data);
  /* Some output has been written, or taken. */
  void (*drained) (MaltHostWatch        *watch,
                   gpointer              user_data);
} MaltHostWatchFuncs;

/* The lease begins now: the manager is answered after this. `funcs` is borrowed. Fails when no
 * descriptor is left. */
MaltHostWatch *malt_host_watch_new       (GIOStream                *stream,
                                          guint                     lease_ms,
                                          const MaltHostWatchFuncs *funcs,
                                          gpointer                  user_data,
                                          GError                  **error);
/* Closes the stream. Not in one of the functions. */
void           malt_host_watch_free      (MaltHostWatch            *self);

/* Of one frame, in bytes. */
#define MALT_HOST_WATCH_OUTPUT_MAX_BYTES (64u * 1024 - 1)

/* Whether no more output is to be sent until it has drained. */
gboolean       malt_host_watch_is_full   (MaltHostWatch            *self);
/* Whether the manager has taken all output that was sent. */
gboolean       malt_host_watch_is_taken  (MaltHostWatch            *self);
gboolean       malt_host_watch_is_lost   (MaltHostWatch            *self);
void           malt_host_watch_send_output (MaltHostWatch          *self,
                                          int                       fd,
                                          const guint8             *data,
                                          gsize                     size);
/* The last that is said. The lease goes on, for the manager may have much to read. */
void           malt_host_watch_send_exited (MaltHostWatch          *self,
                                          MaltExitReport           *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostWatch, malt_host_watch_free)

G_END_DECLS

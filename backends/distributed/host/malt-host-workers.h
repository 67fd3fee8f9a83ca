/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-config.h"

G_BEGIN_DECLS

#define MALT_TYPE_HOST_WORKERS (malt_host_workers_get_type ())

/* The workers of this host. Everything happens in the thread-default main context in which it was
 * made. Signals: “changed”, when get_free() may answer otherwise; “ended” (const char *id), when
 * nothing is left of a worker. */
G_DECLARE_FINAL_TYPE (MaltHostWorkers, malt_host_workers, MALT, HOST_WORKERS, GObject)

/* Managers are told that they find their workers at this address, see MaltSpawnReply; it is where a
 * listener hands what it accepts to malt_host_workers_accept(). */
MaltHostWorkers *malt_host_workers_new          (MaltHostConfig          *config,
                                                 const char              *address,
                                                 guint16                  port);

/* The same id gets the same answer, however often it is asked for, while there is such a worker.
 * A request without a pool is for any with a free slot. Errors: MALT_ERROR_LIMIT when none is free,
 * MALT_ERROR_INVALID_CONFIG, MALT_ERROR_START_FAILED, MALT_ERROR_SANDBOX_UNAVAILABLE. */
void             malt_host_workers_spawn_async  (MaltHostWorkers         *self,
                                                 const MaltSpawnRequest  *request,
                                                 GAsyncReadyCallback      callback,
                                                 gpointer                 user_data);
MaltSpawnReply  *malt_host_workers_spawn_finish (MaltHostWorkers         *self,
                                                 GAsyncResult            *result,
                                                 GError                 **error);

/* How many slots of a pool are free; 0 if there is no such pool. */
guint            malt_host_workers_get_free     (MaltHostWorkers         *self,
                                                 const char              *pool);
/* How many workers there are, those included that start or end. */
guint            malt_host_workers_get_n        (MaltHostWorkers         *self);
/* Asks all to end, and takes no more. “ended” tells when each has. */
void             malt_host_workers_stop_all     (MaltHostWorkers         *self);

/* A stream that a manager has opened, with what it began with. FALSE: the opening is none of a
 * worker here, or has been used; the caller closes the stream. TRUE: the stream is the worker's (it
 * takes a reference). */
gboolean         malt_host_workers_accept       (MaltHostWorkers         *self,
                                                 const guint8            *opening,
                                                 GIOStream               *stream);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-launcher.h"
#include "backends/distributed/malt-distributed-streams.h"

G_BEGIN_DECLS

/* A worker on a host: what the monitor thread keeps an eye on, whether or not the MaltDistributedWorker is
 * still there. */
typedef struct _MaltDistributedSession MaltDistributedSession;

/* Takes what is in `streams`. Monitor thread. Until it is started, the end of the worker goes to `ended`
 * instead of into a report; `report` is NULL when the host was lost, and `detail` then says how. */
MaltDistributedSession *malt_distributed_session_new         (MaltDistributedStreams        *streams,
                                                              const char                    *id,
                                                              const MaltSpawnReply          *reply,
                                                              const MaltDistributedOptions  *options,
                                                              MaltDistributedLauncher       *launcher,
                                                              MaltRelayEvents               *events);
typedef void (*MaltDistributedEndedFunc) (MaltExitReport *report,
                                          const char     *detail,
                                          gpointer        user_data);
void                    malt_distributed_session_watch_start (MaltDistributedSession        *self,
                                                              MaltDistributedEndedFunc       ended,
                                                              gpointer                       user_data);
/* From here on its end is reported. Monitor thread. */
void                    malt_distributed_session_set_started (MaltDistributedSession        *self);
/* The start has failed, and the worker is not wanted. Monitor thread. */
void                    malt_distributed_session_discard     (MaltDistributedSession        *self,
                                                              const GError                  *error);

MaltDistributedSession *malt_distributed_session_ref         (MaltDistributedSession        *self);
void                    malt_distributed_session_unref       (MaltDistributedSession        *self);

/* The rest in any thread. */
const char             *malt_distributed_session_describe    (MaltDistributedSession        *self);
const char             *malt_distributed_session_get_host    (MaltDistributedSession        *self);
int                     malt_distributed_session_get_pid     (MaltDistributedSession        *self);
MaltConnection         *malt_distributed_session_get_connection (MaltDistributedSession     *self);
MaltRelayOutput        *malt_distributed_session_get_output  (MaltDistributedSession        *self);
/* (transfer none) (nullable): NULL while it runs. */
MaltExitReport         *malt_distributed_session_get_report  (MaltDistributedSession        *self);
/* FALSE with MALT_ERROR_TERMINATED_WORKER when it has ended. */
gboolean                malt_distributed_session_check       (MaltDistributedSession        *self,
                                                              GError                       **error);
/* Errors: MALT_ERROR_TERMINATED_WORKER, G_IO_ERROR_INVALID_ARGUMENT for no signal's number. */
gboolean                malt_distributed_session_kill        (MaltDistributedSession        *self,
                                                              int                            signum,
                                                              GError                       **error);
/* `task` (transfer full) gets 1, or 0 when the worker had ended before, or −1 with an error. */
void                    malt_distributed_session_stop        (MaltDistributedSession        *self,
                                                              guint                          exit_timeout_ms,
                                                              guint                          term_timeout_ms,
                                                              GTask                         *task);
/* Nobody wants the worker any more. */
void                    malt_distributed_session_abandon     (MaltDistributedSession        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltDistributedSession, malt_distributed_session_unref)

G_END_DECLS

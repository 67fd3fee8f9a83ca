/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-launcher.h"
#include "backends/distributed/malt-distributed-streams.h"

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_SESSION (malt_distributed_session_get_type ())

/* A worker on a host. */
G_DECLARE_FINAL_TYPE (MaltDistributedSession, malt_distributed_session, MALT, DISTRIBUTED_SESSION,
                      MaltPeer)

/* Until it is started, the end of the worker goes there instead of into a report; `report` is NULL
 * when the host was lost, and `detail` then says how. */
typedef void (*MaltDistributedEndedFunc) (MaltExitReport *report,
                                          const char     *detail,
                                          gpointer        user_data);

/* In the monitor thread, but for get_host(). Takes what is in `streams`. */
MaltDistributedSession *malt_distributed_session_new (MaltDistributedStreams       *streams,
                                                      const char                   *id,
                                                      const MaltSpawnReply         *reply,
                                                      const MaltDistributedOptions *options,
                                                      MaltDistributedLauncher      *launcher,
                                                      MaltRelayEvents              *events,
                                                      MaltDistributedEndedFunc      ended,
                                                      gpointer                      user_data);

/* From here on its end is reported. */
void                    malt_distributed_session_set_started (MaltDistributedSession       *self);
/* The start has failed, and the worker is not wanted. */
void                    malt_distributed_session_discard     (MaltDistributedSession       *self,
                                                              const GError                 *error);
const char             *malt_distributed_session_get_host    (MaltDistributedSession       *self);

G_END_DECLS

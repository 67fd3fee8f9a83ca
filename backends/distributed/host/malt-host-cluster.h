/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-workers.h"

G_BEGIN_DECLS

#define MALT_TYPE_HOST_CLUSTER (malt_host_cluster_get_type ())

/* What managers ask of this host over NATS. In the thread-default main context in which it was
 * made. Workers do not need it: without a server they go on, and it connects again by itself. */
G_DECLARE_FINAL_TYPE (MaltHostCluster, malt_host_cluster, MALT, HOST_CLUSTER, GObject)

/* `address` and `port`: as of the workers; managers see them in the list of hosts.
 * MALT_ERROR_INVALID_CONFIG for a server that is no address. Begins to connect. */
MaltHostCluster *malt_host_cluster_new   (MaltHostConfig   *config,
                                          MaltHostWorkers  *workers,
                                          const char       *address,
                                          guint16           port,
                                          GError          **error);
/* Hears nothing new; what has been asked for is answered. */
void             malt_host_cluster_leave (MaltHostCluster  *self);

G_END_DECLS

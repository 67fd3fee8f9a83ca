/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-options.h"
#include "backends/distributed/malt-distributed-tls.h"
#include "backends/distributed/malt-nats-client.h"

G_BEGIN_DECLS

/* The NATS clients of this program, one for each cluster, shared by all workers. Monitor thread. */
typedef struct _MaltDistributedBroker MaltDistributedBroker;

/* Errors: MALT_ERROR_INVALID_CONFIG for a server that is no address. */
MaltDistributedBroker *malt_distributed_broker_acquire      (const MaltDistributedOptions  *options,
                                                             MaltDistributedTls            *tls,
                                                             GError                       **error);
/* The client of the last one to let go is kept for a while. */
void                   malt_distributed_broker_release      (MaltDistributedBroker         *self);
MaltNatsClient        *malt_distributed_broker_get_client   (MaltDistributedBroker         *self);
/* “nats://a:4222, nats://b:4222” */
const char            *malt_distributed_broker_get_servers  (MaltDistributedBroker         *self);

G_END_DECLS

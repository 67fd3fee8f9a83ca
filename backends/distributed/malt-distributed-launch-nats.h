/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-launcher.h"
#include "backends/distributed/malt-distributed-tls.h"

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_LAUNCH_NATS (malt_distributed_launch_nats_get_type ())

/* Asks a pool of hosts, or one of them, over NATS. All workers of the program that have the same
 * servers and the same TLS share a client. */
G_DECLARE_FINAL_TYPE (MaltDistributedLaunchNats, malt_distributed_launch_nats, MALT,
                      NATS_LAUNCHER, GObject)

/* `tls`: nullable. Monitor thread. */
MaltDistributedLauncher *malt_distributed_launch_nats_new (MaltDistributedTls *tls);

G_END_DECLS

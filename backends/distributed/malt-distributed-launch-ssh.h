/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-launcher.h"

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_LAUNCH_SSH (malt_distributed_launch_ssh_get_type ())

/* Starts a malt-host for one worker by ssh, which brings a Unix socket of that machine to this one.
 * It ends with the worker. */
G_DECLARE_FINAL_TYPE (MaltDistributedLaunchSsh, malt_distributed_launch_ssh, MALT, SSH_LAUNCHER,
                      GObject)

MaltDistributedLauncher *malt_distributed_launch_ssh_new (void);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-config.h"

G_BEGIN_DECLS

/* Serves the worker of a request to whoever reaches a Unix socket and reads standard output, on
 * which it says how; until the worker has ended, or standard input is at its end. The folder of the
 * socket is made if it is not there, and else has to be this user's only. `in_messages`: it says it
 * in a message, see malt-host-request.h, rather than in JSON. Returns the exit status. */
int malt_host_serve_once (MaltHostConfig         *config,
                          const char             *path,
                          const MaltSpawnRequest *request,
                          gboolean                in_messages);

G_END_DECLS

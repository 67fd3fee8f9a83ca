/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-config.h"

G_BEGIN_DECLS

/* Serves one worker of a profile to whoever reaches a Unix socket and reads standard output, on which it
 * says how; until the worker has ended, or standard input is at its end. Returns the exit status. */
int malt_host_serve_once (MaltHostConfig *config,
                          const char     *path,
                          const char     *profile);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-config.h"

G_BEGIN_DECLS

/* Serves whoever asks over NATS, until SIGTERM or SIGINT. Returns the exit status. */
int malt_host_serve (MaltHostConfig *config);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-nats-client.h"

G_BEGIN_DECLS

#define LOAD_NAMESPACE "load"

/* What a process full of hosts prints, a line each, when all are connected, and when none is. */
#define LOAD_UP "up"
#define LOAD_DOWN "down"

/* `certificates`: a folder of make-certificates, of which this is “host”; NULL: no TLS. */
MaltNatsClient *load_client_new (const char *server,
                                 const char *certificates,
                                 const char *name,
                                 const char *inbox);

/* Runs hosts that answer as malt-host does and start nothing, until the process is killed. */
void            load_hosts_run  (const char *server,
                                 const char *certificates,
                                 guint       first,
                                 guint       n);

G_END_DECLS

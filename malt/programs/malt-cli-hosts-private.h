/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-tls.h"

G_BEGIN_DECLS

/* Milliseconds after the last answer for which another one is waited for: 3000 hosts have all
 * answered in 300 (docs/scale.md), over links of a few milliseconds. */
#define MALT_CLI_HOSTS_WAIT_MSEC 500

/* A cluster; all owned. */
typedef struct
{
  char              **servers;
  char               *ns;
  MaltDistributedTls *tls;     /* nullable */
  guint               wait_ms;
} MaltCliTarget;

/* Asks who is there, in the default main context. (transfer full): of MaltInventory, in the order
 * in which they have answered. */
GPtrArray *malt_cli_ask_hosts (const MaltCliTarget  *target,
                               GError              **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define LOAD_NAMESPACE "load"

/* What a process full of hosts prints, a line each, when all are connected, and when none is. */
#define LOAD_UP "up"
#define LOAD_DOWN "down"

/* Runs hosts that answer as malt-host does and start nothing, until the process is killed. */
void load_hosts_run (const char *server,
                     guint       first,
                     guint       n);

G_END_DECLS

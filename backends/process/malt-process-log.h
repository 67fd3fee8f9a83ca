/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hands a log record of a worker to the program's log writer, in a thread that does nothing else: a
 * writer may block, for instance on a stderr that nobody reads, and whoever calls this must not. Never
 * blocks. Records that come faster than they are written are dropped, and the next one says how many. */
void malt_process_log (const char     *worker,
                       int             pid,
                       GLogLevelFlags  level,
                       const char     *domain,
                       const char     *message);

G_END_DECLS

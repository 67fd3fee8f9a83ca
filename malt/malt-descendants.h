/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

#include <sys/types.h>

G_BEGIN_DECLS

/* Ends what a process started: everything below `pid` in the process tree, read from
 * /proc/PID/task/TID/children, is stopped and then killed, deepest last, `pid` itself is not.
 * Best effort: a process that is started meanwhile is caught by another round (at most a few).
 * Returns the number of processes killed. */
MALT_AVAILABLE_IN_ALL
guint malt_kill_descendants (pid_t pid);

G_END_DECLS

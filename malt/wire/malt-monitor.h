/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* The one thread of a manager process that does what must go on when nobody waits: child exit,
 * output, writes that would block, deadlines. Started at first use, never ended: PR_SET_PDEATHSIG
 * of the children it spawns is bound to it. */
MALT_AVAILABLE_IN_ALL
GMainContext *malt_monitor_get_context (void);

/* Runs `func` in the monitor thread and waits for it. Runs it directly when called there. */
MALT_AVAILABLE_IN_ALL
void          malt_monitor_run         (void   (*func) (gpointer user_data),
                                        gpointer user_data);

G_END_DECLS

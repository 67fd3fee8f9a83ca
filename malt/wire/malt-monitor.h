/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

typedef void (*MaltMonitorFunc) (gpointer user_data);

MALT_AVAILABLE_IN_ALL
GMainContext *malt_monitor_get_context (void);

MALT_AVAILABLE_IN_ALL
void          malt_monitor_run         (MaltMonitorFunc  func,
                                        gpointer         user_data);

G_END_DECLS

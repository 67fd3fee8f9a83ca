/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Nobody needs half of it. As in loky. */
#define MALT_NESTING_MAX_DEPTH 10u

MALT_AVAILABLE_IN_ALL
guint       malt_nesting_get_depth        (void);
MALT_AVAILABLE_IN_ALL
guint       malt_nesting_set_thread_depth (guint depth);
MALT_AVAILABLE_IN_ALL
const char *malt_nesting_get_executable   (void);

G_END_DECLS

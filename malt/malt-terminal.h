/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Text of a worker on a terminal. */
MALT_AVAILABLE_IN_ALL
gboolean malt_terminal_acts_on (gunichar    character);
MALT_AVAILABLE_IN_ALL
void     malt_terminal_append  (GString    *string,
                                const char *text,
                                gsize       length);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Where plugins are looked for, in the order of the search: what malt_add_plugin_path() added,
 * $MALT_PLUGIN_PATH, configurations' plugin-path, the installed folder. A backend passes it on to
 * its workers. (transfer full) */
MALT_AVAILABLE_IN_ALL
char **malt_dup_plugin_paths (void);

G_END_DECLS

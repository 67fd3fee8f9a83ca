/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Where the default configuration may be, in the order of the search; the first that is there is
 * it, and the others do not count. (transfer full) of GFile. */
GPtrArray *malt_config_locate_candidates (void);
/* The one that is there, NULL for none. (transfer full) */
GFile     *malt_config_locate            (void);

G_END_DECLS

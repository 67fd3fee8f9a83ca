/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The plugins in a folder that may implement `extension_point`: paths by name, without those of
 * which an up-to-date giomodule.cache says that they do not. `basename`: only the one of that
 * name, NULL for all. A folder that cannot be read has none. (transfer full) */
GPtrArray *malt_plugin_folder_list (const char *directory,
                                    const char *extension_point,
                                    const char *basename);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-types.h"

G_BEGIN_DECLS

/* Adds a folder of a configuration's "plugin-path", behind $MALT_PLUGIN_PATH and in front of the
 * installed folder. It stays for as long as the process. FALSE: there are too many. Any thread. */
gboolean malt_plugin_paths_add_configured (const char *folder);

G_END_DECLS

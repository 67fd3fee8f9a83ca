/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-module.h"

G_BEGIN_DECLS

typedef gboolean (*MaltModulePreloadFunc) (GError **error);

/* Opens a function module, finds its entry points and keeps it in memory for good. `preload` is
 * NULL when it has none. Errors, without the file's name, as MALT_ERROR_FAILED or G_FILE_ERROR:
 * not a regular file, not a whole shared library, one that cannot be linked, one without
 * malt_function_module_load(). */
gboolean malt_module_file_open (const char             *path,
                                MaltModuleLoadFunc     *load,
                                MaltModulePreloadFunc  *preload,
                                GError                **error);

G_END_DECLS

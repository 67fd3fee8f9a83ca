/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/runtime/malt-module.h>

G_BEGIN_DECLS

/* The function modules of one worker: which are loaded, where others are found. Executing thread
 * only. */
MALT_AVAILABLE_IN_ALL
MaltNamespace *malt_namespace_new            (const char *const  *module_path);
/* Frees what the functions of its modules were added with; the libraries stay. */
MALT_AVAILABLE_IN_ALL
void           malt_namespace_free           (MaltNamespace      *self);

/* Loads NAME (letters, digits, "_" and "-") once: a static module of that name, else NAME.so
 * from the module path, then from the installed folder. Errors: MALT_ERROR_REMOTE_EXCEPTION
 * naming the folders searched, or why the file could not be loaded. (transfer none) */
MALT_AVAILABLE_IN_ALL
MaltModule    *malt_namespace_import         (MaltNamespace      *self,
                                              const char         *name,
                                              GError            **error);
/* "module.function" of every loaded module. (transfer full) */
MALT_AVAILABLE_IN_ALL
char         **malt_namespace_list_functions (MaltNamespace      *self);

/* Installed and path modules that import() would find: name → file. (transfer full) */
MALT_AVAILABLE_IN_ALL
GHashTable    *malt_namespace_list_available (const char *const  *module_path);

G_END_DECLS

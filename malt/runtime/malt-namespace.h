/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/runtime/malt-module.h>

G_BEGIN_DECLS

/* Executing thread only. */
MALT_AVAILABLE_IN_ALL
MaltNamespace *malt_namespace_new            (const char *const  *module_path);
MALT_AVAILABLE_IN_ALL
void           malt_namespace_free           (MaltNamespace      *self);

MALT_AVAILABLE_IN_ALL
MaltModule    *malt_namespace_import         (MaltNamespace      *self,
                                              const char         *name,
                                              GError            **error);
MALT_AVAILABLE_IN_ALL
char         **malt_namespace_list_functions (MaltNamespace      *self);

/* Any thread. */
MALT_AVAILABLE_IN_ALL
GHashTable    *malt_namespace_list_available (const char *const  *module_path);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-module-private.h"
#include "malt/runtime/malt-namespace.h"

G_BEGIN_DECLS

/* The function of a loaded module by its whole name, or NULL. */
const MaltModuleFunction *malt_namespace_lookup  (MaltNamespace  *self,
                                                  const char     *full_name);
/* Whether import() would find the module; it may fail to load all the same. */
gboolean                  malt_namespace_has     (MaltNamespace  *self,
                                                  const char     *name);
/* Where it was looked for, as UTF-8 that goes on after a colon; NULL if there is such a module or
 * can be none. (transfer full) */
char                     *malt_namespace_explain_absence
                                                 (MaltNamespace  *self,
                                                  const char     *name);
/* As import(), but calls the module's malt_function_module_preload() first if it has one. */
MaltModule               *malt_namespace_preload (MaltNamespace  *self,
                                                  const char     *name,
                                                  GError        **error);

G_END_DECLS

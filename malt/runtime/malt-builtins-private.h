/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-invocation-private.h"
#include "malt/runtime/malt-runtime.h"

G_BEGIN_DECLS

/* The functions that every worker has, whatever runs in it: "malt.NAME". */
typedef struct _MaltBuiltin MaltBuiltin;

/* NULL when there is none of that name. */
const MaltBuiltin *malt_builtin_lookup (const char         *name);
/* Appends the (static) names to `names`. */
void               malt_builtin_list   (GPtrArray          *names);
MaltDispatch       malt_builtin_get_dispatch (const MaltBuiltin *self);
/* Executing thread. Checks the arguments; answers at once or later. */
void               malt_builtin_run    (const MaltBuiltin  *self,
                                        MaltRuntime        *runtime,
                                        MaltInvocation     *invocation);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-module.h"

G_BEGIN_DECLS

/* A function as its module registered it. Immutable; owned by the module. */
typedef struct
{
  char              *full_name; /* "module.function" */
  GVariantType      *signature; /* NULL: any tuple */
  MaltFunctionFlags  flags;
  MaltFunction       function;
  gpointer           user_data;
  GDestroyNotify     destroy;   /* of user_data (nullable) */
} MaltModuleFunction;

/* Names of modules and functions are made of letters, digits, "_" and "-". */
gboolean            malt_module_is_valid_name  (const char                *name);
/* The load function that was registered for `name`, or NULL. Any thread. */
MaltModuleLoadFunc  malt_module_lookup_static  (const char                *name);

MaltModule         *malt_module_new            (const char                *name);
const char         *malt_module_get_name       (MaltModule                *self);
/* Of MaltModuleFunction, in the order of their registration. (transfer none) */
GPtrArray          *malt_module_get_functions  (MaltModule                *self);
/* The names without the module's. (transfer full) */
char              **malt_module_dup_short_names (MaltModule               *self);
/* Runs `load`, after which no function can be added. TRUE, or FALSE with `error` whatever `load`
 * does. */
gboolean            malt_module_load           (MaltModule                *self,
                                                MaltModuleLoadFunc         load,
                                                GError                   **error);

/* Runs the function in this thread, and makes of what it did something that can be answered: an
 * owned value, NULL for "nothing", or an error that can leave the worker. */
GVariant           *malt_module_function_call  (const MaltModuleFunction  *self,
                                                MaltInvocation            *invocation,
                                                GError                   **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A function module with a bug, as native code has them: the worker that runs it is lost. */

#include <malt/malt.h>

/* Volatile: the compiler must not see that this is always NULL. */
static int *volatile nowhere;

static GVariant *
dereference (MaltInvocation  *invocation,
             GVariant        *args,
             GVariant        *kwargs,
             gpointer         user_data,
             GError         **error)
{
  return g_variant_new_int32 (*nowhere);
}

gboolean
malt_function_module_load (MaltModule  *module,
                           GError     **error)
{
  malt_module_add_function (module, "dereference", "()", MALT_FUNCTION_FLAGS_NONE, dereference,
                            NULL, NULL);
  return TRUE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The module "versioned", of which there is more than one: CONTRACT_VERSION says which this is. */
#include <malt/malt.h>

static GVariant *
version (MaltInvocation  *invocation,
         GVariant        *args,
         GVariant        *kwargs,
         gpointer         data,
         GError         **error)
{
  return g_variant_new_uint32 (CONTRACT_VERSION);
}

gboolean
malt_function_module_load (MaltModule *module, GError **error)
{
  malt_module_add_function (module, "version", "()", MALT_FUNCTION_FLAGS_NONE, version, NULL, NULL);
  return TRUE;
}

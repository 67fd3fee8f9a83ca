/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-conformance.h"

static GVariant *
answer (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  return g_variant_new_int64 (42);
}

/* This program is a worker too, for the case "executable=self". */
static gboolean
load_static_module (MaltModule *module, GError **error)
{
  malt_module_add_function (module, "answer", "()", MALT_FUNCTION_FLAGS_NONE, answer, NULL, NULL);
  return TRUE;
}

int
main (int argc, char **argv)
{
  malt_register_static_module ("contract_static", load_static_module);
  malt_init (&argc, &argv);

  return malt_contract_main (argc, argv);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-module-file-private.h"

#include "malt/malt-error.h"
#include "malt/malt-library-private.h"

gboolean
malt_module_file_open (const char             *path,
                       MaltModuleLoadFunc     *load,
                       MaltModulePreloadFunc  *preload,
                       GError                **error)
{
  GModule *module = malt_library_open (path, error);
  gpointer symbol;

  if (module == NULL)
    return FALSE;

  if (!g_module_symbol (module, "malt_function_module_load", &symbol) || symbol == NULL)
    {
      g_module_close (module);
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_FAILED,
                           "It does not export malt_function_module_load()");
      return FALSE;
    }
  *load = (MaltModuleLoadFunc) symbol;

  if (!g_module_symbol (module, "malt_function_module_preload", &symbol))
    symbol = NULL;
  *preload = (MaltModulePreloadFunc) symbol;

  /* It may register types and start threads, which outlive every reference to it. */
  g_module_make_resident (module);
  g_module_close (module);

  return TRUE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * MALT_DEFINE_PLUGIN:
 * @symbol: the file name of the module without “lib” and “.so”, with “_” for “-”:
 *   `malt_lua` in `libmalt-lua.so`
 * @extension_point: what it is, a string: %MALT_WORKER_EXTENSION_POINT or
 *   %MALT_EVALUATOR_EXTENSION_POINT
 * @name: the name of the backend or evaluator, a string
 * @TYPE: its type, an expression
 *
 * Defines the entry points of a GIO module that registers one type, and keeps itself
 * resident, for a static type must not be unloaded. Once in a module, outside of any
 * function.
 *
 * ```c
 * MALT_DEFINE_PLUGIN (malt_mine, MALT_WORKER_EXTENSION_POINT, "mine", my_worker_get_type ())
 * ```
 *
 * Since: 0.1
 */
#define MALT_DEFINE_PLUGIN(symbol, extension_point, name, TYPE)                                   \
  G_MODULE_EXPORT void g_io_##symbol##_load (GIOModule *module);                                  \
  G_MODULE_EXPORT void g_io_##symbol##_unload (GIOModule *module);                                \
  G_MODULE_EXPORT char **g_io_##symbol##_query (void);                                            \
                                                                                                  \
  void                                                                                            \
  g_io_##symbol##_load (GIOModule *module)                                                        \
  {                                                                                               \
    g_type_module_use (G_TYPE_MODULE (module));                                                   \
    g_io_extension_point_implement (extension_point, TYPE, name, 0);                              \
  }                                                                                               \
                                                                                                  \
  void                                                                                            \
  g_io_##symbol##_unload (GIOModule *module)                                                      \
  {                                                                                               \
  }                                                                                               \
                                                                                                  \
  char **                                                                                         \
  g_io_##symbol##_query (void)                                                                    \
  {                                                                                               \
    const char *const extension_points[] = { extension_point, NULL };                             \
    return g_strdupv ((char **) extension_points);                                                \
  }

G_END_DECLS

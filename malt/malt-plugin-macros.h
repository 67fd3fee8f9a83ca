/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

G_BEGIN_DECLS

/* MALT_DEFINE_PLUGIN (symbol, extension_point, name, TYPE): the entry points of a GIO module that
 * registers one type, and keeps itself resident, for a static GType must not be unloaded. `symbol`
 * is the file name without "lib" and ".so", with "_" for "-": libmalt-lua.so → malt_lua. */
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

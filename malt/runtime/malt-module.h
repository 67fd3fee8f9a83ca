/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/runtime/malt-invocation.h>

G_BEGIN_DECLS

#define MALT_TYPE_MODULE (malt_module_get_type ())
#define MALT_TYPE_FUNCTION_FLAGS (malt_function_flags_get_type ())

typedef GVariant *(*MaltFunction) (MaltInvocation  *invocation,
                                   GVariant        *args,
                                   GVariant        *kwargs,
                                   gpointer         user_data,
                                   GError         **error);

typedef enum /*< flags >*/
{
  MALT_FUNCTION_FLAGS_NONE = 0,
  MALT_FUNCTION_FLAGS_THREADED = 1 << 0
} MaltFunctionFlags;

MALT_AVAILABLE_IN_ALL
GType malt_function_flags_get_type (void);

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltModule, malt_module, MALT, MODULE, GObject)

typedef gboolean (*MaltModuleLoadFunc) (MaltModule  *module,
                                        GError     **error);

MALT_AVAILABLE_IN_ALL
void       malt_module_add_function    (MaltModule         *self,
                                        const char         *name,
                                        const char         *signature,
                                        MaltFunctionFlags   flags,
                                        MaltFunction        function,
                                        gpointer            user_data,
                                        GDestroyNotify      destroy);
MALT_AVAILABLE_IN_ALL
void       malt_register_static_module (const char         *name,
                                        MaltModuleLoadFunc  load);

/* What a function module exports; malt itself defines neither. */
#ifndef __GI_SCANNER__
__attribute__ ((visibility ("default")))
gboolean   malt_function_module_load    (MaltModule        *module,
                                         GError           **error);
__attribute__ ((visibility ("default")))
gboolean   malt_function_module_preload (GError           **error);
#endif

G_END_DECLS

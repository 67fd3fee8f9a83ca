/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-lua-private.h"

G_BEGIN_DECLS

/* malt-lua-namespace.c */
void      malt_lua_add_namespace  (lua_State    *L);
/* Pushes the environment of the module, "" being Main; it and its parents are created.
 * [-0, +(0|1), -] */
gboolean  malt_lua_push_module    (MaltLua      *self,
                                   const char   *name,
                                   GError      **error);
void      malt_lua_push_main      (lua_State    *L);
int       malt_lua_import         (lua_State    *L);
gboolean  malt_lua_is_module      (lua_State    *L,
                                   int           index);

/* malt-lua-log.c */
int       malt_lua_log            (lua_State    *L);

/* malt-lua-names.c. Pushes what is callable under "function" or "module.function".
 * [-0, +(0|1), -] */
gboolean  malt_lua_push_function  (MaltLua      *self,
                                   const char   *name);
char    **malt_lua_list_functions (MaltLua      *self);

/* malt-lua-require.c */
void      malt_lua_add_require    (MaltLua      *self,
                                   lua_State    *L);

G_END_DECLS

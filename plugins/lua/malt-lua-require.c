/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-namespace-private.h"

/* require(): files of text from the worker's module path and the installed folder. They run in
 * Main. */

/* Of package.searchers: the first looks in package.preload, ours is the second; there is no
 * native code. */
#define PRELOAD_SEARCHER 1
#define FILE_SEARCHER 2

/* Its upvalue is the package table. */
static int
on_search (lua_State *L)
{
  const char *name = luaL_checkstring (L, 1);
  const char *file;

  lua_getfield (L, lua_upvalueindex (1), "searchpath");
  lua_pushvalue (L, 1);
  lua_getfield (L, lua_upvalueindex (1), "path");
  lua_call (L, 2, 2);
  if (lua_isnil (L, -2))
    return 1;

  lua_pop (L, 1);
  file = lua_tostring (L, -1);
  if (luaL_loadfilex (L, file, "t") != LUA_OK)
    return luaL_error (L, "error loading module '%s' from file '%s':\n\t%s", name, file,
                       lua_tostring (L, -1));

  malt_lua_push_main (L);
  lua_setupvalue (L, -2, 1);
  lua_pushvalue (L, -2);

  return 2;
}

static void
append_folder (GString    *path,
               const char *folder)
{
  if (path->len > 0)
    g_string_append_c (path, ';');
  g_string_append_printf (path, "%s/?.lua;%s/?/init.lua", folder, folder);
}

static char *
dup_path (MaltLua *self)
{
  const char *const *folders = malt_runtime_get_module_path (self->runtime);
  GString *path = g_string_new (NULL);

  for (guint i = 0; folders != NULL && folders[i] != NULL; i++)
    append_folder (path, folders[i]);
  append_folder (path, MALT_MODULES_DIR);

  return g_string_free (path, FALSE);
}

/* [-0, +0, m] */
void
malt_lua_add_require (MaltLua   *self,
                      lua_State *L)
{
  char *path = dup_path (self);

  lua_getglobal (L, "package");
  lua_pushstring (L, path);
  g_free (path);
  lua_setfield (L, -2, "path");
  lua_pushliteral (L, "");
  lua_setfield (L, -2, "cpath");

  lua_getfield (L, -1, "searchers");
  for (lua_Integer i = luaL_len (L, -1); i > PRELOAD_SEARCHER; i--)
    {
      lua_pushnil (L);
      lua_rawseti (L, -2, i);
    }
  lua_pushvalue (L, -2);
  lua_pushcclosure (L, on_search, 1);
  lua_rawseti (L, -2, FILE_SEARCHER);
  lua_pop (L, 1);

  lua_getfield (L, -1, "loaded");
  malt_lua_push_main (L);
  lua_setfield (L, -2, LUA_GNAME);
  lua_getglobal (L, "malt");
  lua_setfield (L, -2, "malt");
  lua_pop (L, 2);
}

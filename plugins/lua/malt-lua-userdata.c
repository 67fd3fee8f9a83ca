/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-value-private.h"

/* Classes of userdata. luaL_checkudata() looks a name up, which makes a string and can raise;
 * these go by an address. */

/* A program sees FALSE instead of the metatable. Methods are found through __index, unless the
 * class has one of its own, which gets the table of methods as its upvalue. */
void
malt_lua_new_class (lua_State      *L,
                    const void     *key,
                    const char     *name,
                    const luaL_Reg *metamethods,
                    const luaL_Reg *methods)
{
  lua_createtable (L, 0, 8);

  lua_newtable (L);
  if (methods != NULL)
    luaL_setfuncs (L, methods, 0);
  lua_pushvalue (L, -1);
  lua_setfield (L, -3, "__index");
  luaL_setfuncs (L, metamethods, 1);

  lua_pushstring (L, name);
  lua_setfield (L, -2, "__name");
  lua_pushboolean (L, FALSE);
  lua_setfield (L, -2, "__metatable");
  lua_rawsetp (L, LUA_REGISTRYINDEX, key);
}

/* Makes the userdata at the top one of the class. [-0, +0, -] */
void
malt_lua_set_class (lua_State  *L,
                    const void *key)
{
  lua_rawgetp (L, LUA_REGISTRYINDEX, key);
  lua_setmetatable (L, -2);
}

/* NULL when it is something else. [-0, +0, -] */
gpointer
malt_lua_to_userdata (lua_State  *L,
                      int         index,
                      const void *key)
{
  gboolean is_of_class;

  if (lua_type (L, index) != LUA_TUSERDATA || !lua_getmetatable (L, index))
    return NULL;

  lua_rawgetp (L, LUA_REGISTRYINDEX, key);
  is_of_class = lua_rawequal (L, -1, -2);
  lua_pop (L, 2);

  return is_of_class ? lua_touserdata (L, index) : NULL;
}

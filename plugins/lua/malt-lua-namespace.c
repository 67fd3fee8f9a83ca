/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-namespace-private.h"

#include "malt-lua-request-private.h"
#include "malt-lua-value-private.h"

#include <string.h>

/* A module is a table that is the environment of what is evaluated in it: globals are its
 * fields. What it does not have it takes from its prelude, which is a copy of Lua's own globals,
 * with those functions that depend on the module; so no module can change what the others see. A
 * module is found as a field of its parent, and Main is the parent of all; a plain table becomes
 * a module when something is evaluated in it. */

#define MAIN_MODULE "Main"

/* In the registry: the environment of Main, Lua's own load(), and in a module's metatable: that
 * it is. */
static const char main_key;
static const char load_key;
static const char module_key;

/* [-0, +1, -] */
void
malt_lua_push_main (lua_State *L)
{
  lua_rawgetp (L, LUA_REGISTRYINDEX, &main_key);
}

/* [-0, +0, -] */
gboolean
malt_lua_is_module (lua_State *L,
                    int        index)
{
  gboolean is_module;

  if (!lua_getmetatable (L, index))
    return FALSE;

  is_module = lua_rawgetp (L, -1, &module_key) != LUA_TNIL;
  lua_pop (L, 2);

  return is_module;
}

/* load (chunk, name, mode, environment): text only, and the default environment is the module
 * that load() was taken from. */
static int
on_load (lua_State *L)
{
  gboolean has_environment = lua_gettop (L) >= 4;
  const char *mode = luaL_optstring (L, 3, "t");

  if (strchr (mode, 't') == NULL)
    {
      lua_pushnil (L);
      lua_pushliteral (L, "binary chunks are refused");
      return 2;
    }

  lua_settop (L, 4);
  if (!has_environment)
    {
      lua_pushvalue (L, lua_upvalueindex (1));
      lua_replace (L, 4);
    }
  lua_pushliteral (L, "t");
  lua_replace (L, 3);
  lua_rawgetp (L, LUA_REGISTRYINDEX, &load_key);
  lua_insert (L, 1);
  lua_call (L, 4, LUA_MULTRET);

  /* What a chunk function raises is answered, and the interrupt is no exception. */
  if (malt_lua_is_interrupt (L, -1))
    return malt_lua_throw_again (L);

  return lua_gettop (L);
}

/* Pushes a table of the functions of the module, with the limit suspended. [-0, +1, -] */
static void
push_functions (lua_State          *L,
                const char         *module,
                const char *const  *names)
{
  lua_newtable (L);
  for (guint i = 0; names[i] != NULL; i++)
    {
      lua_pushfstring (L, "%s.%s", module, names[i]);
      lua_pushcclosure (L, malt_lua_call_function, 1);
      lua_setfield (L, -2, names[i]);
    }
}

/* import (name), malt.import (name): a function module as a table. The one of a module, which is
 * its upvalue, makes it a global there. */
int
malt_lua_import (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  const char *module = luaL_checkstring (L, 1);
  gboolean was_limited;
  GError *error = NULL;
  char **names = malt_runtime_import (lua->runtime, module, &error);
  char *message;

  if (names == NULL)
    {
      const char *reason = malt_error_get_remote_message (error);

      message = g_strdup_printf ("import \"%s\": %s", module,
                                 reason != NULL ? reason : error->message);
      g_error_free (error);
      return malt_lua_raise (L, message);
    }

  was_limited = malt_lua_suspend_limit (lua);
  push_functions (L, module, (const char *const *) names);
  g_strfreev (names);
  malt_lua_restore_limit (lua, was_limited);

  if (lua_istable (L, lua_upvalueindex (1)))
    {
      lua_pushvalue (L, 1);
      lua_pushvalue (L, -2);
      lua_rawset (L, lua_upvalueindex (1));
    }

  return 1;
}

/* A copy of Lua's globals for the module at `index`. [-0, +1, m] */
static void
push_prelude (lua_State *L,
              int        index)
{
  lua_newtable (L);
  lua_pushglobaltable (L);
  for (lua_pushnil (L); lua_next (L, -2);)
    {
      lua_pushvalue (L, -2);
      lua_insert (L, -2);
      lua_rawset (L, -5);
    }
  lua_pop (L, 1);

  lua_pushvalue (L, index);
  lua_setfield (L, -2, LUA_GNAME);
  lua_pushvalue (L, index);
  lua_pushcclosure (L, on_load, 1);
  lua_setfield (L, -2, "load");
  lua_pushvalue (L, index);
  lua_pushcclosure (L, malt_lua_import, 1);
  lua_setfield (L, -2, "import");
}

/* Makes a module of the table at the top. The metatable is out of reach: setmetatable (_G, …)
 * would cut the module off from Lua's functions for good. [-0, +0, m] */
static void
make_module (lua_State *L)
{
  int index = lua_gettop (L);

  lua_createtable (L, 0, 4);
  push_prelude (L, index);
  lua_setfield (L, -2, "__index");
  lua_pushliteral (L, "malt.Module");
  lua_setfield (L, -2, "__name");
  lua_pushboolean (L, FALSE);
  lua_setfield (L, -2, "__metatable");
  lua_pushboolean (L, TRUE);
  lua_rawsetp (L, -2, &module_key);
  lua_setmetatable (L, index);
}

/* Whether what is at the top can become a module: a table that has no behaviour of its own. */
static gboolean
is_plain_table (lua_State *L)
{
  if (!lua_istable (L, -1))
    return FALSE;
  if (malt_lua_get_type_hint (L, -1) != NULL || !lua_getmetatable (L, -1))
    return TRUE;

  lua_pop (L, 1);

  return FALSE;
}

static gboolean
is_library_name (lua_State  *L,
                 const char *name)
{
  gboolean is_taken;

  lua_pushglobaltable (L);
  lua_pushstring (L, name);
  is_taken = lua_rawget (L, -2) != LUA_TNIL;
  lua_pop (L, 2);

  return is_taken;
}

/* Replaces the module at the top by its child. [-1, +(0|1), -] */
static gboolean
enter_child (lua_State   *L,
             const char  *name,
             char       **reason)
{
  lua_pushstring (L, name);
  if (lua_rawget (L, -2) == LUA_TNIL)
    {
      if (*name == '\0' || is_library_name (L, name))
        {
          *reason = g_strdup (*name == '\0' ? "a part of the name is empty"
                                            : "the name belongs to Lua's library");
          lua_pop (L, 2);
          return FALSE;
        }

      lua_pop (L, 1);
      lua_newtable (L);
      lua_pushstring (L, name);
      lua_pushvalue (L, -2);
      lua_rawset (L, -4);
    }

  lua_remove (L, -2);
  if (malt_lua_is_module (L, -1))
    return TRUE;

  if (!is_plain_table (L))
    {
      *reason = g_strdup_printf ("“%s” is a %s value", name, luaL_typename (L, -1));
      lua_pop (L, 1);
      return FALSE;
    }

  make_module (L);

  return TRUE;
}

/* MALT_ERROR_REMOTE_EXCEPTION, "lua.error": the name is none, or taken by something else. */
gboolean
malt_lua_push_module (MaltLua     *self,
                      const char  *name,
                      GError     **error)
{
  lua_State *L = self->state;
  int top = lua_gettop (L);
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  guint first = parts[0] != NULL && g_str_equal (parts[0], MAIN_MODULE) ? 1 : 0;
  g_autofree char *reason = NULL;
  g_autofree char *message = NULL;

  malt_lua_push_main (L);
  for (guint i = first; parts[i] != NULL; i++)
    if (!enter_child (L, parts[i], &reason))
      {
        message = g_strdup_printf ("Cannot evaluate in module “%s”: %s", name, reason);
        g_propagate_error (error, malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message,
                                                         "lua.error", NULL));
        malt_lua_assert_balance (L, top, 0);
        return FALSE;
      }

  malt_lua_assert_balance (L, top, 1);

  return TRUE;
}

/* [-0, +0, m] */
void
malt_lua_add_namespace (lua_State *L)
{
  lua_getglobal (L, "load");
  lua_rawsetp (L, LUA_REGISTRYINDEX, &load_key);
  lua_newtable (L);
  make_module (L);
  lua_rawsetp (L, LUA_REGISTRYINDEX, &main_key);
}

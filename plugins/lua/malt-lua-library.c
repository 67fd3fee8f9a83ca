/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-namespace-private.h"
#include "malt-lua-request-private.h"
#include "malt-lua-value-private.h"

/* The global table malt. */

/* Of malt.spawn(), so that they fit on a new thread without asking. */
#define SPAWN_MAX_ARGS (LUA_MINSTACK - 4)

/* malt.spawn (function, …): a task that nobody waits for. */
static int
on_spawn (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  int n_values = lua_gettop (L);
  MaltLuaRequest *request;

  luaL_checktype (L, 1, LUA_TFUNCTION);
  luaL_argcheck (L, n_values - 1 <= SPAWN_MAX_ARGS, n_values, "too many arguments");

  request = malt_lua_request_new (lua, NULL);
  malt_lua_request_start (request, L, n_values);
  request->is_suspended = TRUE;
  malt_lua_request_ready (request);

  return 0;
}

/* malt.progress (fraction [, text]); a task has nobody to tell. */
static int
on_progress (lua_State *L)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);
  double fraction = luaL_checknumber (L, 1);
  const char *text = luaL_optstring (L, 2, NULL);

  if (request != NULL && request->invocation != NULL)
    malt_invocation_report_progress (request->invocation, fraction, text);

  return 0;
}

void
malt_lua_add_library (lua_State *L)
{
  static const luaL_Reg functions[] = {
    { "import", malt_lua_import },
    { "log", malt_lua_log },
    { "progress", on_progress },
    { "spawn", on_spawn },
    { NULL, NULL },
  };

  malt_lua_add_hints (L);
  luaL_newlib (L, functions);
  malt_lua_add_array (L);
  malt_lua_add_null (L);
  malt_lua_add_variant (L);
  malt_lua_add_waits (L);
  malt_lua_add_channel (L);
  malt_lua_add_error_type (L);
  if (!malt_lua_get (L)->is_restricted)
    malt_lua_add_worker (L);
  lua_setglobal (L, "malt");
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

/* The coroutines of a program: as Lua's, but a wait inside of one suspends the whole request
 * instead of returning to who resumed it, an interrupt passes, and running_thread is always the
 * one that runs.
 *
 * A coroutine that is suspended in a wait has the wait mark as its one yielded value; a program
 * can neither make that mark nor, while it is there, resume or close the coroutine. */

#if LUA_VERSION_RELEASE_NUM >= 50406
#define close_thread(thread, from) lua_closethread (thread, from)
#else
#define close_thread(thread, from) lua_resetthread (thread)
#endif

typedef enum
{
  COROUTINE_RUNNING,
  COROUTINE_NORMAL,    /* somebody waits for it, or it is the base of a request */
  COROUTINE_SUSPENDED,
  COROUTINE_DEAD
} CoroutineStatus;

static const char *const status_names[] = { "running", "normal", "suspended", "dead" };

static int transfer (lua_State *L, lua_State *coroutine, int n_args, gboolean is_wrap);

static gboolean
is_waiting (lua_State *coroutine)
{
  return lua_status (coroutine) == LUA_YIELD && lua_gettop (coroutine) > 0
         && malt_lua_is_wait_mark (coroutine, -1);
}

static CoroutineStatus
get_status (lua_State *L,
            lua_State *coroutine)
{
  lua_Debug debug;

  if (coroutine == L)
    return COROUTINE_RUNNING;
  if (malt_lua_is_request_thread (coroutine) || is_waiting (coroutine))
    return COROUTINE_NORMAL;

  switch (lua_status (coroutine))
    {
    case LUA_YIELD:
      return COROUTINE_SUSPENDED;

    case LUA_OK:
      if (lua_getstack (coroutine, 0, &debug))
        return COROUTINE_NORMAL;
      return lua_gettop (coroutine) == 0 ? COROUTINE_DEAD : COROUTINE_SUSPENDED;

    default:
      return COROUTINE_DEAD;
    }
}

/* To be called when it is the one that runs. A signal that came before has put the hook on who
 * resumes it, who sees nothing of it until the coroutine is done. */
static void
arm_if_cancelled (MaltLuaRequest *request,
                  lua_State      *coroutine)
{
  if (request == NULL || !malt_lua_request_is_cancelled (request))
    return;

  if (request->is_thrown)
    malt_lua_arm_again (coroutine);
  else
    malt_lua_arm (coroutine);
}

/* Runs its <close> handlers. If there is an error then, it is moved to L. [-0, +(0|1), -] */
static int
close_coroutine (lua_State *L,
                 lua_State *coroutine)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);
  lua_State *previous = atomic_exchange (&lua->running_thread, coroutine);
  int status;

  arm_if_cancelled (request, coroutine);
  status = close_thread (coroutine, L);
  atomic_store (&lua->running_thread, previous);
  if (status != LUA_OK)
    lua_xmove (coroutine, L, 1);

  return status;
}

/* The coroutine has been interrupted: it ends, and so does what resumed it. [-0, +*, v] */
static int
pass_interrupt (lua_State *L,
                lua_State *coroutine)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);

  close_coroutine (L, coroutine);
  if (request != NULL && request->interrupt_traceback != NULL)
    {
      char *inner = request->interrupt_traceback;
      char *outer = malt_lua_dup_traceback (L, L, 0);

      request->interrupt_traceback = g_strconcat (inner, "\nresumed from:\n", outer, NULL);
      g_free (outer);
      g_free (inner);
    }

  return malt_lua_throw_again (L);
}

static int
continue_transfer (lua_State    *L,
                   int           status,
                   lua_KContext  is_wrap)
{
  lua_State *coroutine = lua_tothread (L, is_wrap ? lua_upvalueindex (1) : 1);

  lua_pop (coroutine, 1);

  return transfer (L, coroutine, 0, is_wrap != 0);
}

/* The mark stays on the coroutine, and another is handed up to the base of the request. */
static int
pass_wait (lua_State *L,
           lua_State *coroutine,
           gboolean   is_wrap)
{
  if (!lua_isyieldable (L))
    return malt_lua_raise_cannot_wait (L);

  malt_lua_push_wait_mark (L);

  return lua_yieldk (L, 1, is_wrap, continue_transfer);
}

static int
pass_results (lua_State *L,
              lua_State *coroutine,
              int        n_results,
              gboolean   is_wrap)
{
  if (!lua_checkstack (L, n_results + 1))
    {
      lua_pop (coroutine, n_results);
      return luaL_error (L, "too many results to resume");
    }

  if (!is_wrap)
    lua_pushboolean (L, TRUE);
  lua_xmove (coroutine, L, n_results);
  malt_lua_check_interrupt (L);

  return is_wrap ? n_results : n_results + 1;
}

/* The error stays on the coroutine until its <close> handlers have seen it, and may have
 * replaced it. As Lua does, the position of the call is put before it; where it was raised is
 * kept beside it. */
static int
raise_from_wrap (lua_State *L,
                 lua_State *coroutine)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);
  gboolean was_limited = malt_lua_suspend_limit (lua);
  char *traceback = malt_lua_dup_traceback (L, coroutine, 0);
  int status;

  malt_lua_restore_limit (lua, was_limited);
  status = close_coroutine (L, coroutine);
  malt_lua_suspend_limit (lua);

  if (request != NULL && lua_type (L, -1) == LUA_TSTRING && status != LUA_ERRMEM)
    {
      luaL_where (L, 1);
      lua_pushvalue (L, -2);
      lua_concat (L, 2);
      malt_lua_request_note_coroutine (request, g_steal_pointer (&traceback), lua_tostring (L, -2),
                                       lua_tostring (L, -1));
    }

  g_free (traceback);
  malt_lua_restore_limit (lua, was_limited);
  if (!malt_lua_is_interrupt (L, -1))
    malt_lua_check_interrupt (L);

  return lua_error (L);
}

static int
pass_error (lua_State *L,
            lua_State *coroutine,
            gboolean   is_wrap)
{
  if (malt_lua_is_interrupt (coroutine, -1))
    return pass_interrupt (L, coroutine);
  if (is_wrap)
    return raise_from_wrap (L, coroutine);

  malt_lua_check_interrupt (L);
  lua_pushboolean (L, FALSE);
  lua_xmove (coroutine, L, 1);

  return 2;
}

static int
transfer (lua_State *L,
          lua_State *coroutine,
          int        n_args,
          gboolean   is_wrap)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);
  lua_State *previous = atomic_exchange (&lua->running_thread, coroutine);
  int n_results = 0;
  int status;

  arm_if_cancelled (request, coroutine);
  status = lua_resume (coroutine, L, n_args, &n_results);
  atomic_store (&lua->running_thread, previous);

  if (status == LUA_YIELD && request != NULL && request->hook_yielded == coroutine)
    {
      request->hook_yielded = NULL;
      return pass_interrupt (L, coroutine);
    }
  if (is_waiting (coroutine))
    return pass_wait (L, coroutine, is_wrap);
  if (status == LUA_OK || status == LUA_YIELD)
    return pass_results (L, coroutine, n_results, is_wrap);

  return pass_error (L, coroutine, is_wrap);
}

static lua_State *
check_coroutine (lua_State *L)
{
  lua_State *coroutine = lua_tothread (L, 1);

  luaL_argexpected (L, coroutine != NULL, 1, "coroutine");

  return coroutine;
}

/* NULL, or why the coroutine cannot be resumed with the arguments at the top of the stack. */
static const char *
find_obstacle (lua_State *L,
               lua_State *coroutine,
               int        n_args)
{
  CoroutineStatus status = get_status (L, coroutine);

  if (status == COROUTINE_DEAD)
    return "cannot resume dead coroutine";
  if (status != COROUTINE_SUSPENDED)
    return "cannot resume non-suspended coroutine";
  if (!lua_checkstack (coroutine, n_args))
    return "too many arguments to resume";

  return NULL;
}

static int
on_resume (lua_State *L)
{
  lua_State *coroutine = check_coroutine (L);
  int n_args = lua_gettop (L) - 1;
  const char *obstacle = find_obstacle (L, coroutine, n_args);

  if (obstacle != NULL)
    {
      lua_pushboolean (L, FALSE);
      lua_pushstring (L, obstacle);
      return 2;
    }

  lua_xmove (L, coroutine, n_args);

  return transfer (L, coroutine, n_args, FALSE);
}

static int
on_wrapped (lua_State *L)
{
  lua_State *coroutine = lua_tothread (L, lua_upvalueindex (1));
  int n_args = lua_gettop (L);
  const char *obstacle = find_obstacle (L, coroutine, n_args);

  if (obstacle != NULL)
    return luaL_error (L, "%s", obstacle);

  lua_xmove (L, coroutine, n_args);

  return transfer (L, coroutine, n_args, TRUE);
}

static int
on_wrap (lua_State *L)
{
  lua_State *coroutine;

  luaL_checktype (L, 1, LUA_TFUNCTION);
  coroutine = lua_newthread (L);
  lua_pushvalue (L, 1);
  lua_xmove (L, coroutine, 1);
  lua_pushcclosure (L, on_wrapped, 1);

  return 1;
}

static int
on_close (lua_State *L)
{
  lua_State *coroutine = check_coroutine (L);
  CoroutineStatus status = get_status (L, coroutine);
  int close_status;

  if (status != COROUTINE_DEAD && status != COROUTINE_SUSPENDED)
    return luaL_error (L, "cannot close a %s coroutine", status_names[status]);

  lua_settop (L, 1);
  close_status = close_coroutine (L, coroutine);
  if (close_status != LUA_OK && malt_lua_is_interrupt (L, -1))
    return malt_lua_throw_again (L);

  malt_lua_check_interrupt (L);
  lua_pushboolean (L, close_status == LUA_OK);
  lua_insert (L, 2);

  return lua_gettop (L) - 1;
}

void
malt_lua_add_coroutine (lua_State *L)
{
  static const luaL_Reg functions[] = {
    { "close", on_close },
    { "resume", on_resume },
    { "wrap", on_wrap },
    { NULL, NULL },
  };

  lua_getglobal (L, "coroutine");
  luaL_setfuncs (L, functions, 0);
  lua_pop (L, 1);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include <errno.h>

/* How a program is made to stop in the middle of a computation.
 *
 * Who cancels sends the owner's thread a signal; its handler, which thus runs in the thread of
 * the state, puts a count hook on the coroutine that runs; the hook throws a private object,
 * which pcall() and coroutines pass on. Nothing of this costs anything until it is needed: a
 * hook that is always there doubles the time of hot loops.
 *
 * Setting the hook from another thread would walk a list that the collector may be freeing.
 * Hooks belong to one coroutine, so running_thread has to be exact. The handler and the hook
 * both look at the request that runs then, so a late signal cannot hit another one. Call and
 * return hooks would fire in C frames outside of the base's pcall, a count hook fires in Lua
 * functions only. */

/* SIGURG is ignored by default, and unused by GLib, by JavaScriptCore (SIGUSR1) and libgc (SIGPWR,
 * SIGXCPU). A signal of the Go runtime, if there is one in this process, goes on to its handler. */
#define PREEMPTION_SIGNAL SIGURG

/* After it was thrown, an interrupt is thrown again each time the program has run this many
 * instructions: something swallowed it, or a <close> handler does not end. A handler that cleans
 * up is done by then; they take about 7 ms. */
#define GRACE_INSTRUCTIONS 1000000

static void on_count (lua_State *L, lua_Debug *debug);

static const char interrupt_key;

/* The evaluator that runs in this thread. In the static TLS block, so that the handler does not
 * allocate one in a thread that never ran an evaluator. */
static _Thread_local MaltLua *volatile current __attribute__ ((tls_model ("initial-exec")));

static struct sigaction previous_action;

static void
chain (int        signum,
       siginfo_t *info,
       void      *context)
{
  if (previous_action.sa_flags & SA_SIGINFO)
    previous_action.sa_sigaction (signum, info, context);
  else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
    previous_action.sa_handler (signum);
}

/* Runs in the evaluator's own thread, in the middle of the Lua machine or of a C function. */
static void
on_signal (int        signum,
           siginfo_t *info,
           void      *context)
{
  int saved_errno = errno;
  MaltLua *lua = current;
  MaltLuaRequest *request = lua != NULL ? atomic_load (&lua->running) : NULL;
  lua_State *thread = lua != NULL ? atomic_load (&lua->running_thread) : NULL;

  if (lua != NULL)
    malt_lua_answer_position (lua, request, thread);
  if (request == NULL)
    chain (signum, info, context);
  else if (thread != NULL && !request->is_thrown && malt_lua_request_is_cancelled (request))
    malt_lua_arm (thread);

  errno = saved_errno;
}

/* Once a process; the disposition is never put back, for signals may still be under way. The
 * calling thread may have been started by one that blocks every signal. */
void
malt_lua_install_handler (void)
{
  static gsize is_installed;
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, PREEMPTION_SIGNAL);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);

  if (g_once_init_enter (&is_installed))
    {
      /* No SA_RESTART: a blocking read ends with EINTR. */
      struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };

      sigemptyset (&action.sa_mask);
      sigaction (PREEMPTION_SIGNAL, &action, &previous_action);
      g_once_init_leave (&is_installed, 1);
    }
}

/* Any thread: has the handler run in the evaluator's thread. */
void
malt_lua_preempt (MaltLua *lua)
{
  pthread_kill (lua->owner, PREEMPTION_SIGNAL);
}

/* From here on signals are meant for `lua`. Returns what malt_lua_leave_thread() takes. */
MaltLua *
malt_lua_enter_thread (MaltLua *lua)
{
  MaltLua *previous = current;

  current = lua;

  return previous;
}

void
malt_lua_leave_thread (MaltLua *previous)
{
  current = previous;
}

/* Has the interrupt thrown at the next instruction. Async-signal-safe, in the owner's thread. */
void
malt_lua_arm (lua_State *thread)
{
  lua_sethook (thread, on_count, LUA_MASKCOUNT, 1);
}

/* The same when it has been thrown already. */
void
malt_lua_arm_again (lua_State *thread)
{
  lua_sethook (thread, on_count, LUA_MASKCOUNT, GRACE_INSTRUCTIONS);
}

/* Whether the interrupt is to be thrown, and has not been. Async-signal-safe, in the owner's
 * thread. */
gboolean
malt_lua_is_armed (lua_State *thread)
{
  return lua_gethook (thread) == on_count;
}

/* The object is made here, so that throwing it needs no memory. [-0, +0, m] */
void
malt_lua_add_interrupt (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);

  lua->interrupt = lua_newuserdatauv (L, 1, 0);
  lua_createtable (L, 0, 2);
  lua_pushliteral (L, "malt.Interrupt");
  lua_setfield (L, -2, "__name");
  lua_pushboolean (L, FALSE);
  lua_setfield (L, -2, "__metatable");
  lua_setmetatable (L, -2);
  lua_rawsetp (L, LUA_REGISTRYINDEX, &interrupt_key);

  /* The symbol is looked up now, and not in the signal handler. */
  lua_sethook (L, NULL, 0, 0);
}

/* [-0, +0, -] */
gboolean
malt_lua_is_interrupt (lua_State *L,
                       int        index)
{
  return lua_type (L, index) == LUA_TUSERDATA
         && lua_touserdata (L, index) == malt_lua_get (L)->interrupt;
}

/* Takes `traceback`. (transfer full) [-0, +0, -] */
static char *
name_callee (lua_State *L,
             char      *traceback)
{
  lua_Debug frame;

  if (!lua_getstack (L, 0, &frame))
    return traceback;

  lua_getinfo (L, "f", &frame);
  if (lua_tocfunction (L, -1) == malt_lua_call_function)
    {
      lua_getupvalue (L, -1, 1);
      traceback = malt_lua_name_callee (traceback, lua_tostring (L, -1));
      lua_pop (L, 1);
    }
  lua_pop (L, 1);

  return traceback;
}

static void
note_thrown (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);

  if (request == NULL)
    return;

  request->is_thrown = TRUE;
  if (request->interrupt_traceback == NULL)
    request->interrupt_traceback = name_callee (L, malt_lua_dup_traceback (L, L, 0));
}

/* [-0, +1, v] */
int
malt_lua_throw_again (lua_State *L)
{
  malt_lua_arm_again (L);
  lua_rawgetp (L, LUA_REGISTRYINDEX, &interrupt_key);

  return lua_error (L);
}

/* [-0, +1, v] */
int
malt_lua_throw_interrupt (lua_State *L)
{
  note_thrown (L);

  return malt_lua_throw_again (L);
}

/* To be called when another coroutine has run: the hook may be there, where it will not be seen,
 * and what was thrown there may have been replaced by another error. [-0, +0, v] */
void
malt_lua_check_interrupt (lua_State *L)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);

  if (request == NULL || !malt_lua_request_is_cancelled (request))
    return;

  if (request->is_thrown)
    malt_lua_arm_again (L);
  else
    malt_lua_throw_interrupt (L);
}

/* An error that a hook throws at the base of a coroutine leaves its hooks off for good, its
 * <close> handlers included. So a coroutine of the program is suspended, and who resumed it
 * closes it and throws; the base of a request has a pcall, which puts the hooks back. */
static void
on_count (lua_State *L,
          lua_Debug *debug)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);

  lua_sethook (L, NULL, 0, 0);
  if (request == NULL || !malt_lua_request_is_cancelled (request))
    return;

  if (L == request->thread || !lua_isyieldable (L))
    {
      malt_lua_throw_interrupt (L);
      return;
    }

  note_thrown (L);
  request->hook_yielded = L;
  lua_yield (L, 0);
}

static int
finish_pcall (lua_State    *L,
              int           status,
              lua_KContext  n_before)
{
  if (status == LUA_OK || status == LUA_YIELD)
    return lua_gettop (L) - (int) n_before;

  if (malt_lua_is_interrupt (L, -1))
    return lua_error (L);

  lua_pushboolean (L, FALSE);
  lua_pushvalue (L, -2);

  return 2;
}

/* As Lua's, but the interrupt passes: with Lua's a loop over pcall() swallowed it and ran to its
 * end. */
static int
on_pcall (lua_State *L)
{
  int status;

  luaL_checkany (L, 1);
  lua_pushboolean (L, TRUE);
  lua_insert (L, 1);
  status = lua_pcallk (L, lua_gettop (L) - 2, LUA_MULTRET, 0, 0, finish_pcall);

  return finish_pcall (L, status, 0);
}

/* The handler of the program does not see the interrupt. */
static int
on_xpcall_error (lua_State *L)
{
  if (malt_lua_is_interrupt (L, 1))
    return 1;

  lua_pushvalue (L, lua_upvalueindex (1));
  lua_insert (L, 1);
  lua_call (L, 1, 1);

  return 1;
}

static int
on_xpcall (lua_State *L)
{
  int n_args = lua_gettop (L) - 2;
  int status;

  luaL_checktype (L, 2, LUA_TFUNCTION);
  lua_pushvalue (L, 2);
  lua_pushcclosure (L, on_xpcall_error, 1);
  lua_replace (L, 2);

  /* function, handler, args… becomes function, handler, true, function, args… */
  lua_pushboolean (L, TRUE);
  lua_pushvalue (L, 1);
  lua_rotate (L, 3, 2);
  status = lua_pcallk (L, n_args, LUA_MULTRET, 2, 2, finish_pcall);

  return finish_pcall (L, status, 2);
}

void
malt_lua_add_pcall (lua_State *L)
{
  lua_pushcfunction (L, on_pcall);
  lua_setglobal (L, "pcall");
  lua_pushcfunction (L, on_xpcall);
  lua_setglobal (L, "xpcall");
}

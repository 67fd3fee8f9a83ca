/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include <errno.h>
#include <lualib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>

/* Programs that a request starts: it waits for them as for anything else, and they end with it.
 * Lua's own os.execute() ignores the interrupt until the program has ended. */

/* Returns when the process has stopped, or has ended; whoever waits for it still learns of its end.
 * Until then it may be in the middle of starting another one, which nobody would find. */
static void
stop_process (pid_t pid)
{
  siginfo_t info;

  if (kill (pid, SIGSTOP) != 0)
    return;

  while (waitid (P_PID, (id_t) pid, &info, WSTOPPED | WEXITED | WNOWAIT) != 0 && errno == EINTR)
    ;
}

static void
end_process (gpointer data)
{
  g_autoptr (GSubprocess) process = data;
  const char *identifier = g_subprocess_get_identifier (process);
  pid_t pid;

  if (identifier == NULL)
    return;

  /* The shell is not all there is. */
  pid = (pid_t) strtol (identifier, NULL, 10);
  stop_process (pid);
  malt_kill_descendants (pid);
  g_subprocess_force_exit (process);
}

void
malt_lua_request_end_processes (MaltLuaRequest *self)
{
  g_clear_pointer (&self->processes, g_ptr_array_unref);
}

/* (transfer none), owned by the request; NULL with `message`. */
GSubprocess *
malt_lua_spawn_shell (MaltLuaRequest   *request,
                      const char       *command,
                      GSubprocessFlags  flags,
                      char            **message)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *process = g_subprocess_new (flags, &error, "/bin/sh", "-c", command, NULL);

  if (process == NULL)
    {
      *message = g_strdup (error->message);
      return NULL;
    }

  if (request->processes == NULL)
    request->processes = g_ptr_array_new_with_free_func (end_process);
  g_ptr_array_add (request->processes, process);

  return process;
}

/* As Lua's luaL_execresult(). */
static int
push_exit_status (lua_State   *L,
                  MaltLuaWait *wait)
{
  GSubprocess *process = wait->data;
  gboolean has_exited = g_subprocess_get_if_exited (process);
  int code = has_exited ? g_subprocess_get_exit_status (process)
                        : g_subprocess_get_term_sig (process);

  if (has_exited && code == 0)
    lua_pushboolean (L, TRUE);
  else
    lua_pushnil (L);
  lua_pushstring (L, has_exited ? "exit" : "signal");
  lua_pushinteger (L, code);

  if (wait->request->processes != NULL)
    g_ptr_array_remove_fast (wait->request->processes, process);

  return 3;
}

static void
on_exited (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  MaltLuaWait *wait = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  malt_lua_wait_wake (wait);
  malt_lua_wait_unref (wait);
}

/* Waits until the process has ended, and answers how. The caller keeps it alive. Use it as
 * `return …`. */
int
malt_lua_wait_for_exit (lua_State   *L,
                        GSubprocess *process)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaWait *wait = malt_lua_wait_new (L, push_exit_status);

  wait->data = process;
  g_main_context_push_thread_default (lua->context);
  g_subprocess_wait_async (process, NULL, on_exited, malt_lua_wait_ref (wait));
  g_main_context_pop_thread_default (lua->context);

  return malt_lua_wait_yield (L, wait);
}

/* os.execute ([command]) */
static int
on_execute (lua_State *L)
{
  const char *command = luaL_optstring (L, 1, NULL);
  char *message = NULL;
  GSubprocess *process;

  if (command == NULL)
    {
      lua_pushboolean (L, TRUE);
      return 1;
    }

  malt_lua_check_can_wait (L);
  process = malt_lua_spawn_shell (atomic_load (&malt_lua_get (L)->running), command,
                                  G_SUBPROCESS_FLAGS_STDIN_INHERIT, &message);
  if (process == NULL)
    return malt_lua_raise (L, message);

  return malt_lua_wait_for_exit (L, process);
}

/* [-0, +0, m] */
void
malt_lua_add_processes (lua_State *L)
{
  lua_getglobal (L, LUA_OSLIBNAME);
  lua_pushcfunction (L, on_execute);
  lua_setfield (L, -2, "execute");
  lua_pop (L, 1);
}

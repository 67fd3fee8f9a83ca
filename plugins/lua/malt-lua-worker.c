/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-operation-private.h"

#include "malt-lua-value-private.h"

#include <signal.h>

/* malt.Worker: a worker inside of this one, and its methods. */

static const char class_key;

/* NULL in the userdata until the worker has started. */
static MaltAbstractWorker *
check_worker (lua_State *L)
{
  MaltAbstractWorker **box = malt_lua_to_userdata (L, 1, &class_key);

  luaL_argexpected (L, box != NULL && *box != NULL, 1, "malt.Worker");

  return *box;
}

static const char *
check_text (lua_State *L,
            int        index)
{
  size_t length;
  const char *text = luaL_checklstring (L, index, &length);

  luaL_argcheck (L, g_utf8_validate_len (text, length, NULL), index, "UTF-8 text expected");

  return text;
}

/* Takes `error`. */
static int
raise_own_error (lua_State *L,
                 GError    *error)
{
  GError *own = malt_lua_new_own_error (error);

  g_error_free (error);

  return malt_lua_raise_error (L, own);
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError *error = NULL;
  GVariant *value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result,
                                                      &error);

  malt_lua_end_operation (user_data, value, error);
}

/* Takes `call`. */
static int
send (lua_State          *L,
      MaltAbstractWorker *worker,
      MaltCall           *call)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaWait *wait = malt_lua_new_operation_wait (L, malt_lua_push_wait_value);

  malt_lua_enter_operation (lua);
  malt_abstract_worker_send_async (worker, call, wait->cancellable, on_sent,
                                   malt_lua_wait_ref (wait));
  malt_lua_leave_operation (lua);
  g_object_unref (call);

  return malt_lua_wait_yield (L, wait);
}

/* What is on the stack from `first` on, as a tuple. (transfer full) [-0, +0, v] */
static GVariant *
encode_args (lua_State *L,
             int        first)
{
  char *message = NULL;
  GVariant *args = malt_lua_encode_args (L, lua_gettop (L) - first + 1, NULL, &message);

  if (args == NULL)
    malt_lua_raise (L, message);

  return args;
}

static int
evaluate (lua_State  *L,
          const char *module,
          int         index)
{
  MaltAbstractWorker *worker = check_worker (L);
  const char *expression = check_text (L, index);
  GVariant *args;
  MaltCall *call;

  malt_lua_check_can_wait (L);
  args = encode_args (L, index + 1);
  call = malt_call_new_eval (module, expression, args);
  g_variant_unref (args);

  return send (L, worker, call);
}

/* worker:remote_eval (expression, …) */
static int
on_remote_eval (lua_State *L)
{
  return evaluate (L, NULL, 2);
}

/* worker:remote_eval_in (module, expression, …) */
static int
on_remote_eval_in (lua_State *L)
{
  return evaluate (L, check_text (L, 2), 3);
}

/* The call of the function at 2 with what follows it. (transfer full) [-0, +0, v] */
static MaltCall *
new_call (lua_State *L)
{
  const char *function = check_text (L, 2);
  GVariant *args = encode_args (L, 3);
  MaltCall *call = malt_call_new (function, args, NULL);

  g_variant_unref (args);

  return call;
}

/* worker:remote_call (name, …) */
static int
on_remote_call (lua_State *L)
{
  MaltAbstractWorker *worker = check_worker (L);

  malt_lua_check_can_wait (L);

  return send (L, worker, new_call (L));
}

/* worker:remote_do (name, …) */
static int
on_remote_do (lua_State *L)
{
  MaltAbstractWorker *worker = check_worker (L);
  MaltCall *call = new_call (L);
  GError *error = NULL;
  gboolean is_posted = malt_abstract_worker_post (worker, call, &error);

  g_object_unref (call);

  return is_posted ? 0 : raise_own_error (L, error);
}

/* worker:interrupt () */
static int
on_interrupt (lua_State *L)
{
  GError *error = NULL;

  if (!malt_abstract_worker_interrupt (check_worker (L), &error))
    return raise_own_error (L, error);

  return 0;
}

/* worker:kill ([signal]) */
static int
on_kill (lua_State *L)
{
  MaltAbstractWorker *worker = check_worker (L);
  lua_Integer signum = luaL_optinteger (L, 2, SIGTERM);
  GError *error = NULL;

  luaL_argcheck (L, signum > 0 && signum < NSIG, 2, "number of a signal expected");
  if (!malt_abstract_worker_kill (worker, (int) signum, &error))
    return raise_own_error (L, error);

  return 0;
}

static int
push_was_running (lua_State   *L,
                  MaltLuaWait *wait)
{
  lua_pushboolean (L, g_variant_get_boolean (wait->value));

  return 1;
}

static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GError *error = NULL;
  GVariant *value = NULL;
  gboolean was_running;

  if (malt_abstract_worker_stop_finish (MALT_ABSTRACT_WORKER (source), result, &was_running,
                                        &error))
    value = g_variant_ref_sink (g_variant_new_boolean (was_running));

  malt_lua_end_operation (user_data, value, error);
}

/* worker:stop () */
static int
on_stop (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltAbstractWorker *worker = check_worker (L);
  MaltLuaWait *wait;

  malt_lua_check_can_wait (L);
  wait = malt_lua_new_operation_wait (L, push_was_running);
  malt_lua_enter_operation (lua);
  malt_abstract_worker_stop_async (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                   wait->cancellable, on_stopped, malt_lua_wait_ref (wait));
  malt_lua_leave_operation (lua);

  return malt_lua_wait_yield (L, wait);
}

static void
on_scope_left (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  MaltLua *lua = user_data;

  lua->n_operations--;
}

/* The end of a <close> variable waits for nothing: the worker is on its way out. */
static int
on_scope_end (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltAbstractWorker **box = malt_lua_to_userdata (L, 1, &class_key);

  if (box == NULL || *box == NULL || !malt_abstract_worker_is_running (*box))
    return 0;

  malt_lua_enter_operation (lua);
  malt_abstract_worker_stop_async (*box, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                   lua->closing, on_scope_left, lua);
  malt_lua_leave_operation (lua);

  return 0;
}

/* Losing the last reference ends a worker. */
static int
on_gc (lua_State *L)
{
  MaltAbstractWorker **box = malt_lua_to_userdata (L, 1, &class_key);

  if (box != NULL)
    g_clear_object (box);

  return 0;
}

static int
on_is_running (lua_State *L)
{
  lua_pushboolean (L, malt_abstract_worker_is_running (check_worker (L)));

  return 1;
}

static int
on_describe (lua_State *L)
{
  MaltAbstractWorker *worker = check_worker (L);
  MaltLua *lua = malt_lua_get (L);
  gboolean was_limited = malt_lua_suspend_limit (lua);
  char *description = malt_abstract_worker_describe (worker);

  lua_pushstring (L, description);
  g_free (description);
  malt_lua_restore_limit (lua, was_limited);

  return 1;
}

MaltAbstractWorker **
malt_lua_new_worker_box (lua_State *L)
{
  MaltAbstractWorker **box = lua_newuserdatauv (L, sizeof (MaltAbstractWorker *), 0);

  *box = NULL;
  malt_lua_set_class (L, &class_key);

  return box;
}

/* Adds to the table at the top. [-0, +0, m] */
void
malt_lua_add_worker (lua_State *L)
{
  static const luaL_Reg metamethods[] = {
    { "__close", on_scope_end },
    { "__gc", on_gc },
    { "__tostring", on_describe },
    { NULL, NULL },
  };
  static const luaL_Reg methods[] = {
    { "describe", on_describe },
    { "interrupt", on_interrupt },
    { "is_running", on_is_running },
    { "kill", on_kill },
    { "remote_call", on_remote_call },
    { "remote_do", on_remote_do },
    { "remote_eval", on_remote_eval },
    { "remote_eval_in", on_remote_eval_in },
    { "stop", on_stop },
    { NULL, NULL },
  };

  malt_lua_new_class (L, &class_key, "malt.Worker", metamethods, methods);
  lua_pushcfunction (L, malt_lua_start_worker);
  lua_setfield (L, -2, "worker");
}

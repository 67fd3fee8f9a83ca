/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

#include <signal.h>
#include <string.h>

/* malt.worker(): workers inside of this one. What takes time is a wait, and what waits is cancelled
 * with the call that it is for. */

/* The field of the table that is no option of the backend. */
#define BACKEND_FIELD "backend"

/* What an inner worker has if the table does not say it: this one's. */
#define MODULE_PATH_OPTION "module-path"

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

/* What an inner worker's call or its start failed with, as an error of the program that asked for
 * it: its code would be taken for one about this worker and its call. */
static GError *
new_own_error (const GError *error)
{
  g_autofree char *type = malt_lua_dup_error_type (error);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, error->message, type, NULL);
}

/* Takes `error`. */
static int
raise_own_error (lua_State *L,
                 GError    *error)
{
  GError *own = new_own_error (error);

  g_error_free (error);

  return malt_lua_raise_error (L, own);
}

/* Between the two an operation begins: its callback is to come in our context. */
static void
enter_operation (MaltLua *lua)
{
  lua->n_operations++;
  g_main_context_push_thread_default (lua->context);
}

static void
leave_operation (MaltLua *lua)
{
  g_main_context_pop_thread_default (lua->context);
}

/* Ends a wait with the outcome of what was waited for; takes `value` and `error`. */
static void
end_wait (MaltLuaWait *wait,
          GVariant    *value,
          GError      *error)
{
  wait->lua->n_operations--;
  if (wait->request != NULL)
    {
      wait->value = value != NULL ? g_variant_ref (value) : NULL;
      wait->error = error != NULL ? new_own_error (error) : NULL;
      malt_lua_wait_wake (wait);
    }

  g_clear_pointer (&value, g_variant_unref);
  g_clear_error (&error);
  malt_lua_wait_unref (wait);
}

/* The wait to be yielded for; its cancellable is for what is about to begin. */
static MaltLuaWait *
new_wait (lua_State         *L,
          MaltLuaWaitFinish  finish)
{
  MaltLuaWait *wait = malt_lua_wait_new (L, finish);

  wait->cancellable = g_cancellable_new ();

  return wait;
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GError *error = NULL;
  GVariant *value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result,
                                                      &error);

  end_wait (user_data, value, error);
}

/* Takes `call`. */
static int
send (lua_State          *L,
      MaltAbstractWorker *worker,
      MaltCall           *call)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaWait *wait = new_wait (L, malt_lua_push_wait_value);

  enter_operation (lua);
  malt_abstract_worker_send_async (worker, call, wait->cancellable, on_sent,
                                   malt_lua_wait_ref (wait));
  leave_operation (lua);
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

  end_wait (user_data, value, error);
}

/* worker:stop () */
static int
on_stop (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltAbstractWorker *worker = check_worker (L);
  MaltLuaWait *wait;

  malt_lua_check_can_wait (L);
  wait = new_wait (L, push_was_running);
  enter_operation (lua);
  malt_abstract_worker_stop_async (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                   wait->cancellable, on_stopped, malt_lua_wait_ref (wait));
  leave_operation (lua);

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

  enter_operation (lua);
  malt_abstract_worker_stop_async (*box, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT,
                                   lua->closing, on_scope_left, lua);
  leave_operation (lua);

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

static gboolean
has_option (const char *backend_name,
            const char *name)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend (backend_name, NULL);
  g_autofree GParamSpec **options = NULL;
  guint n_options = 0;

  if (backend != NULL)
    options = malt_backend_list_options (backend, &n_options);
  for (guint i = 0; i < n_options; i++)
    if (g_str_equal (options[i]->name, name))
      return TRUE;

  return FALSE;
}

/* The field whose name is below its value at the top. FALSE with `message`, in words.
 * [-0, +0, -] */
static gboolean
add_option (lua_State     *L,
            GVariantDict  *options,
            char         **message)
{
  g_autofree char *reason = NULL;
  g_autofree char *name = NULL;
  GVariant *value;

  /* lua_tostring() would change a number, and so confuse lua_next(). */
  if (lua_type (L, -2) != LUA_TSTRING || !g_utf8_validate (lua_tostring (L, -2), -1, NULL))
    {
      *message = g_strdup_printf ("the name of an option is a string, not a %s",
                                  luaL_typename (L, -2));
      return FALSE;
    }

  /* A name with a dash would have to be written in brackets and quotes. */
  name = g_strdelimit (g_strdup (lua_tostring (L, -2)), "_", '-');
  if (g_str_equal (name, BACKEND_FIELD))
    return TRUE;

  if (g_variant_dict_contains (options, name))
    {
      *message = g_strdup_printf ("option “%s” is there twice", name);
      return FALSE;
    }

  value = malt_lua_encode (L, lua_gettop (L), NULL, &reason);
  if (value == NULL)
    {
      *message = g_strdup_printf ("option “%s”: %s", name, reason);
      return FALSE;
    }

  g_variant_dict_insert_value (options, name, value);
  g_variant_unref (value);

  return TRUE;
}

/* The options in the table at 1. (transfer full); NULL with `message`. [-0, +0, -] */
static GVariant *
build_options (lua_State   *L,
               const char  *backend,
               char       **message)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  int top = lua_gettop (L);

  for (lua_pushnil (L); lua_next (L, 1); lua_pop (L, 1))
    if (!add_option (L, &options, message))
      {
        lua_settop (L, top);
        return NULL;
      }

  if (!g_variant_dict_contains (&options, MODULE_PATH_OPTION)
      && has_option (backend, MODULE_PATH_OPTION))
    g_variant_dict_insert_value (
      &options, MODULE_PATH_OPTION,
      g_variant_new_strv (malt_runtime_get_module_path (malt_lua_get (L)->runtime), -1));

  return g_variant_ref_sink (g_variant_dict_end (&options));
}

/* The userdata is at 2. */
static int
push_worker (lua_State   *L,
             MaltLuaWait *wait)
{
  lua_pushvalue (L, 2);

  return 1;
}

/* One that came up when nobody wanted it any more loses its only reference here. */
static void
on_created (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  MaltLuaWait *wait = user_data;
  GError *error = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker_finish (result, &error);

  if (wait->request != NULL)
    *(MaltAbstractWorker **) wait->data = g_steal_pointer (&worker);
  end_wait (wait, NULL, error);
}

/* What malt.worker() takes: a table at 1, and the name of the backend or NULL. [-0, +0, v] */
static const char *
check_options (lua_State *L)
{
  const char *backend = NULL;

  lua_settop (L, 1);
  if (lua_isnoneornil (L, 1))
    {
      lua_newtable (L);
      lua_replace (L, 1);
    }
  luaL_checktype (L, 1, LUA_TTABLE);

  lua_pushliteral (L, BACKEND_FIELD);
  if (lua_rawget (L, 1) == LUA_TSTRING)
    backend = lua_tostring (L, -1);
  else
    luaL_argcheck (L, lua_isnil (L, -1), 1, "the name of a backend is a string");
  luaL_argcheck (L, backend == NULL || g_utf8_validate (backend, -1, NULL), 1,
                 "the name of a backend is UTF-8");

  return backend;
}

/* malt.worker ([{backend = NAME, OPTION = VALUE, …}]) */
static int
on_worker (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  const char *backend = check_options (L);
  char *message = NULL;
  GVariant *options;
  MaltLuaWait *wait;

  malt_lua_check_can_wait (L);
  *(MaltAbstractWorker **) lua_newuserdatauv (L, sizeof (MaltAbstractWorker *), 0) = NULL;
  malt_lua_set_class (L, &class_key);
  lua_replace (L, 2);

  /* The name is kept alive by the table. */
  options = build_options (L, backend, &message);
  if (options == NULL)
    return malt_lua_raise (L, message);

  wait = new_wait (L, push_worker);
  wait->data = lua_touserdata (L, 2);
  enter_operation (lua);
  malt_create_worker_async (backend, options, wait->cancellable, on_created,
                            malt_lua_wait_ref (wait));
  leave_operation (lua);
  g_variant_unref (options);

  return malt_lua_wait_yield (L, wait);
}

/* When no request is left: what has been begun is cancelled, and its callbacks run now, for nobody
 * runs the context after us. */
void
malt_lua_end_operations (MaltLua *self)
{
  g_cancellable_cancel (self->closing);
  while (self->n_operations > 0)
    g_main_context_iteration (self->context, TRUE);
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
  lua_pushcfunction (L, on_worker);
  lua_setfield (L, -2, "worker");
}

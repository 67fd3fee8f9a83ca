/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

/* How many finished requests are kept with their threads. A worker seldom has more in flight;
 * each keeps a stack of about 1 KiB. */
#define IDLE_MAX_REQUESTS 32u

/* Stack slots of the base beside the arguments: the handler, the function, and what pushing an
 * argument needs is reserved where it is pushed. */
#define BASE_STACK_SLOTS 8

/* What on_signal() and the allocator look at, as it was before a step. */
typedef struct
{
  MaltLua        *current;
  MaltLuaRequest *running;
  lua_State      *running_thread;
  gboolean        was_limited;
} Surroundings;

/* Runs in the cancelling thread, under the invocation's lock.
 *
 * The reason has been set before; we read @running after that, while a step writes @running
 * before it reads the reason. So either we see that the request runs, or its step sees that it
 * is cancelled. */
static void
on_cancelled (MaltInvocation *invocation,
              gpointer        user_data)
{
  MaltLuaRequest *self = user_data;
  MaltLua *lua = self->lua;

  if (atomic_load (&lua->running) == self)
    {
      malt_lua_preempt (lua);
      return;
    }

  atomic_store (&lua->has_cancelled, TRUE);
  malt_lua_wake_up (lua);
}

static MaltLuaRequest *
new_request (MaltLua *lua)
{
  MaltLuaRequest *self = g_new0 (MaltLuaRequest, 1);

  self->lua = lua;
  self->link.data = self;
  self->ready_link.data = self;
  self->thread = lua_newthread (lua->state);
  self->thread_ref = luaL_ref (lua->state, LUA_REGISTRYINDEX);
  *(MaltLuaOwner **) lua_getextraspace (self->thread) = &lua->request_owner;

  return self;
}

/* `invocation` NULL: a task that nobody waits for. The evaluator owns it until it has ended. */
MaltLuaRequest *
malt_lua_request_new (MaltLua        *lua,
                      MaltInvocation *invocation)
{
  gboolean was_limited = malt_lua_suspend_limit (lua);
  MaltLuaRequest *self = lua->idle->len > 0
                         ? g_ptr_array_steal_index_fast (lua->idle, lua->idle->len - 1)
                         : new_request (lua);

  malt_lua_restore_limit (lua, was_limited);
  g_queue_push_tail_link (&lua->requests, &self->link);
  if (invocation != NULL)
    {
      self->invocation = malt_invocation_ref (invocation);
      malt_invocation_set_cancel_func (invocation, on_cancelled, self);
    }

  return self;
}

static void
clear_texts (MaltLuaRequest *self)
{
  g_clear_error (&self->error);
  g_clear_error (&self->call_error);
  g_clear_pointer (&self->call_message, g_free);
  g_clear_pointer (&self->traceback, g_free);
  g_clear_pointer (&self->inner_traceback, g_free);
  g_clear_pointer (&self->inner_message, g_free);
  g_clear_pointer (&self->interrupt_traceback, g_free);
}

/* Takes it out of the evaluator, and ends what it has begun; nobody can cancel it any more. */
static void
detach (MaltLuaRequest *self)
{
  if (self->invocation != NULL)
    malt_invocation_set_cancel_func (self->invocation, NULL, NULL);
  if (self->is_ready)
    g_queue_unlink (&self->lua->ready, &self->ready_link);
  if (self->wait != NULL)
    malt_lua_wait_give_up (self->wait);
  malt_lua_request_end_processes (self);
  g_queue_unlink (&self->lua->requests, &self->link);
  self->is_ready = FALSE;
  self->is_suspended = FALSE;
}

static void
free_detached (MaltLuaRequest *self)
{
  clear_texts (self);
  g_clear_pointer (&self->invocation, malt_invocation_unref);
  luaL_unref (self->lua->state, LUA_REGISTRYINDEX, self->thread_ref);
  g_free (self);
}

/* Without an answer: either nobody waits, or it has been answered. */
void
malt_lua_request_free (MaltLuaRequest *self)
{
  /* An idle one is in nobody's queue. */
  if (self->invocation != NULL || self->is_suspended)
    detach (self);
  free_detached (self);
}

/* A thread is used again only if it has returned: then nothing is left on it but its stack. */
static void
recycle (MaltLuaRequest *self,
         gboolean        has_returned)
{
  MaltLua *lua = self->lua;

  if (!has_returned || lua->idle->len >= IDLE_MAX_REQUESTS)
    {
      free_detached (self);
      return;
    }

  lua_settop (self->thread, 0);
  clear_texts (self);
  self->is_thrown = FALSE;
  self->hook_yielded = NULL;
  self->leniency = MALT_LUA_LENIENCY_NONE;
  g_ptr_array_add (lua->idle, self);
}

/* Its last word. The request may be used for another call while this one is being answered. */
static void
answer (MaltLuaRequest *self,
        GVariant       *value,
        GError         *error)
{
  MaltLua *lua = self->lua;
  g_autoptr (MaltInvocation) invocation = NULL;

  detach (self);
  invocation = g_steal_pointer (&self->invocation);
  recycle (self, error == NULL);

  if (invocation == NULL && error != NULL)
    malt_runtime_report (lua->runtime, error);

  if (invocation == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    malt_invocation_return_error (invocation, error);
  else
    malt_invocation_return_value (invocation, value);

  g_clear_pointer (&value, g_variant_unref);
}

/* The registry holds the name of the files' metatable as long as there is a file, so that this
 * allocates nothing and cannot raise. */
static gboolean
is_nothing (MaltLuaRequest *self,
            int             n_results)
{
  if (self->leniency != MALT_LUA_LENIENCY_FILES)
    return self->leniency == MALT_LUA_LENIENCY_ALL;

  return n_results == 1 && lua_checkstack (self->thread, LUA_MINSTACK)
         && luaL_testudata (self->thread, -1, LUA_FILEHANDLE) != NULL;
}

static GVariant *
encode_results (MaltLuaRequest  *self,
                int              n_results,
                GError         **error)
{
  const GVariantType *type;
  g_autofree char *reason = NULL;
  g_autofree char *message = NULL;
  GVariant *value;

  if (self->invocation == NULL || malt_invocation_get_discard_result (self->invocation))
    return NULL;

  type = malt_invocation_get_result_type (self->invocation);
  value = malt_lua_encode_results (self->thread, n_results, type, &reason);
  if (value != NULL || (type == NULL && is_nothing (self, n_results)))
    return value;

  message = g_strdup_printf ("The result cannot be sent: %s", reason);
  g_propagate_error (error, malt_error_new_remote (MALT_ERROR_SERIALIZATION, NULL, message,
                                                   "lua.unsendable", NULL));

  return NULL;
}

static void
end (MaltLuaRequest *self,
     int             status,
     int             n_results)
{
  GVariant *value = NULL;
  GError *error;

  /* The base catches everything but what is raised before its pcall. */
  if (status != LUA_OK && self->error == NULL)
    malt_lua_request_catch (self, self->thread, status);

  error = g_steal_pointer (&self->error);
  if (error == NULL)
    value = encode_results (self, n_results, &error);

  answer (self, value, error);
}

/* It has yielded. If somebody cancelled it while it was on its way, no signal will tell it. */
static void
suspend (MaltLuaRequest *self,
         int             n_results)
{
  gboolean waits = n_results == 1 && malt_lua_is_wait_mark (self->thread, -1);

  lua_pop (self->thread, n_results);
  self->is_suspended = TRUE;
  if (!waits || self->wait->is_done || malt_lua_request_is_cancelled (self))
    malt_lua_request_ready (self);
}

static void
enter (MaltLuaRequest *self,
       Surroundings   *surroundings)
{
  MaltLua *lua = self->lua;

  surroundings->current = malt_lua_enter_thread (lua);
  surroundings->running_thread = atomic_exchange (&lua->running_thread, self->thread);
  surroundings->running = atomic_exchange (&lua->running, self);
  surroundings->was_limited = lua->is_limited;
  lua->is_limited = TRUE;

  if (malt_lua_request_is_cancelled (self) && !self->is_thrown)
    malt_lua_arm (self->thread);
}

static void
leave (MaltLua            *lua,
       const Surroundings *surroundings)
{
  MaltLuaRequest *outer = surroundings->running;

  lua->is_limited = surroundings->was_limited;
  atomic_store (&lua->running, outer);
  atomic_store (&lua->running_thread, surroundings->running_thread);
  malt_lua_leave_thread (surroundings->current);

  /* Whoever cancelled the outer one meanwhile saw that it did not run. */
  if (outer != NULL && malt_lua_request_is_cancelled (outer) && !outer->is_thrown)
    malt_lua_arm (surroundings->running_thread);
}

/* Runs it until it waits or ends; it may be gone afterwards. */
void
malt_lua_request_step (MaltLuaRequest *self)
{
  MaltLua *lua = self->lua;
  Surroundings surroundings;
  int n_values = self->n_values;
  int n_results = 0;
  int status;

  self->n_values = 0;
  self->is_suspended = FALSE;
  enter (self, &surroundings);
  status = lua_resume (self->thread, surroundings.running_thread, n_values, &n_results);
  if (status != LUA_YIELD || !self->is_thrown)
    lua_sethook (self->thread, NULL, 0, 0);
  leave (lua, &surroundings);

  if (status == LUA_YIELD)
    suspend (self, n_results);
  else
    end (self, status, n_results);
}

/* It can go on. Never at once: whoever wakes it may be in the middle of another one's step. */
void
malt_lua_request_ready (MaltLuaRequest *self)
{
  if (!self->is_suspended || self->is_ready)
    return;

  self->is_ready = TRUE;
  g_queue_push_tail_link (&self->lua->ready, &self->ready_link);
  malt_lua_wake_up (self->lua);
}

/* [-0, +n, v] */
static int
push_arguments (lua_State      *L,
                MaltLuaRequest *self)
{
  MaltLua *lua = self->lua;
  gsize n_args = self->args != NULL ? g_variant_n_children (self->args) : 0;
  gboolean has_kwargs = self->kwargs != NULL && g_variant_n_children (self->kwargs) > 0;
  gboolean was_limited;

  if (!malt_lua_reserve_stack (L, n_args + BASE_STACK_SLOTS))
    return luaL_error (L, "too many arguments");

  was_limited = malt_lua_suspend_limit (lua);
  for (gsize i = 0; i < n_args; i++)
    {
      GVariant *arg = g_variant_get_child_value (self->args, i);

      malt_lua_push_value (L, arg);
      g_variant_unref (arg);
    }
  if (has_kwargs)
    malt_lua_push_value (L, self->kwargs);
  malt_lua_restore_limit (lua, was_limited);

  return (int) n_args + has_kwargs;
}

static int
finish_base (lua_State    *L,
             int           status,
             lua_KContext  context)
{
  MaltLuaRequest *self = atomic_load (&malt_lua_get (L)->running);

  if (status == LUA_OK || status == LUA_YIELD)
    return lua_gettop (L) - 1;

  malt_lua_request_catch (self, L, status);
  lua_settop (L, 0);

  return 0;
}

/* The base of every request: a pcall, for only that puts the hooks back before <close> handlers
 * run. Its values are the function, and the arguments of a task. */
static int
on_base (lua_State *L)
{
  MaltLuaRequest *self = atomic_load (&malt_lua_get (L)->running);
  int n_args = lua_gettop (L) - 1;
  int status;

  lua_pushcfunction (L, malt_lua_on_error);
  lua_insert (L, 1);
  n_args += push_arguments (L, self);
  self->args = NULL;
  self->kwargs = NULL;
  status = lua_pcallk (L, n_args, LUA_MULTRET, 1, 0, finish_base);

  return finish_base (L, status, 0);
}

/* Puts the function and `n_values` - 1 arguments, which are at the top of `from`, on its thread.
 * What the invocation brings along is pushed in the first step. [-n, +0, -] on `from` */
void
malt_lua_request_start (MaltLuaRequest *self,
                        lua_State      *from,
                        int             n_values)
{
  gboolean was_limited = malt_lua_suspend_limit (self->lua);

  lua_pushcfunction (self->thread, on_base);
  lua_xmove (from, self->thread, n_values);
  self->n_values = n_values;
  malt_lua_restore_limit (self->lua, was_limited);
}

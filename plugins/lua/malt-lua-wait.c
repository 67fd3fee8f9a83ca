/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

/* Waiting suspends the coroutine of the request, and nothing else. What a coroutine yields to
 * its request is the wait mark; a plain coroutine.yield() at the base yields something else, and
 * is a malt.yield(). */

/* The longest sleep: 31 years, so that the sum with the clock does not overflow. */
#define SLEEP_MAX_SECONDS 1e9

static const char wait_mark;

void
malt_lua_push_wait_mark (lua_State *L)
{
  lua_pushlightuserdata (L, (void *) &wait_mark);
}

gboolean
malt_lua_is_wait_mark (lua_State *L,
                       int        index)
{
  return lua_islightuserdata (L, index) && lua_touserdata (L, index) == &wait_mark;
}

/* [-0, +0, v] */
int
malt_lua_raise_cannot_wait (lua_State *L)
{
  return luaL_error (L, "malt: cannot wait here (a C function such as table.sort, string.gsub "
                     "or require is in between)");
}

/* Raises when what is about to begin could not be waited for. [-0, +0, v] */
void
malt_lua_check_can_wait (lua_State *L)
{
  if (atomic_load (&malt_lua_get (L)->running) == NULL || !lua_isyieldable (L))
    malt_lua_raise_cannot_wait (L);

  malt_lua_check_interrupt (L);
}

/* The request that runs now is to wait; `finish` (nullable) pushes what the wait answers. The
 * request owns the wait. */
MaltLuaWait *
malt_lua_wait_new (lua_State         *L,
                   MaltLuaWaitFinish  finish)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);
  MaltLuaWait *self = g_rc_box_new0 (MaltLuaWait);

  g_assert (request != NULL && request->wait == NULL);
  self->lua = request->lua;
  self->request = request;
  self->finish = finish;
  request->wait = self;

  return self;
}

MaltLuaWait *
malt_lua_wait_ref (MaltLuaWait *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_wait (gpointer data)
{
  MaltLuaWait *self = data;

  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
}

void
malt_lua_wait_unref (MaltLuaWait *self)
{
  g_rc_box_release_full (self, clear_wait);
}

/* The request goes on, or ends, without it; callbacks that are still to come find no request, and
 * what nobody waits for any more is cancelled. Gives the request's reference back. */
void
malt_lua_wait_give_up (MaltLuaWait *self)
{
  if (self->alarm != 0)
    malt_runtime_remove_alarm (self->lua->runtime, self->alarm);
  self->request->wait = NULL;
  self->request = NULL;
  if (self->given_up != NULL)
    self->given_up (self);
  if (self->cancellable != NULL && !self->is_done)
    g_cancellable_cancel (self->cancellable);
  malt_lua_wait_unref (self);
}

/* Has it wait once more. */
int
malt_lua_wait_renew (MaltLuaWait *self)
{
  self->is_done = FALSE;

  return MALT_LUA_WAIT_AGAIN;
}

/* What was waited for has happened. */
void
malt_lua_wait_wake (MaltLuaWait *self)
{
  if (self->request == NULL || self->is_done)
    return;

  self->is_done = TRUE;
  malt_lua_request_ready (self->request);
}

static int
finish_wait (lua_State    *L,
             int           status,
             lua_KContext  context)
{
  MaltLuaWait *self = (MaltLuaWait *) context;
  MaltLuaRequest *request = self->request;
  gboolean was_limited;
  int n_results = 0;

  g_assert (request == atomic_load (&request->lua->running) && request->wait == self);

  if (malt_lua_request_is_cancelled (request))
    {
      malt_lua_wait_give_up (self);
      return malt_lua_throw_interrupt (L);
    }

  g_assert (self->is_done);
  if (self->error != NULL)
    {
      GError *error = g_steal_pointer (&self->error);

      malt_lua_wait_give_up (self);
      return malt_lua_raise_error (L, error);
    }

  was_limited = malt_lua_suspend_limit (request->lua);
  if (self->finish != NULL)
    n_results = self->finish (L, self);
  if (n_results != MALT_LUA_WAIT_AGAIN)
    malt_lua_wait_give_up (self);
  malt_lua_restore_limit (request->lua, was_limited);

  return n_results != MALT_LUA_WAIT_AGAIN ? n_results : malt_lua_wait_yield (L, self);
}

/* Suspends the request until the wait is done, which it may be already. Use it as `return …`. */
int
malt_lua_wait_yield (lua_State   *L,
                     MaltLuaWait *self)
{
  if (self->is_done)
    return finish_wait (L, LUA_OK, (lua_KContext) self);

  if (!lua_isyieldable (L))
    {
      malt_lua_wait_give_up (self);
      return malt_lua_raise_cannot_wait (L);
    }

  malt_lua_push_wait_mark (L);

  return lua_yieldk (L, 1, (lua_KContext) self, finish_wait);
}

static void
on_alarm (gpointer user_data)
{
  malt_lua_wait_wake (user_data);
}

static int
on_sleep (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  double seconds = luaL_checknumber (L, 1);
  MaltLuaWait *wait;

  luaL_argcheck (L, seconds >= 0, 1, "number of seconds expected");
  malt_lua_check_can_wait (L);

  wait = malt_lua_wait_new (L, NULL);
  wait->alarm = malt_runtime_add_alarm (
    lua->runtime,
    g_get_monotonic_time () + (gint64) (MIN (seconds, SLEEP_MAX_SECONDS) * G_USEC_PER_SEC),
    on_alarm, wait);

  return malt_lua_wait_yield (L, wait);
}

/* The others have their turn, and so has whatever else is in the context. */
static int
on_yield (lua_State *L)
{
  MaltLuaWait *wait;

  malt_lua_check_can_wait (L);
  wait = malt_lua_wait_new (L, NULL);
  malt_lua_push_wait_mark (L);
  malt_lua_wait_wake (wait);

  return lua_yieldk (L, 1, (lua_KContext) wait, finish_wait);
}

/* Nothing, or the value of the wait. */
int
malt_lua_push_wait_value (lua_State   *L,
                          MaltLuaWait *wait)
{
  if (wait->value == NULL || g_variant_is_of_type (wait->value, G_VARIANT_TYPE_UNIT))
    return 0;

  malt_lua_reserve_stack (L, 1);
  malt_lua_push_value (L, wait->value);

  return 1;
}

static void
on_call_over (GVariant     *value,
              const GError *error,
              gpointer      user_data)
{
  MaltLuaWait *wait = user_data;

  if (wait->request != NULL)
    {
      wait->value = value != NULL ? g_variant_ref_sink (value) : NULL;
      wait->error = error != NULL ? g_error_copy (error) : NULL;
      malt_lua_wait_wake (wait);
    }

  malt_lua_wait_unref (wait);
}

/* A function of a module, whose full name is the upvalue. One that answers at once needs no
 * wait, and may be called where none is possible. */
int
malt_lua_call_function (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  const char *name = lua_tostring (L, lua_upvalueindex (1));
  char *message = NULL;
  GVariant *args;
  MaltLuaWait *wait;

  if (atomic_load (&lua->running) == NULL)
    return malt_lua_raise_cannot_wait (L);

  malt_lua_check_interrupt (L);
  args = malt_lua_encode_args (L, lua_gettop (L), malt_runtime_get_signature (lua->runtime, name),
                               &message);
  if (args == NULL)
    return malt_lua_raise (L, message);

  wait = malt_lua_wait_new (L, malt_lua_push_wait_value);
  malt_runtime_call (lua->runtime, wait->request->invocation, name, args, NULL, on_call_over,
                     malt_lua_wait_ref (wait));
  g_variant_unref (args);

  return malt_lua_wait_yield (L, wait);
}

/* Adds to the table at the top. */
void
malt_lua_add_waits (lua_State *L)
{
  static const luaL_Reg functions[] = {
    { "sleep", on_sleep },
    { "yield", on_yield },
    { NULL, NULL },
  };

  luaL_setfuncs (L, functions, 0);
}

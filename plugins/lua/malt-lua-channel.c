/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

/* malt.Channel: a channel of this worker. Where there is room, or something, a put or a take is
 * over at once; else the request waits, as a waiter of the channel. */

static const char class_key;

/* In the registry, weak: the channel → its userdata, so that a channel is one value of Lua. */
static const char objects_key;

/* What a request waits for; it belongs to its MaltLuaWait. */
typedef struct
{
  MaltChannelWaiter  waiter;  /* first: it is found by it */
  MaltLocalChannel  *channel; /* owned */
  MaltLuaWait       *wait;    /* owned, until it is given up */
  gboolean           is_loop; /* where nil would be the end of it */
} ChannelWait;

/* NULL when it is something else. (transfer none) */
MaltLocalChannel *
malt_lua_to_channel (lua_State *L,
                     int        index)
{
  MaltLocalChannel **box = malt_lua_to_userdata (L, index, &class_key);

  return box != NULL ? *box : NULL;
}

/* With the limit suspended. [-0, +1, -] */
void
malt_lua_push_channel (lua_State        *L,
                       MaltLocalChannel *channel)
{
  MaltLocalChannel **box;

  lua_rawgetp (L, LUA_REGISTRYINDEX, &objects_key);
  if (lua_rawgetp (L, -1, channel) == LUA_TNIL)
    {
      lua_pop (L, 1);
      box = lua_newuserdatauv (L, sizeof (MaltLocalChannel *), 0);
      *box = g_object_ref (channel);
      malt_lua_set_class (L, &class_key);
      lua_pushvalue (L, -1);
      lua_rawsetp (L, -3, channel);
    }
  lua_remove (L, -2);
}

static MaltLocalChannel *
check_channel (lua_State *L,
               int        index)
{
  MaltLocalChannel *channel = malt_lua_to_channel (L, index);

  luaL_argexpected (L, channel != NULL, index, "malt.Channel");

  return channel;
}

/* [-0, +1, -] */
static int
push_taken (lua_State *L,
            GVariant  *value,
            gboolean   is_loop)
{
  malt_lua_reserve_stack (L, 1);
  malt_lua_push_value (L, value);
  if (is_loop && lua_isnil (L, -1))
    {
      lua_pop (L, 1);
      malt_lua_push_null (L);
    }

  return 1;
}

static int
push_outcome (lua_State   *L,
              MaltLuaWait *wait)
{
  ChannelWait *self = wait->data;

  if (self->waiter.verb == MALT_CHANNEL_VERB_PUT || self->waiter.verb == MALT_CHANNEL_VERB_WAIT)
    return 0;
  if (self->waiter.verb == MALT_CHANNEL_VERB_TAKE)
    {
      /* The end of a loop. */
      if (self->waiter.value == NULL)
        return 0;

      push_taken (L, self->waiter.value, self->is_loop);
      g_clear_pointer (&self->waiter.value, g_variant_unref);
      return 1;
    }

  lua_checkstack (L, 1);
  lua_pushboolean (L, self->waiter.is_ready);

  return 1;
}

static void
take_error (ChannelWait *self)
{
  if (self->is_loop)
    g_clear_error (&self->waiter.error);
  self->wait->error = g_steal_pointer (&self->waiter.error);
}

/* Runs in the owner's thread. */
static void
on_over (MaltChannelWaiter *waiter)
{
  ChannelWait *self = (ChannelWait *) waiter;

  take_error (self);
  malt_lua_wait_wake (self->wait);
}

/* The request goes on, or has ended. What it had been given and has not seen is put back. */
static void
on_given_up (MaltLuaWait *wait)
{
  ChannelWait *self = wait->data;

  malt_local_channel_withdraw (self->channel, &self->waiter);
  if (self->waiter.verb == MALT_CHANNEL_VERB_TAKE && self->waiter.value != NULL)
    malt_local_channel_untake (self->channel, self->waiter.value);

  g_clear_pointer (&self->waiter.value, g_variant_unref);
  g_clear_error (&self->waiter.error);
  g_object_unref (self->channel);
  g_free (self);
}

/* Takes `value`, of a put. Use it as `return …`. */
static int
wait_for (lua_State        *L,
          MaltLocalChannel *channel,
          MaltChannelVerb   verb,
          GVariant         *value,
          gboolean          is_loop)
{
  ChannelWait *self = g_new0 (ChannelWait, 1);

  self->waiter.verb = verb;
  self->waiter.func = on_over;
  self->waiter.value = value;
  self->channel = g_object_ref (channel);
  self->is_loop = is_loop;
  self->wait = malt_lua_wait_new (L, push_outcome);
  self->wait->data = self;
  self->wait->given_up = on_given_up;

  if (malt_local_channel_begin (channel, &self->waiter))
    {
      take_error (self);
      self->wait->is_done = TRUE;
    }

  return malt_lua_wait_yield (L, self->wait);
}

/* channel:put (value) */
static int
on_put (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLocalChannel *channel = check_channel (L, 1);
  char *message = NULL;
  gboolean was_limited;
  GVariant *value;

  luaL_checkany (L, 2);
  lua_settop (L, 2);
  value = malt_lua_encode_results (L, 1, NULL, &message);
  if (value == NULL)
    return malt_lua_raise (L, message);

  if (malt_local_channel_try_put (channel, value))
    {
      g_variant_unref (value);
      return 0;
    }

  /* Lua keeps it while something can be raised. */
  was_limited = malt_lua_suspend_limit (lua);
  malt_lua_push_variant (L, value);
  g_variant_unref (value);
  malt_lua_restore_limit (lua, was_limited);
  malt_lua_check_can_wait (L);

  return wait_for (L, channel, MALT_CHANNEL_VERB_PUT, g_variant_ref (value), FALSE);
}

/* [-0, +(0|1), v] */
static int
take (lua_State *L,
      gboolean   is_loop)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLocalChannel *channel = check_channel (L, 1);
  GVariant *value = malt_local_channel_try_take (channel);
  gboolean was_limited;

  if (value == NULL)
    {
      malt_lua_check_can_wait (L);
      return wait_for (L, channel, MALT_CHANNEL_VERB_TAKE, NULL, is_loop);
    }

  was_limited = malt_lua_suspend_limit (lua);
  push_taken (L, value, is_loop);
  g_variant_unref (value);
  malt_lua_restore_limit (lua, was_limited);

  return 1;
}

/* channel:take () */
static int
on_take (lua_State *L)
{
  return take (L, FALSE);
}

/* What a loop over channel:each () calls; nil, the end, when the channel is closed and empty. */
static int
on_next (lua_State *L)
{
  return take (L, TRUE);
}

/* channel:each () */
static int
on_each (lua_State *L)
{
  check_channel (L, 1);
  lua_pushcfunction (L, on_next);
  lua_pushvalue (L, 1);

  return 2;
}

/* channel:is_ready () */
static int
on_is_ready (lua_State *L)
{
  MaltLocalChannel *channel = check_channel (L, 1);

  malt_lua_check_can_wait (L);

  return wait_for (L, channel, MALT_CHANNEL_VERB_IS_READY, NULL, FALSE);
}

/* channel:wait () */
static int
on_wait (lua_State *L)
{
  MaltLocalChannel *channel = check_channel (L, 1);

  malt_lua_check_can_wait (L);

  return wait_for (L, channel, MALT_CHANNEL_VERB_WAIT, NULL, FALSE);
}

/* channel:close () */
static int
on_close (lua_State *L)
{
  malt_local_channel_close (check_channel (L, 1));

  return 0;
}

static int
on_gc (lua_State *L)
{
  MaltLocalChannel **box = malt_lua_to_userdata (L, 1, &class_key);

  if (box != NULL)
    g_clear_object (box);

  return 0;
}

static int
on_tostring (lua_State *L)
{
  MaltLocalChannel *channel = check_channel (L, 1);

  lua_pushfstring (L, "malt.Channel(%I)",
                   (lua_Integer) malt_local_channel_get_capacity (channel));

  return 1;
}

/* malt.channel (capacity) */
static int
on_channel (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  lua_Integer capacity = luaL_optinteger (L, 1, 0);
  gboolean was_limited;
  MaltLocalChannel *channel;

  luaL_argcheck (L, capacity >= 0 && capacity <= G_MAXUINT, 1, "bad capacity");
  was_limited = malt_lua_suspend_limit (lua);
  channel = malt_local_channel_new ((guint) capacity);
  malt_lua_push_channel (L, channel);
  g_object_unref (channel);
  malt_lua_restore_limit (lua, was_limited);

  return 1;
}

/* Adds to the table at the top. */
void
malt_lua_add_channel (lua_State *L)
{
  static const luaL_Reg metamethods[] = {
    { "__gc", on_gc },
    { "__tostring", on_tostring },
    { NULL, NULL },
  };
  static const luaL_Reg methods[] = {
    { "close", on_close },
    { "each", on_each },
    { "is_ready", on_is_ready },
    { "put", on_put },
    { "take", on_take },
    { "wait", on_wait },
    { NULL, NULL },
  };

  malt_lua_new_class (L, &class_key, "malt.Channel", metamethods, methods);
  lua_newtable (L);
  lua_createtable (L, 0, 1);
  lua_pushliteral (L, "v");
  lua_setfield (L, -2, "__mode");
  lua_setmetatable (L, -2);
  lua_rawsetp (L, LUA_REGISTRYINDEX, &objects_key);
  lua_pushcfunction (L, on_channel);
  lua_setfield (L, -2, "channel");
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-value-private.h"

#include <string.h>

/* GVariants as values of Lua: docs/lua.md has the table. */

/* A level takes a table, a key, a value, and what a hint needs for a moment. */
#define STACK_SLOTS_PER_LEVEL 8

/* Tables are made of their final size, but no larger than this before there is something in
 * them. */
#define PREALLOCATED_MAX_ITEMS (1u << 24)

static const char null_key;

/* In the registry: type string → metatable of the tables that were decoded from it. */
static const char hints_key;

/* In such a metatable: the type string. */
static const char type_key;

static void push_value (lua_State *L, GVariant *value);

gboolean
malt_lua_reserve_stack (lua_State *L,
                        gsize      n_values)
{
  return n_values < G_MAXINT - STACK_SLOTS_PER_LEVEL
         && lua_checkstack (L, (int) n_values + STACK_SLOTS_PER_LEVEL);
}

/* malt.null: nothing, where Lua's nil cannot stand. [-0, +1, -] */
void
malt_lua_push_null (lua_State *L)
{
  lua_pushlightuserdata (L, (void *) &null_key);
}

gboolean
malt_lua_is_null (lua_State *L,
                  int        index)
{
  return lua_islightuserdata (L, index) && lua_touserdata (L, index) == &null_key;
}

static int
on_null_tostring (lua_State *L)
{
  if (malt_lua_is_null (L, 1))
    lua_pushliteral (L, "malt.null");
  else
    lua_pushfstring (L, "lightuserdata: %p", lua_touserdata (L, 1));

  return 1;
}

/* Adds to the table at the top. All light userdata have one metatable; programs get no other
 * from us. */
void
malt_lua_add_null (lua_State *L)
{
  malt_lua_push_null (L);
  lua_createtable (L, 0, 2);
  lua_pushcfunction (L, on_null_tostring);
  lua_setfield (L, -2, "__tostring");
  lua_pushboolean (L, FALSE);
  lua_setfield (L, -2, "__metatable");
  lua_setmetatable (L, -2);
  lua_setfield (L, -2, "null");
}

/* Types that no table has any more are forgotten. */
void
malt_lua_add_hints (lua_State *L)
{
  lua_newtable (L);
  lua_createtable (L, 0, 1);
  lua_pushliteral (L, "v");
  lua_setfield (L, -2, "__mode");
  lua_setmetatable (L, -2);
  lua_rawsetp (L, LUA_REGISTRYINDEX, &hints_key);
}

/* Whether a table of Lua would have this type anyway. */
static gboolean
is_natural (GVariant *value)
{
  const char *type = g_variant_get_type_string (value);

  return g_str_equal (type, "av")
         || (g_str_equal (type, "a{sv}") && g_variant_n_children (value) > 0);
}

/* Has the table at the top, which was made of `value`, become of its type again. [-0, +0, m] */
static void
set_type_hint (lua_State *L,
               GVariant  *value)
{
  const char *type = g_variant_get_type_string (value);

  if (is_natural (value))
    return;

  lua_rawgetp (L, LUA_REGISTRYINDEX, &hints_key);
  lua_pushstring (L, type);
  if (lua_rawget (L, -2) != LUA_TTABLE)
    {
      lua_pop (L, 1);
      lua_createtable (L, 0, 1);
      lua_pushstring (L, type);
      lua_rawsetp (L, -2, &type_key);
      lua_pushstring (L, type);
      lua_pushvalue (L, -2);
      lua_rawset (L, -4);
    }

  lua_setmetatable (L, -3);
  lua_pop (L, 1);
}

const GVariantType *
malt_lua_get_type_hint (lua_State *L,
                        int        index)
{
  const char *type = NULL;

  if (!lua_getmetatable (L, index))
    return NULL;

  /* The metatable keeps the string. */
  if (lua_rawgetp (L, -1, &type_key) == LUA_TSTRING)
    type = lua_tostring (L, -1);
  lua_pop (L, 2);

  return (const GVariantType *) type;
}

/* nil cannot be in a table. [-0, +1, m] */
static void
push_item (lua_State *L,
           GVariant  *value)
{
  push_value (L, value);
  if (lua_isnil (L, -1))
    {
      lua_pop (L, 1);
      malt_lua_push_null (L);
    }
}

static void
push_child (lua_State *L,
            GVariant  *value,
            gsize      position)
{
  GVariant *child = g_variant_get_child_value (value, position);

  push_item (L, child);
  g_variant_unref (child);
}

static void
push_sequence (lua_State *L,
               GVariant  *value)
{
  gsize n_items = g_variant_n_children (value);

  lua_createtable (L, (int) MIN (n_items, PREALLOCATED_MAX_ITEMS), 0);
  for (gsize i = 0; i < n_items; i++)
    {
      push_child (L, value, i);
      lua_rawseti (L, -2, (lua_Integer) i + 1);
    }
  set_type_hint (L, value);
}

static void
push_dictionary (lua_State *L,
                 GVariant  *value)
{
  gsize n_items = g_variant_n_children (value);

  lua_createtable (L, 0, (int) MIN (n_items, PREALLOCATED_MAX_ITEMS));
  for (gsize i = 0; i < n_items; i++)
    {
      GVariant *entry = g_variant_get_child_value (value, i);

      push_child (L, entry, 0);
      push_child (L, entry, 1);
      g_variant_unref (entry);

      /* NaN is no key in Lua; only NaN is not equal to itself. */
      if (lua_rawequal (L, -2, -2))
        lua_rawset (L, -3);
      else
        lua_pop (L, 2);
    }
  set_type_hint (L, value);
}

/* [-0, +1, m] */
static void
push_array (lua_State *L,
            GVariant  *value)
{
  char type = g_variant_get_type_string (value)[1];
  GBytes *bytes;

  if (type == '{')
    push_dictionary (L, value);
  else if (malt_lua_element_size (type) == 0)
    push_sequence (L, value);
  else
    {
      bytes = g_variant_get_data_as_bytes (value);
      malt_lua_push_array_view (L, type, g_variant_n_children (value), bytes);
      g_bytes_unref (bytes);
    }
}

/* [-0, +1, m] */
static void
push_maybe (lua_State *L,
            GVariant  *value)
{
  GVariant *child = g_variant_get_maybe (value);

  if (child == NULL)
    {
      lua_pushnil (L);
      return;
    }

  push_value (L, child);
  g_variant_unref (child);
}

/* [-0, +1, m] */
static void
push_unwrapped (lua_State *L,
                GVariant  *value)
{
  GVariant *child = g_variant_get_variant (value);

  push_value (L, child);
  g_variant_unref (child);
}

/* FALSE when it is no number. [-0, +(0|1), m] */
static gboolean
push_number (lua_State *L,
             GVariant  *value)
{
  char type = g_variant_get_type_string (value)[0];
  gsize size = malt_lua_element_size (type);
  guint64 item = 0;

  if (size == 0)
    return FALSE;

  g_variant_store (value, &item);
  malt_lua_push_element (L, type, &item, 0);

  return TRUE;
}

/* The channel that it stands for, if there is one. [-0, +1, m] */
static void
push_object (lua_State *L,
             GVariant  *value)
{
  MaltLocalChannel *channel = malt_runtime_lookup_channel (malt_lua_get (L)->runtime,
                                                           g_variant_get_string (value, NULL));

  if (channel != NULL)
    malt_lua_push_channel (L, channel);
  else
    malt_lua_push_variant (L, value);
}

static void
push_value (lua_State *L,
            GVariant  *value)
{
  const char *text;
  gsize length;

  /* Only a value that C has nested a hundred thousand times gets here; a message cannot. */
  if (!lua_checkstack (L, STACK_SLOTS_PER_LEVEL))
    {
      lua_pushnil (L);
      return;
    }

  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      lua_pushboolean (L, g_variant_get_boolean (value));
      break;

    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_SIGNATURE:
      text = g_variant_get_string (value, &length);
      lua_pushlstring (L, text, length);
      break;

    case G_VARIANT_CLASS_VARIANT:
      push_unwrapped (L, value);
      break;

    case G_VARIANT_CLASS_MAYBE:
      push_maybe (L, value);
      break;

    case G_VARIANT_CLASS_ARRAY:
      push_array (L, value);
      break;

    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      push_sequence (L, value);
      break;

    case G_VARIANT_CLASS_OBJECT_PATH:
      push_object (L, value);
      break;

    case G_VARIANT_CLASS_HANDLE:
      malt_lua_push_variant (L, value);
      break;

    default:
      if (!push_number (L, value))
        g_assert_not_reached ();
    }
}

/* "Nothing", the unit tuple, is nil here; inside of containers it is an empty tuple. */
void
malt_lua_push_value (lua_State *L,
                     GVariant  *value)
{
  int top = lua_gettop (L);
  GVariant *child;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT))
    lua_pushnil (L);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      child = g_variant_get_variant (value);
      malt_lua_push_value (L, child);
      g_variant_unref (child);
    }
  else
    push_value (L, value);
  malt_lua_assert_balance (L, top, 1);
}

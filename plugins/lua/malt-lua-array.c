/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-value-private.h"

#include "malt-lua-request-private.h"

#include <string.h>

/* malt.Array: numbers of one type, where they are. What came in a message is a view of it, what
 * is sent is sent without a copy; the first write to one that is shared copies it. */

static const char class_key;

/* NULL when it is something else. */
MaltLuaArray *
malt_lua_to_array (lua_State *L,
                   int        index)
{
  return malt_lua_to_userdata (L, index, &class_key);
}

static MaltLuaArray *
check_array (lua_State *L,
             int        index)
{
  MaltLuaArray *self = malt_lua_to_array (L, index);

  luaL_argexpected (L, self != NULL, index, "malt.Array");

  return self;
}

static gsize
get_size (MaltLuaArray *self)
{
  return self->n_items * malt_lua_element_size (self->type);
}

static gconstpointer
get_data (MaltLuaArray *self)
{
  if (self->own != NULL)
    return self->own;

  /* One that has been finalized, and that another finalizer still had, is empty. */
  return self->bytes != NULL ? g_bytes_get_data (self->bytes, NULL) : NULL;
}

/* [-0, +1, m] */
static MaltLuaArray *
push_empty (lua_State *L,
            char       type)
{
  MaltLuaArray *self = lua_newuserdatauv (L, sizeof (MaltLuaArray), 0);

  *self = (MaltLuaArray) { .type = type };
  malt_lua_set_class (L, &class_key);

  return self;
}

static void
count (lua_State    *L,
       MaltLuaArray *self)
{
  self->n_counted_bytes = get_size (self);
  malt_lua_count_memory (malt_lua_get (L), L, self->n_counted_bytes);
}

/* Shares the bytes. [-0, +1, m] */
void
malt_lua_push_array_view (lua_State *L,
                          char       type,
                          gsize      n_items,
                          GBytes    *bytes)
{
  MaltLuaArray *self = push_empty (L, type);

  self->n_items = n_items;
  self->bytes = g_bytes_ref (bytes);
  count (L, self);
}

static void
raise_no_memory (lua_State *L)
{
  lua_pushliteral (L, "not enough memory");
  lua_error (L);
}

/* A block of zeros, which counts towards the limit before it is there. [-0, +1, v] */
static MaltLuaArray *
push_new (lua_State *L,
          char       type,
          gsize      n_items)
{
  MaltLuaArray *self = push_empty (L, type);
  gsize size = n_items * malt_lua_element_size (type);

  if (!malt_lua_fits_limit (malt_lua_get (L), L, size))
    raise_no_memory (L);
  self->own = g_try_malloc0 (MAX (size, 1));
  if (self->own == NULL)
    raise_no_memory (L);

  self->n_items = n_items;
  count (L, self);

  return self;
}

/* The elements as they are; from here on a write makes a copy. (transfer none) */
GBytes *
malt_lua_array_share (MaltLuaArray *self)
{
  if (self->bytes == NULL)
    self->bytes = g_bytes_new_take (g_steal_pointer (&self->own), get_size (self));

  return self->bytes;
}

/* [-0, +0, v] */
static void
make_writable (lua_State    *L,
               MaltLuaArray *self)
{
  if (self->own != NULL)
    return;

  self->own = g_try_malloc (MAX (get_size (self), 1));
  if (self->own == NULL)
    raise_no_memory (L);

  if (self->n_items > 0)
    memcpy (self->own, g_bytes_get_data (self->bytes, NULL), get_size (self));
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

static int
on_index (lua_State *L)
{
  MaltLuaArray *self = check_array (L, 1);
  lua_Integer position;
  int is_integer;

  position = lua_tointegerx (L, 2, &is_integer);
  if (lua_type (L, 2) != LUA_TNUMBER || !is_integer)
    {
      lua_settop (L, 2);
      lua_rawget (L, lua_upvalueindex (1));
    }
  else if (position < 1 || (guint64) position > self->n_items)
    lua_pushnil (L);
  else
    malt_lua_push_element (L, self->type, get_data (self), position - 1);

  return 1;
}

static int
on_newindex (lua_State *L)
{
  MaltLuaArray *self = check_array (L, 1);
  lua_Integer position = luaL_checkinteger (L, 2);
  guint64 item;

  if (position < 1 || (guint64) position > self->n_items)
    return luaL_error (L, "index %I is outside of 1..%I", position, (lua_Integer) self->n_items);

  /* A value that does not fit leaves the item as it was. */
  if (!malt_lua_store_element (L, 3, self->type, &item, 0))
    return luaL_error (L, "a %s value does not fit element type '%c'", luaL_typename (L, 3),
                       self->type);

  make_writable (L, self);
  malt_lua_store_element (L, 3, self->type, self->own, position - 1);

  return 0;
}

static int
on_len (lua_State *L)
{
  lua_pushinteger (L, (lua_Integer) check_array (L, 1)->n_items);

  return 1;
}

static int
on_gc (lua_State *L)
{
  MaltLuaArray *self = malt_lua_to_array (L, 1);

  if (self == NULL)
    return 0;

  malt_lua_get (L)->memory_used_bytes -= self->n_counted_bytes;
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->own, g_free);
  *self = (MaltLuaArray) { .type = self->type };

  return 0;
}

/* Bytes are what they hold, everything else is described. */
static int
on_tostring (lua_State *L)
{
  MaltLuaArray *self = check_array (L, 1);

  if (self->type == 'y')
    lua_pushlstring (L, get_data (self), self->n_items);
  else
    lua_pushfstring (L, "malt.Array('%c', %I)", self->type, (lua_Integer) self->n_items);

  return 1;
}

static int
on_table (lua_State *L)
{
  MaltLuaArray *self = check_array (L, 1);

  lua_createtable (L, (int) MIN (self->n_items, G_MAXINT), 0);
  for (gsize i = 0; i < self->n_items; i++)
    {
      malt_lua_push_element (L, self->type, get_data (self), i);
      lua_rawseti (L, -2, (lua_Integer) i + 1);
    }

  return 1;
}

/* [-0, +1, v] */
static int
push_from_string (lua_State *L,
                  int        index,
                  char       type)
{
  gsize length;
  const char *text = lua_tolstring (L, index, &length);
  gsize size = malt_lua_element_size (type);
  MaltLuaArray *self;

  luaL_argcheck (L, length % size == 0, index, "length is not a multiple of the element's size");
  self = push_new (L, type, length / size);
  memcpy (self->own, text, length);

  return 1;
}

/* [-0, +1, v] */
static int
push_from_table (lua_State *L,
                 int        index,
                 char       type)
{
  gsize n_items = lua_rawlen (L, index);
  MaltLuaArray *self = push_new (L, type, n_items);

  for (gsize i = 0; i < n_items; i++)
    {
      lua_rawgeti (L, index, (lua_Integer) i + 1);
      if (!malt_lua_store_element (L, -1, type, self->own, i))
        return luaL_error (L, "element %I does not fit type '%c'", (lua_Integer) i + 1, type);
      lua_pop (L, 1);
    }

  return 1;
}

/* malt.Array (type, items): a table, the bytes as a string, or the number of zeros. */
static int
on_array (lua_State *L)
{
  const char *type = luaL_checkstring (L, 1);
  gsize size = malt_lua_element_size (type[0]);
  lua_Integer n_items;

  luaL_argcheck (L, size != 0 && type[1] == '\0', 1, "one of y n q i u x t d expected");
  switch (lua_type (L, 2))
    {
    case LUA_TSTRING:
      return push_from_string (L, 2, type[0]);

    case LUA_TTABLE:
      return push_from_table (L, 2, type[0]);

    default:
      n_items = luaL_checkinteger (L, 2);
      luaL_argcheck (L, n_items >= 0 && (guint64) n_items <= G_MAXSSIZE / size, 2, "bad size");
      push_new (L, type[0], n_items);
      return 1;
    }
}

/* malt.bytes (string) */
static int
on_bytes (lua_State *L)
{
  luaL_checkstring (L, 1);

  return push_from_string (L, 1, 'y');
}

/* Adds to the table at the top. */
void
malt_lua_add_array (lua_State *L)
{
  static const luaL_Reg metamethods[] = {
    { "__gc", on_gc },
    { "__index", on_index },
    { "__len", on_len },
    { "__newindex", on_newindex },
    { "__tostring", on_tostring },
    { NULL, NULL },
  };
  static const luaL_Reg methods[] = {
    { "table", on_table },
    { NULL, NULL },
  };
  static const luaL_Reg functions[] = {
    { "Array", on_array },
    { "bytes", on_bytes },
    { NULL, NULL },
  };

  malt_lua_new_class (L, &class_key, "malt.Array", metamethods, methods);
  luaL_setfuncs (L, functions, 0);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-value-private.h"

/* The types of GVariant that arrays of Lua have elements of: y n q i u x t d. */

/* 0 when it is another type. */
gsize
malt_lua_element_size (char type)
{
  switch (type)
    {
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

/* What an integer of Lua cannot hold stays a GVariant, and exact. [-0, +1, m] */
static void
push_uint64 (lua_State *L,
             guint64    number)
{
  MaltLua *lua = malt_lua_get (L);
  gboolean was_limited;

  if (number <= G_MAXINT64)
    {
      lua_pushinteger (L, (lua_Integer) number);
      return;
    }

  was_limited = malt_lua_suspend_limit (lua);
  malt_lua_push_variant (L, g_variant_new_uint64 (number));
  malt_lua_restore_limit (lua, was_limited);
}

/* The items are aligned for their type. [-0, +1, m] */
void
malt_lua_push_element (lua_State     *L,
                       char           type,
                       gconstpointer  items,
                       gsize          position)
{
  switch (type)
    {
    case 'y':
      lua_pushinteger (L, ((const guint8 *) items)[position]);
      break;
    case 'n':
      lua_pushinteger (L, ((const gint16 *) items)[position]);
      break;
    case 'q':
      lua_pushinteger (L, ((const guint16 *) items)[position]);
      break;
    case 'i':
      lua_pushinteger (L, ((const gint32 *) items)[position]);
      break;
    case 'u':
      lua_pushinteger (L, ((const guint32 *) items)[position]);
      break;
    case 'x':
      lua_pushinteger (L, ((const gint64 *) items)[position]);
      break;
    case 't':
      push_uint64 (L, ((const guint64 *) items)[position]);
      break;
    case 'd':
      lua_pushnumber (L, ((const double *) items)[position]);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
store_integer (char      type,
               gpointer  items,
               gsize     position,
               gint64    number)
{
  switch (type)
    {
    case 'y':
      ((guint8 *) items)[position] = (guint8) number;
      return number >= 0 && number <= G_MAXUINT8;
    case 'n':
      ((gint16 *) items)[position] = (gint16) number;
      return number >= G_MININT16 && number <= G_MAXINT16;
    case 'q':
      ((guint16 *) items)[position] = (guint16) number;
      return number >= 0 && number <= G_MAXUINT16;
    case 'i':
      ((gint32 *) items)[position] = (gint32) number;
      return number >= G_MININT32 && number <= G_MAXINT32;
    case 'u':
      ((guint32 *) items)[position] = (guint32) number;
      return number >= 0 && number <= G_MAXUINT32;
    case 'x':
      ((gint64 *) items)[position] = number;
      return TRUE;
    case 't':
      ((guint64 *) items)[position] = (guint64) number;
      return number >= 0;
    default:
      g_assert_not_reached ();
    }
}

/* The `t` that push_uint64() had to leave a GVariant. */
static gboolean
store_variant (lua_State *L,
               int        index,
               gpointer   items,
               gsize      position)
{
  GVariant *value = malt_lua_to_variant (L, index);

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return FALSE;

  ((guint64 *) items)[position] = g_variant_get_uint64 (value);

  return TRUE;
}

/* FALSE when the value at `index` is not a number of that type; the item is undefined then.
 * Strings are no numbers. [-0, +0, -] */
gboolean
malt_lua_store_element (lua_State *L,
                        int        index,
                        char       type,
                        gpointer   items,
                        gsize      position)
{
  lua_Integer number;
  int is_integer;

  if (lua_type (L, index) != LUA_TNUMBER)
    return type == 't' && store_variant (L, index, items, position);

  if (type == 'd')
    {
      ((double *) items)[position] = lua_tonumber (L, index);
      return TRUE;
    }

  number = lua_tointegerx (L, index, &is_integer);

  return is_integer && store_integer (type, items, position, number);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-value-private.h"

#include "malt-lua-request-private.h"

#include <string.h>

/* malt.Variant: a value that Lua has no type for, or whose type the program has chosen. */

static const char class_key;

/* NULL when it is something else. (transfer none) */
GVariant *
malt_lua_to_variant (lua_State *L,
                     int        index)
{
  GVariant **box = malt_lua_to_userdata (L, index, &class_key);

  return box != NULL ? *box : NULL;
}

/* Sinks a floating value. With the limit suspended. [-0, +1, -] */
void
malt_lua_push_variant (lua_State *L,
                       GVariant  *value)
{
  GVariant **box = lua_newuserdatauv (L, sizeof (GVariant *), 0);

  *box = g_variant_ref_sink (value);
  malt_lua_set_class (L, &class_key);
}

static GVariant *
check_variant (lua_State *L,
               int        index)
{
  GVariant *value = malt_lua_to_variant (L, index);

  luaL_argexpected (L, value != NULL, index, "malt.Variant");

  return value;
}

static int
on_gc (lua_State *L)
{
  GVariant **box = malt_lua_to_userdata (L, 1, &class_key);

  if (box != NULL)
    g_clear_pointer (box, g_variant_unref);

  return 0;
}

static int
on_tostring (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  GVariant *value = check_variant (L, 1);
  gboolean was_limited = malt_lua_suspend_limit (lua);
  char *text = g_variant_print (value, FALSE);

  lua_pushstring (L, text);
  g_free (text);
  malt_lua_restore_limit (lua, was_limited);

  return 1;
}

/* Lua asks only when both are userdata. */
static int
on_eq (lua_State *L)
{
  GVariant *a = malt_lua_to_variant (L, 1);
  GVariant *b = malt_lua_to_variant (L, 2);

  lua_pushboolean (L, a != NULL && b != NULL && g_variant_equal (a, b));

  return 1;
}

/* A number that Lua cannot write may be given as text. */
static GVariant *
parse_number (lua_State           *L,
              int                  index,
              const GVariantType  *type,
              char               **message)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (type, lua_tostring (L, index), NULL, NULL, &error);

  if (value == NULL)
    *message = g_strdup_printf ("“%s” is not a number of type “%s”", lua_tostring (L, index),
                                g_variant_type_peek_string (type));

  return value;
}

/* malt.typed (type, value) */
static int
on_typed (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  const char *type = luaL_checkstring (L, 1);
  gboolean was_limited;
  char *message = NULL;
  GVariant *value;

  luaL_argcheck (L, g_variant_type_string_is_valid (type)
                    && g_variant_type_is_definite (G_VARIANT_TYPE (type)),
                 1, "a definite GVariant type expected");
  luaL_checkany (L, 2);

  if (lua_type (L, 2) == LUA_TSTRING && (g_str_equal (type, "t") || g_str_equal (type, "x")
                                         || g_str_equal (type, "d")))
    value = parse_number (L, 2, G_VARIANT_TYPE (type), &message);
  else
    value = malt_lua_encode (L, 2, G_VARIANT_TYPE (type), &message);
  if (value == NULL)
    return malt_lua_raise (L, message);

  was_limited = malt_lua_suspend_limit (lua);
  malt_lua_push_variant (L, value);
  malt_lua_restore_limit (lua, was_limited);
  g_variant_unref (value);

  return 1;
}

/* Adds to the table at the top. */
void
malt_lua_add_variant (lua_State *L)
{
  static const luaL_Reg metamethods[] = {
    { "__eq", on_eq },
    { "__gc", on_gc },
    { "__tostring", on_tostring },
    { NULL, NULL },
  };

  malt_lua_new_class (L, &class_key, "malt.Variant", metamethods, NULL);
  lua_pushcfunction (L, on_typed);
  lua_setfield (L, -2, "typed");
}

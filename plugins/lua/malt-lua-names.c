/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-namespace-private.h"

#include <string.h>

/* Functions by name, as callers write them: "f", "Stub.f", "string.upper". Access is raw, so
 * that no code of the program runs outside of its request. */

/* Tables in tables that are looked through for functions. */
#define LIST_MAX_DEPTH 8

#define MAIN_PREFIX "Main."

/* Replaces the table at the top by its field; FALSE, with something at the top, when there is none.
 * [-1, +1, -] */
static gboolean
enter_field (lua_State  *L,
             const char *name,
             gsize       length)
{
  if (!lua_istable (L, -1))
    return FALSE;

  lua_pushlstring (L, name, length);
  lua_rawget (L, -2);
  lua_remove (L, -2);

  return !lua_isnil (L, -1);
}

/* Pushes what has the name in a table. [-1, +(0|1), -] */
static gboolean
push_by_path (lua_State  *L,
              const char *name)
{
  const char *dot;

  while ((dot = strchr (name, '.')) != NULL && enter_field (L, name, dot - name))
    name = dot + 1;

  if (dot == NULL && enter_field (L, name, strlen (name)))
    return TRUE;

  lua_pop (L, 1);

  return FALSE;
}

/* [-0, +0, -] */
static gboolean
is_callable (lua_State *L,
             int        index)
{
  gboolean is_callable_table;

  if (lua_isfunction (L, index))
    return TRUE;
  if (!lua_istable (L, index) || !lua_getmetatable (L, index))
    return FALSE;

  lua_pushliteral (L, "__call");
  is_callable_table = lua_rawget (L, -2) != LUA_TNIL;
  lua_pop (L, 2);

  return is_callable_table;
}

gboolean
malt_lua_push_function (MaltLua    *self,
                        const char *name)
{
  lua_State *L = self->state;
  int top = lua_gettop (L);
  const char *path = g_str_has_prefix (name, MAIN_PREFIX) ? name + strlen (MAIN_PREFIX) : name;

  malt_lua_push_main (L);
  if (!push_by_path (L, path))
    {
      lua_pushglobaltable (L);
      if (!push_by_path (L, path))
        {
          malt_lua_assert_balance (L, top, 0);
          return FALSE;
        }
    }

  malt_lua_assert_balance (L, top, 1);
  if (is_callable (L, -1))
    return TRUE;

  lua_pop (L, 1);

  return FALSE;
}

static void list_table (lua_State *L, int depth, const char *prefix, GHashTable *seen,
                        GPtrArray *names);

/* The field whose key and value are at the top. C functions are not the user's. */
static void
list_field (lua_State  *L,
            int         depth,
            const char *prefix,
            GHashTable *seen,
            GPtrArray  *names)
{
  gsize length;
  const char *key;
  g_autofree char *name = NULL;

  if (lua_type (L, -2) != LUA_TSTRING)
    return;

  key = lua_tolstring (L, -2, &length);
  if (strchr (key, '.') != NULL || !g_utf8_validate_len (key, length, NULL))
    return;

  name = g_strconcat (prefix, key, NULL);
  if (is_callable (L, -1) && !lua_iscfunction (L, -1))
    g_ptr_array_add (names, g_strdup (name));
  if (lua_istable (L, -1) && depth < LIST_MAX_DEPTH)
    {
      g_autofree char *inner_prefix = g_strconcat (name, ".", NULL);

      list_table (L, depth + 1, inner_prefix, seen, names);
    }
}

/* The table at the top. [-0, +0, -] */
static void
list_table (lua_State  *L,
            int         depth,
            const char *prefix,
            GHashTable *seen,
            GPtrArray  *names)
{
  if (!g_hash_table_add (seen, (gpointer) lua_topointer (L, -1)) || !lua_checkstack (L, 8))
    return;

  for (lua_pushnil (L); lua_next (L, -2); lua_pop (L, 1))
    list_field (L, depth, prefix, seen, names);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
malt_lua_list_functions (MaltLua *self)
{
  lua_State *L = self->state;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  malt_lua_push_main (L);
  list_table (L, 0, "", seen, names);
  lua_pop (L, 1);

  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_steal (names, NULL);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-namespace-private.h"

#include <string.h>

/* Fields of one record: those of the caller, and those that every record has. */
#define LOG_MAX_FIELDS 32
#define LOG_MAX_OWN_FIELDS 5

/* As of journald. */
#define LOG_MAX_FIELD_NAME_BYTES 64

/* Of records whose fields name no other. */
#define LOG_DOMAIN "lua"

typedef struct
{
  GLogField fields[LOG_MAX_OWN_FIELDS + LOG_MAX_FIELDS];
  gsize     n_fields;
} Record;

/* The strings are kept by the stack. */
static void
add_field (Record     *record,
           const char *key,
           const char *value,
           size_t      length)
{
  GLogField *field = &record->fields[record->n_fields++];

  field->key = key;
  field->value = value;
  /* GLib takes a length of 0 for a value that is no text. */
  field->length = length > 0 ? (gssize) length : -1;
}

static gboolean
is_field_name (const char *name)
{
  size_t length = strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

  return length > 0 && length <= LOG_MAX_FIELD_NAME_BYTES && name[length] == '\0'
         && g_ascii_isupper (name[0]) && !g_str_has_prefix (name, "MALT_")
         && !g_str_equal (name, "MESSAGE") && !g_str_equal (name, "PRIORITY")
         && !g_str_equal (name, "GLIB_OLD_LOG_API");
}

/* The key lies below the value on the stack: makes the value a string. [-0, +0, v] */
static void
check_field (lua_State *L)
{
  const char *name = lua_type (L, -2) == LUA_TSTRING ? lua_tostring (L, -2) : "?";

  if (!is_field_name (name))
    luaL_error (L, "bad name of a field '%s' (expected upper-case letters, digits and '_', none "
                "that is taken)", name);

  switch (lua_type (L, -1))
    {
    case LUA_TSTRING:
    case LUA_TNUMBER:
      lua_tostring (L, -1);
      break;

    case LUA_TBOOLEAN:
      lua_pushstring (L, lua_toboolean (L, -1) ? "true" : "false");
      lua_replace (L, -2);
      break;

    default:
      luaL_error (L, "bad value of the field '%s' (string, number or boolean expected, got %s)",
                  name, luaL_typename (L, -1));
    }
}

/* Of the table at `index`. Whether the domain is among them. [-0, +n, v] */
static gboolean
add_fields (lua_State *L,
            Record    *record,
            int        index)
{
  gboolean has_domain = FALSE;
  int n = 0;

  luaL_checktype (L, index, LUA_TTABLE);
  luaL_checkstack (L, LOG_MAX_FIELDS + LUA_MINSTACK, NULL);
  lua_pushnil (L);
  while (lua_next (L, index))
    {
      const char *key;
      const char *value;
      size_t length;

      if (++n > LOG_MAX_FIELDS)
        luaL_error (L, "too many fields (at most %d)", LOG_MAX_FIELDS);
      check_field (L);
      key = lua_tostring (L, -2);
      value = lua_tolstring (L, -1, &length);
      add_field (record, key, value, length);
      has_domain |= g_str_equal (key, "GLIB_DOMAIN");
      lua_insert (L, -2);
    }

  return has_domain;
}

/* Where the caller is. [-0, +2, m] */
static void
add_position (lua_State *L,
              Record    *record)
{
  lua_Debug caller;

  if (!lua_getstack (L, 1, &caller) || !lua_getinfo (L, "Sl", &caller) || caller.currentline < 0)
    return;

  lua_pushstring (L, caller.short_src);
  add_field (record, "CODE_FILE", lua_tostring (L, -1), lua_rawlen (L, -1));
  lua_pushfstring (L, "%d", caller.currentline);
  add_field (record, "CODE_LINE", lua_tostring (L, -1), lua_rawlen (L, -1));
}

/* malt.log (level, message [, fields]): a record of GLib's structured log. There is no level that
 * ends the worker, as there is no os.exit(). */
int
malt_lua_log (lua_State *L)
{
  static const char *const names[] = { "critical", "warning", "message", "info", "debug", NULL };
  static const struct { GLogLevelFlags level; const char *priority; } levels[] = {
    { G_LOG_LEVEL_CRITICAL, "4" }, { G_LOG_LEVEL_WARNING, "4" }, { G_LOG_LEVEL_MESSAGE, "5" },
    { G_LOG_LEVEL_INFO, "6" }, { G_LOG_LEVEL_DEBUG, "7" },
  };
  int level = luaL_checkoption (L, 1, NULL, names);
  size_t length;
  const char *message = luaL_checklstring (L, 2, &length);
  Record *record;

  lua_settop (L, 3);
  record = lua_newuserdatauv (L, sizeof (Record), 0);
  record->n_fields = 0;
  add_field (record, "MESSAGE", message, length);
  add_field (record, "PRIORITY", levels[level].priority, strlen (levels[level].priority));
  add_position (L, record);
  if (lua_isnil (L, 3) || !add_fields (L, record, 3))
    add_field (record, "GLIB_DOMAIN", LOG_DOMAIN, strlen (LOG_DOMAIN));
  g_log_structured_array (levels[level].level, record->fields, record->n_fields);

  return 0;
}

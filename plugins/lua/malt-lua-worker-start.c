/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-operation-private.h"

#include "malt-lua-value-private.h"

#include <string.h>

/* malt.worker(): workers inside of this one. What takes time is a wait, and what waits is cancelled
 * with the call that it is for. */

/* The field of the table that is no option of the backend. */
#define BACKEND_FIELD "backend"

/* What an inner worker has if neither the table nor a profile says it: this one's. */
#define MODULE_PATH_OPTION "module-path"

/* A mistake in the name or in the configuration is told when the worker is to start. */
static gboolean
inherits_module_path (const char *profile)
{
  MaltConfig *config = malt_config_get_default (NULL);
  g_autoptr (MaltBackend) backend = NULL;
  g_auto (GStrv) configured = NULL;

  if (config != NULL)
    backend = malt_config_lookup_backend (config, profile, NULL);
  if (backend != NULL)
    configured = malt_config_list_options (config, profile, NULL);

  return configured != NULL && malt_backend_find_option (backend, MODULE_PATH_OPTION) != NULL
         && !g_strv_contains ((const char *const *) configured, MODULE_PATH_OPTION);
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
      && inherits_module_path (backend))
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
  malt_lua_end_operation (wait, NULL, error);
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

int
malt_lua_start_worker (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  const char *backend = check_options (L);
  char *message = NULL;
  GVariant *options;
  MaltAbstractWorker **box;
  MaltLuaWait *wait;

  malt_lua_check_can_wait (L);
  box = malt_lua_new_worker_box (L);
  lua_replace (L, 2);

  /* The name is kept alive by the table. */
  options = build_options (L, backend, &message);
  if (options == NULL)
    return malt_lua_raise (L, message);

  wait = malt_lua_new_operation_wait (L, push_worker);
  wait->data = box;
  malt_lua_enter_operation (lua);
  malt_create_worker_async (backend, options, wait->cancellable, on_created,
                            malt_lua_wait_ref (wait));
  malt_lua_leave_operation (lua);
  g_variant_unref (options);

  return malt_lua_wait_yield (L, wait);
}

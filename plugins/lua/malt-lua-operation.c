/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-operation-private.h"

GError *
malt_lua_new_own_error (const GError *error)
{
  g_autofree char *type = malt_lua_dup_error_type (error);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, error->message, type, NULL);
}

void
malt_lua_enter_operation (MaltLua *lua)
{
  lua->n_operations++;
  g_main_context_push_thread_default (lua->context);
}

void
malt_lua_leave_operation (MaltLua *lua)
{
  g_main_context_pop_thread_default (lua->context);
}

MaltLuaWait *
malt_lua_new_operation_wait (lua_State         *L,
                             MaltLuaWaitFinish  finish)
{
  MaltLuaWait *wait = malt_lua_wait_new (L, finish);

  wait->cancellable = g_cancellable_new ();

  return wait;
}

void
malt_lua_end_operation (MaltLuaWait *wait,
                        GVariant    *value,
                        GError      *error)
{
  wait->lua->n_operations--;
  if (wait->request != NULL)
    {
      wait->value = value != NULL ? g_variant_ref (value) : NULL;
      wait->error = error != NULL ? malt_lua_new_own_error (error) : NULL;
      malt_lua_wait_wake (wait);
    }

  g_clear_pointer (&value, g_variant_unref);
  g_clear_error (&error);
  malt_lua_wait_unref (wait);
}

/* When no request is left: what has been begun is cancelled, and its callbacks run now, for nobody
 * runs the context after us. */
void
malt_lua_end_operations (MaltLua *self)
{
  g_cancellable_cancel (self->closing);
  while (self->n_operations > 0)
    g_main_context_iteration (self->context, TRUE);
}

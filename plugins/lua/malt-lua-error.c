/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

#include <string.h>

/* What a program raises, as an error of malt. Where an error is raised only the traceback is
 * taken: the stack is whole then, and nothing of the program may run. The text is made after
 * everything has been unwound. */

/* For the text of an error of a program that has used up its memory. */
#define ERROR_HEADROOM_BYTES (1024u * 1024)

/* The frame of our own base, the last of every traceback. */
#define BASE_FRAME "\n\t[C]: in ?"

/* Lua's own message; the one thing that says what an error without the status is about. */
#define MEMORY_MESSAGE "not enough memory"

/* Raises a message with the position of the caller. Takes `message`. [-0, +1, v] */
int
malt_lua_raise (lua_State *L,
                char      *message)
{
  MaltLua *lua = malt_lua_get (L);
  gboolean was_limited = malt_lua_suspend_limit (lua);

  luaL_where (L, 1);
  lua_pushstring (L, message);
  lua_concat (L, 2);
  g_free (message);
  malt_lua_restore_limit (lua, was_limited);

  return lua_error (L);
}

/* Raises the text of an error, and remembers what it is the text of. Takes `error`. [-0, +1, v] */
int
malt_lua_raise_error (lua_State *L,
                      GError    *error)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);
  gboolean was_limited = malt_lua_suspend_limit (lua);
  const char *message = malt_error_get_remote_message (error);

  luaL_where (L, 1);
  lua_pushstring (L, message != NULL ? message : error->message);
  lua_concat (L, 2);

  if (request != NULL)
    {
      g_clear_error (&request->call_error);
      g_free (request->call_message);
      request->call_error = g_steal_pointer (&error);
      request->call_message = g_strdup (lua_tostring (L, -1));
    }
  g_clear_error (&error);
  malt_lua_restore_limit (lua, was_limited);

  return lua_error (L);
}

/* What kind of error it is, in one word for programs. (transfer full) */
char *
malt_lua_dup_error_type (const GError *error)
{
  const char *type = malt_error_get_remote_type (error);

  if (type != NULL)
    return g_strdup (type);

  if (error->domain == MALT_ERROR)
    {
      g_autoptr (GEnumClass) codes = g_type_class_ref (MALT_TYPE_ERROR);
      const GEnumValue *code = g_enum_get_value (codes, error->code);

      return g_strconcat ("malt.", code != NULL ? code->value_nick : "failed", NULL);
    }

  return g_strdup_printf ("%s:%d", g_quark_to_string (error->domain), error->code);
}

/* malt.error_type (message): of what a function or a worker has failed with in this call, by the
 * text that pcall() gave; nil for other texts. */
static int
on_error_type (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  MaltLuaRequest *request = atomic_load (&lua->running);
  gboolean was_limited;
  char *type;

  luaL_checkany (L, 1);
  if (request == NULL || request->call_message == NULL || lua_type (L, 1) != LUA_TSTRING
      || !g_str_has_suffix (lua_tostring (L, 1), request->call_message))
    {
      lua_pushnil (L);
      return 1;
    }

  was_limited = malt_lua_suspend_limit (lua);
  type = malt_lua_dup_error_type (request->call_error);
  lua_pushstring (L, type);
  g_free (type);
  malt_lua_restore_limit (lua, was_limited);

  return 1;
}

/* Adds to the table at the top. [-0, +0, m] */
void
malt_lua_add_error_type (lua_State *L)
{
  lua_pushcfunction (L, on_error_type);
  lua_setfield (L, -2, "error_type");
}

/* Of `thread`, made on the stack of L. (transfer full) [-0, +0, -] */
char *
malt_lua_dup_traceback (lua_State *L,
                        lua_State *thread,
                        int        level)
{
  MaltLua *lua = malt_lua_get (L);
  gboolean was_limited = malt_lua_suspend_limit (lua);
  char *traceback;

  luaL_traceback (L, thread, NULL, level);
  traceback = g_utf8_make_valid (lua_tostring (L, -1), -1);
  lua_pop (L, 1);
  malt_lua_restore_limit (lua, was_limited);

  if (g_str_has_suffix (traceback, BASE_FRAME))
    traceback[strlen (traceback) - strlen (BASE_FRAME)] = '\0';

  return traceback;
}

/* The message handler of the base. */
int
malt_lua_on_error (lua_State *L)
{
  MaltLuaRequest *request = atomic_load (&malt_lua_get (L)->running);

  if (!malt_lua_is_interrupt (L, 1))
    {
      g_free (request->traceback);
      request->traceback = malt_lua_dup_traceback (L, L, 1);
    }

  return 1;
}

/* An error with `message` comes out of a coroutine and goes on as `new_message`. Takes
 * `traceback`, the coroutine's. */
void
malt_lua_request_note_coroutine (MaltLuaRequest *self,
                                 char           *traceback,
                                 const char     *message,
                                 const char     *new_message)
{
  if (g_strcmp0 (message, self->inner_message) == 0)
    {
      char *inner = self->inner_traceback;

      self->inner_traceback = g_strconcat (inner, "\nresumed from:\n", traceback, NULL);
      g_free (traceback);
      g_free (inner);
    }
  else
    {
      g_free (self->inner_traceback);
      self->inner_traceback = traceback;
    }

  g_free (self->inner_message);
  self->inner_message = g_strdup (new_message);
}

static int
on_tostring (lua_State *L)
{
  luaL_tolstring (L, 1, NULL);

  return 1;
}

/* Runs code of the program: protected, and it can be interrupted. [-0, +1, -] */
static void
push_own_text (lua_State *L,
               int        index)
{
  MaltLua *lua = malt_lua_get (L);
  gsize headroom = lua->memory_limit_bytes != 0 ? ERROR_HEADROOM_BYTES : 0;
  int status;

  lua_pushcfunction (L, on_tostring);
  lua_pushvalue (L, index);
  lua->memory_limit_bytes += headroom;
  lua->is_limited = TRUE;
  status = lua_pcall (L, 1, 1, 0);
  lua->is_limited = FALSE;
  lua->memory_limit_bytes -= headroom;

  if (status != LUA_OK && !malt_lua_is_interrupt (L, -1))
    {
      lua_pop (L, 1);
      lua_pushliteral (L, "(error object's __tostring failed)");
    }
}

/* [-0, +1, -] */
static void
push_table_text (lua_State *L,
                 int        index)
{
  g_autofree char *reason = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) value = malt_lua_encode (L, index, NULL, &reason);

  if (value != NULL)
    text = g_variant_print (value, FALSE);

  /* The limit is suspended, so this raises nothing. */
  lua_pushfstring (L, "(error object is a table: %s)", text != NULL ? text : reason);
}

/* A string, or the interrupt if there was one meanwhile. [-0, +1, -] */
static void
push_text (lua_State *L,
           int        index)
{
  switch (lua_type (L, index))
    {
    case LUA_TNIL:
      lua_pushliteral (L, "nil (error called without a message)");
      break;

    case LUA_TSTRING:
      lua_pushvalue (L, index);
      break;

    case LUA_TTABLE:
      if (luaL_getmetafield (L, index, "__tostring") == LUA_TNIL)
        {
          push_table_text (L, index);
          break;
        }
      lua_pop (L, 1);
      push_own_text (L, index);
      break;

    default:
      push_own_text (L, index);
    }
}

static gboolean
is_memory_error (lua_State *L,
                 int        index,
                 int        status)
{
  return status == LUA_ERRMEM
         || (lua_type (L, index) == LUA_TSTRING
             && g_str_equal (lua_tostring (L, index), MEMORY_MESSAGE));
}

static GError *
new_memory_error (MaltLua *lua)
{
  g_autofree char *message = NULL;

  if (lua->memory_limit_bytes == 0)
    message = g_strdup (MEMORY_MESSAGE);
  else
    message = g_strdup_printf (MEMORY_MESSAGE " (limit %" G_GSIZE_FORMAT " KiB)",
                               lua->memory_limit_bytes / 1024);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, "lua.memory", NULL);
}

static char *
dup_whole_traceback (MaltLuaRequest *self,
                     const char     *message)
{
  g_autoptr (GString) traceback = g_string_new (NULL);

  if (self->inner_message != NULL && g_str_has_suffix (message, self->inner_message))
    g_string_append (traceback, self->inner_traceback);
  if (self->traceback != NULL)
    {
      if (traceback->len > 0)
        g_string_append (traceback, "\nresumed from:\n");
      g_string_append (traceback, self->traceback);
    }

  return traceback->len > 0 ? g_strdup (traceback->str) : NULL;
}

/* What a C function has said is passed on as it was, unless the program has made something else
 * of it. */
static GError *
new_call_error (MaltLuaRequest *self,
                const char     *traceback)
{
  GError *error = self->call_error;
  const char *message = malt_error_get_remote_message (error);

  if (error->domain != MALT_ERROR)
    return g_error_copy (error);

  return malt_error_new_remote (error->code, malt_error_get_worker (error),
                                message != NULL ? message : error->message,
                                malt_error_get_remote_type (error), traceback);
}

static GError *
new_text_error (MaltLuaRequest *self,
                const char     *text,
                gsize           length)
{
  g_autofree char *message = g_utf8_make_valid (text, length);
  g_autofree char *traceback = dup_whole_traceback (self, text);

  if (self->call_message != NULL && g_str_has_suffix (text, self->call_message))
    return new_call_error (self, traceback);

  return malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, "lua.error", traceback);
}

/* Makes the error that the request ends with of the one at the top of the stack, which stays.
 * [-0, +0, -] */
void
malt_lua_request_catch (MaltLuaRequest *self,
                        lua_State      *L,
                        int             status)
{
  gboolean was_limited = malt_lua_suspend_limit (self->lua);
  int top = lua_gettop (L);
  gsize length = 0;
  const char *text = NULL;

  g_clear_error (&self->error);
  lua_checkstack (L, LUA_MINSTACK);
  if (!self->is_thrown)
    {
      push_text (L, top);
      text = lua_tolstring (L, -1, &length);
    }

  /* It may have been thrown in the text's function; and a <close> handler may have put an error
   * of its own in its place. */
  if (self->is_thrown || text == NULL)
    self->error = malt_invocation_new_cancel_error (self->invocation, self->interrupt_traceback);
  else if (is_memory_error (L, top, status))
    self->error = new_memory_error (self->lua);
  else
    self->error = new_text_error (self, text, length);

  lua_settop (L, top);
  malt_lua_restore_limit (self->lua, was_limited);
}

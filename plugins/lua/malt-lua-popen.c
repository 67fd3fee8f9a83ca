/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-request-private.h"

#include "malt-lua-value-private.h"

#include <lualib.h>
#include <string.h>

/* What io.popen() gives instead of a file: a pipe to a program, whose reads and writes are
 * waits. */

/* What a pipe holds; asking for more gives no more. */
#define CHUNK_BYTES 65536u

typedef struct
{
  GSubprocess   *process; /* owned */
  GInputStream  *input;   /* of @process; NULL when it is written to */
  GOutputStream *output;  /* of @process; NULL when it is read from */
  GByteArray    *buffer;  /* owned; what has been read, and not asked for yet */
  gboolean       is_eof;
  gboolean       is_closed;
} Pipe;

/* A part of the buffer that satisfies a format. */
typedef struct
{
  gsize    start;
  gsize    end;
  gsize    next;       /* where the one after it starts */
  gboolean is_missing; /* at the end of the input: nil */
} Piece;

static const char class_key;

static Pipe *
check_pipe (lua_State *L,
            int        index)
{
  Pipe *self = malt_lua_to_userdata (L, index, &class_key);

  luaL_argexpected (L, self != NULL, index, "pipe of io.popen");
  luaL_argcheck (L, !self->is_closed, index, "attempt to use a closed pipe");

  return self;
}

static int
on_gc (lua_State *L)
{
  Pipe *self = malt_lua_to_userdata (L, 1, &class_key);

  if (self == NULL)
    return 0;

  self->is_closed = TRUE;
  g_clear_object (&self->process);
  g_clear_pointer (&self->buffer, g_byte_array_unref);

  return 0;
}

static void
close_pipe (Pipe *self)
{
  self->is_closed = TRUE;
  if (self->output != NULL)
    g_output_stream_close (self->output, NULL, NULL);
  if (self->input != NULL)
    g_input_stream_close (self->input, NULL, NULL);
}

/* The end of a <close> variable waits for nothing, and somebody else may be reading. */
static int
on_scope_end (lua_State *L)
{
  Pipe *self = malt_lua_to_userdata (L, 1, &class_key);

  if (self != NULL && !self->is_closed)
    close_pipe (self);

  return 0;
}

static int
on_tostring (lua_State *L)
{
  Pipe *self = malt_lua_to_userdata (L, 1, &class_key);

  lua_pushstring (L, self != NULL && !self->is_closed ? "pipe" : "pipe (closed)");

  return 1;
}

/* "l", "L", "a" with or without "*", as Lua's files have them. */
static char
get_format (lua_State *L,
            int        index)
{
  const char *format = lua_tostring (L, index);

  return *format == '*' ? format[1] : *format;
}

static gboolean
is_format (char c)
{
  return c == 'l' || c == 'L' || c == 'a';
}

static void
check_formats (lua_State *L,
               int        first)
{
  for (int i = first; i <= lua_gettop (L); i++)
    {
      if (lua_type (L, i) == LUA_TNUMBER)
        luaL_argcheck (L, luaL_checkinteger (L, i) >= 0, i, "number of bytes expected");
      else
        {
          luaL_checkstring (L, i);
          luaL_argcheck (L, is_format (get_format (L, i)), i,
                         "invalid format: 'l', 'L', 'a' or a number expected");
        }
    }
}

static gboolean
find_line (Pipe     *self,
           gboolean  with_newline,
           Piece    *piece)
{
  gsize n_left = self->buffer->len - piece->start;
  const guint8 *start = n_left > 0 ? self->buffer->data + piece->start : NULL;
  const guint8 *newline = n_left > 0 ? memchr (start, '\n', n_left) : NULL;

  if (newline == NULL)
    {
      piece->is_missing = n_left == 0;
      piece->end = piece->next = self->buffer->len;
      return self->is_eof;
    }

  piece->next = newline + 1 - self->buffer->data;
  piece->end = with_newline ? piece->next : piece->next - 1;

  return TRUE;
}

static gboolean
find_bytes (Pipe    *self,
            guint64  n_bytes,
            Piece   *piece)
{
  gsize n_left = self->buffer->len - piece->start;

  piece->is_missing = n_left == 0;
  piece->end = piece->next = piece->start + MIN (n_bytes, n_left);

  return self->is_eof || n_left >= MAX (n_bytes, 1);
}

/* FALSE when it takes more than has been read. */
static gboolean
find_piece (Pipe      *self,
            lua_State *L,
            int        index,
            Piece     *piece)
{
  if (lua_type (L, index) == LUA_TNUMBER)
    return find_bytes (self, (guint64) lua_tointeger (L, index), piece);
  if (get_format (L, index) != 'a')
    return find_line (self, get_format (L, index) == 'L', piece);

  piece->is_missing = FALSE;
  piece->end = piece->next = self->buffer->len;

  return self->is_eof;
}

/* Pushes what the formats from `first` to the top ask for, up to the first that finds nothing;
 * or FALSE. */
static gboolean
push_pieces (lua_State *L,
             Pipe      *self,
             int        first,
             int       *n_pushed)
{
  int top = lua_gettop (L);
  Piece piece = { 0 };

  *n_pushed = 0;
  for (int i = first; i <= top && !piece.is_missing; i++)
    {
      piece.start = piece.next;
      if (!find_piece (self, L, i, &piece))
        {
          lua_settop (L, top);
          return FALSE;
        }

      if (piece.is_missing)
        lua_pushnil (L);
      else
        lua_pushlstring (L, (const char *) self->buffer->data + piece.start,
                         piece.end - piece.start);
      ++*n_pushed;
    }

  if (piece.next > 0)
    g_byte_array_remove_range (self->buffer, 0, piece.next);

  return TRUE;
}

static void
on_chunk (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  MaltLuaWait *wait = user_data;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result,
                                                               &wait->error);

  if (wait->request != NULL && bytes != NULL)
    {
      Pipe *self = wait->data;

      self->is_eof = g_bytes_get_size (bytes) == 0;
      if (!self->is_eof)
        g_byte_array_append (self->buffer, g_bytes_get_data (bytes, NULL),
                             g_bytes_get_size (bytes));
    }

  malt_lua_wait_wake (wait);
  malt_lua_wait_unref (wait);
}

static void
read_chunk (MaltLuaWait *wait)
{
  MaltLua *lua = wait->request->lua;
  Pipe *self = wait->data;

  g_main_context_push_thread_default (lua->context);
  g_input_stream_read_bytes_async (self->input, CHUNK_BYTES, G_PRIORITY_DEFAULT, NULL, on_chunk,
                                   malt_lua_wait_ref (wait));
  g_main_context_pop_thread_default (lua->context);
}

static int
finish_read (lua_State   *L,
             MaltLuaWait *wait)
{
  int n_pushed;

  if (push_pieces (L, wait->data, 2, &n_pushed))
    return n_pushed;

  read_chunk (wait);

  return malt_lua_wait_renew (wait);
}

/* The pipe is at 1, where it is kept alive; the formats are behind it. [-0, +n, v] */
static int
read_formats (lua_State *L)
{
  Pipe *self = check_pipe (L, 1);
  int n_pushed;
  MaltLuaWait *wait;

  luaL_argcheck (L, self->input != NULL, 1, "the pipe is for writing");
  luaL_argcheck (L, !g_input_stream_has_pending (self->input), 1, "the pipe is being read");
  if (lua_gettop (L) == 1)
    lua_pushliteral (L, "l");
  luaL_checkstack (L, lua_gettop (L), "too many formats");
  if (push_pieces (L, self, 2, &n_pushed))
    return n_pushed;

  malt_lua_check_can_wait (L);
  wait = malt_lua_wait_new (L, finish_read);
  wait->data = self;
  read_chunk (wait);

  return malt_lua_wait_yield (L, wait);
}

static int
on_read (lua_State *L)
{
  check_formats (L, 2);

  return read_formats (L);
}

/* The upvalues are the number of formats, the pipe and the formats. */
static int
on_next (lua_State *L)
{
  int n_formats = (int) lua_tointeger (L, lua_upvalueindex (1));

  lua_settop (L, 0);
  luaL_checkstack (L, n_formats + 1, "too many formats");
  for (int i = 0; i <= n_formats; i++)
    lua_pushvalue (L, lua_upvalueindex (2 + i));

  return read_formats (L);
}

static int
on_lines (lua_State *L)
{
  int n_formats = lua_gettop (L) - 1;

  check_pipe (L, 1);
  check_formats (L, 2);
  luaL_argcheck (L, n_formats <= LUA_MINSTACK, 2, "too many formats");
  lua_pushinteger (L, n_formats);
  lua_insert (L, 1);
  lua_pushcclosure (L, on_next, n_formats + 2);

  return 1;
}

static int
finish_write (lua_State   *L,
              MaltLuaWait *wait)
{
  lua_pushvalue (L, 1);

  return 1;
}

static void
on_written (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  MaltLuaWait *wait = user_data;

  g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &wait->error);
  malt_lua_wait_wake (wait);
  malt_lua_wait_unref (wait);
}

/* What is written is one string on the stack, which stays there until it is. */
static int
on_write (lua_State *L)
{
  MaltLua *lua = malt_lua_get (L);
  Pipe *self = check_pipe (L, 1);
  MaltLuaWait *wait;
  const char *text;
  gsize length;

  luaL_argcheck (L, self->output != NULL, 1, "the pipe is for reading");
  luaL_argcheck (L, !g_output_stream_has_pending (self->output), 1, "the pipe is being written to");
  for (int i = 2; i <= lua_gettop (L); i++)
    luaL_checkstring (L, i);
  malt_lua_check_can_wait (L);

  lua_concat (L, lua_gettop (L) - 1);
  text = lua_tolstring (L, 2, &length);
  wait = malt_lua_wait_new (L, finish_write);
  wait->data = self;
  g_main_context_push_thread_default (lua->context);
  g_output_stream_write_all_async (self->output, text, length, G_PRIORITY_DEFAULT, NULL, on_written,
                                   malt_lua_wait_ref (wait));
  g_main_context_pop_thread_default (lua->context);

  return malt_lua_wait_yield (L, wait);
}

static int
on_flush (lua_State *L)
{
  check_pipe (L, 1);
  lua_settop (L, 1);

  return 1;
}

/* Waits for the program, which sees the end of its input or has nobody to write to. */
static int
on_close (lua_State *L)
{
  Pipe *self = check_pipe (L, 1);

  malt_lua_check_can_wait (L);
  close_pipe (self);

  return malt_lua_wait_for_exit (L, self->process);
}

/* io.popen (command [, mode]) */
static int
on_popen (lua_State *L)
{
  const char *command = luaL_checkstring (L, 1);
  const char *mode = luaL_optstring (L, 2, "r");
  gboolean is_read = g_str_equal (mode, "r");
  char *message = NULL;
  GSubprocess *process;
  Pipe *self;

  luaL_argcheck (L, is_read || g_str_equal (mode, "w"), 2, "invalid mode");
  if (atomic_load (&malt_lua_get (L)->running) == NULL)
    return malt_lua_raise_cannot_wait (L);

  self = lua_newuserdatauv (L, sizeof (Pipe), 0);
  *self = (Pipe) { .is_closed = TRUE };
  malt_lua_set_class (L, &class_key);
  process = malt_lua_spawn_shell (atomic_load (&malt_lua_get (L)->running), command,
                                  is_read ? G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                            | G_SUBPROCESS_FLAGS_STDIN_INHERIT
                                          : G_SUBPROCESS_FLAGS_STDIN_PIPE,
                                  &message);
  if (process == NULL)
    return malt_lua_raise (L, message);

  self->is_closed = FALSE;
  self->process = g_object_ref (process);
  self->input = g_subprocess_get_stdout_pipe (process);
  self->output = g_subprocess_get_stdin_pipe (process);
  self->buffer = g_byte_array_new ();

  return 1;
}

/* [-0, +0, m] */
void
malt_lua_add_popen (lua_State *L)
{
  static const luaL_Reg metamethods[] = {
    { "__close", on_scope_end },
    { "__gc", on_gc },
    { "__tostring", on_tostring },
    { NULL, NULL },
  };
  static const luaL_Reg methods[] = {
    { "close", on_close },
    { "flush", on_flush },
    { "lines", on_lines },
    { "read", on_read },
    { "write", on_write },
    { NULL, NULL },
  };

  malt_lua_new_class (L, &class_key, "malt.Pipe", metamethods, methods);
  lua_getglobal (L, LUA_IOLIBNAME);
  lua_pushcfunction (L, on_popen);
  lua_setfield (L, -2, "popen");
  lua_pop (L, 1);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-private.h"

#include "malt-lua-lexer-private.h"

#include <string.h>

/* What the value of a text is.
 *
 * 1. A list of expressions has their values; a text without any code has none.
 * 2. Else, if the last statement at the top level is an expression, the text has its value. Lua
 *    has no such statement, so it is looked for: from the end, the first place at which one can
 *    begin and before which the text compiles.
 * 3. Else, if the text compiles and that statement is a plain assignment or a local declaration,
 *    the text has the values that were assigned; one that cannot be sent counts as nothing.
 * 4. Else it is run as it is, and has what it returns. If it does not compile, the error is
 *    about the text as it was written; one that ends too early, an expression as well, names
 *    <eof>.
 *
 * A statement is taken to begin only at a name, at a keyword or after a semicolon: what begins
 * with a bracket, a string or an operator may as well go on with the statement before. */

/* Places that are tried, each with a compilation of what is before. */
#define CANDIDATES_MAX 64

/* Bytecode begins with it. */
#define BINARY_MARK '\033'

typedef struct
{
  lua_State  *L;
  const char *text;
  gsize       length;
  const char *chunk_name;
  GArray     *tokens;     /* of MaltLuaToken */
  GString    *buffer;     /* for what is compiled */
} Expression;

static const char *const statement_keywords[] = {
  "break", "do", "for", "function", "goto", "if", "local", "repeat", "return", "while", "::", NULL,
};

/* Pushes the function or the message. [-0, +1, -] */
static gboolean
compile (Expression *self)
{
  return luaL_loadbufferx (self->L, self->buffer->str, self->buffer->len, self->chunk_name, "t")
         == LUA_OK;
}

/* Compiles up to there, `word`, the rest. Pushes the function or nothing. [-0, +(0|1), -] */
static gboolean
compile_with (Expression *self,
              gsize       position,
              const char *word)
{
  g_string_truncate (self->buffer, 0);
  g_string_append_len (self->buffer, self->text, position);
  g_string_append (self->buffer, word);
  g_string_append_len (self->buffer, self->text + position, self->length - position);
  if (compile (self))
    return TRUE;

  lua_pop (self->L, 1);

  return FALSE;
}

/* [-0, +0, -] */
static gboolean
compiles_up_to (Expression *self,
                gsize       position)
{
  gboolean compiles;

  g_string_truncate (self->buffer, 0);
  g_string_append_len (self->buffer, self->text, position);
  compiles = compile (self);
  lua_pop (self->L, 1);

  return compiles;
}

static gboolean
token_is (Expression *self,
          guint       position,
          const char *word)
{
  return malt_lua_token_is (self->text, self->tokens, position, word);
}

static gboolean
token_is_name (Expression *self,
               guint       position)
{
  return position < self->tokens->len
         && g_array_index (self->tokens, MaltLuaToken, position).kind == MALT_LUA_TOKEN_NAME;
}

static gboolean
can_begin_statement (Expression *self,
                     guint       position)
{
  const MaltLuaToken *token = &g_array_index (self->tokens, MaltLuaToken, position);

  if (token->kind == MALT_LUA_TOKEN_NAME && !token->is_part)
    return TRUE;
  if (token->follows_semicolon && position > 0)
    return TRUE;

  for (guint i = 0; statement_keywords[i] != NULL; i++)
    if (token_is (self, position, statement_keywords[i]))
      return TRUE;

  return FALSE;
}

/* The token at which the last statement begins, or -1. */
static int
find_last_statement (Expression *self)
{
  guint n_tried = 0;

  for (int i = (int) self->tokens->len - 1; i >= 0 && n_tried < CANDIDATES_MAX; i--)
    {
      if (!can_begin_statement (self, i))
        continue;

      /* Before the first token there is nothing that could fail. */
      n_tried++;
      if (i == 0 || compiles_up_to (self, g_array_index (self->tokens, MaltLuaToken, i).start))
        return i;
    }

  return -1;
}

/* A name with fields behind it. Returns the token after it. */
static guint
append_target (Expression *self,
               guint       position,
               GString    *targets)
{
  while (TRUE)
    {
      const MaltLuaToken *token = &g_array_index (self->tokens, MaltLuaToken, position++);

      g_string_append_len (targets, self->text + token->start, token->end - token->start);
      if (!token_is (self, position, ".") || !token_is_name (self, position + 1))
        return position;

      g_string_append_c (targets, '.');
      position++;
    }
}

/* "a.b, c" of "a.b, c = 1, 2" or of "local a <const>, c = 1, 2", or NULL if the statement is
 * another. */
static char *
dup_targets (Expression *self,
             guint       position)
{
  g_autoptr (GString) targets = g_string_new (NULL);
  gboolean is_local = token_is (self, position, "local");

  if (is_local)
    position++;

  while (token_is_name (self, position))
    {
      position = append_target (self, position, targets);
      if (is_local && token_is (self, position, "<"))
        position += 3;
      if (token_is (self, position, "="))
        return g_string_free (g_steal_pointer (&targets), FALSE);
      if (!token_is (self, position, ","))
        return NULL;

      g_string_append (targets, ", ");
      position++;
    }

  return NULL;
}

/* Rules 2 and 3. Pushes the function or nothing. [-0, +(0|1), -] */
static gboolean
compile_last_statement (Expression *self,
                        gboolean    compiles,
                        gboolean   *is_lenient)
{
  int statement = find_last_statement (self);
  g_autofree char *targets = NULL;
  g_autofree char *suffix = NULL;

  if (statement < 0)
    return FALSE;

  /* If it is the only one, this was rule 1. */
  if (statement > 0
      && compile_with (self, g_array_index (self->tokens, MaltLuaToken, statement).start,
                       "return "))
    return TRUE;
  if (!compiles)
    return FALSE;

  targets = dup_targets (self, statement);
  if (targets == NULL)
    return FALSE;

  suffix = g_strdup_printf ("\nreturn %s", targets);
  *is_lenient = compile_with (self, self->length, suffix);

  return *is_lenient;
}

static gboolean
message_is_of_end (lua_State *L)
{
  return g_str_has_suffix (lua_tostring (L, -1), "near <eof>");
}

/* The beginning of an expression is no beginning of a statement, so the message about "1 +" would
 * be that of a mistake. Replaces it. [-1, +1, -] */
static void
look_for_beginning (Expression *self)
{
  if (message_is_of_end (self->L))
    return;

  g_string_assign (self->buffer, "return ");
  g_string_append_len (self->buffer, self->text, self->length);
  compile (self);
  lua_remove (self->L, message_is_of_end (self->L) ? -2 : -1);
}

/* [-0, +1, -] */
static gboolean
load (Expression *self,
      gboolean   *is_lenient)
{
  gboolean compiles;

  if (compile_with (self, 0, "return "))
    return TRUE;

  g_string_truncate (self->buffer, 0);
  g_string_append_len (self->buffer, self->text, self->length);
  compiles = compile (self);

  self->tokens = malt_lua_lex (self->text, self->length);
  if (compile_last_statement (self, compiles, is_lenient))
    {
      lua_remove (self->L, -2);
      return TRUE;
    }
  if (!compiles)
    look_for_beginning (self);

  return compiles;
}

gboolean
malt_lua_load_expression (lua_State  *L,
                          const char *text,
                          const char *chunk_name,
                          gboolean   *is_lenient)
{
  Expression self = { .L = L, .text = text, .length = strlen (text), .chunk_name = chunk_name };
  int top = lua_gettop (L);
  gboolean is_loaded;

  *is_lenient = FALSE;
  if (text[0] == BINARY_MARK)
    {
      lua_pushliteral (L, "the expression is a binary chunk; only text is evaluated");
      return FALSE;
    }

  self.buffer = g_string_sized_new (self.length + strlen ("return ") + 1);
  is_loaded = load (&self, is_lenient);
  g_string_free (self.buffer, TRUE);
  g_clear_pointer (&self.tokens, g_array_unref);
  malt_lua_assert_balance (L, top, 1);

  return is_loaded;
}

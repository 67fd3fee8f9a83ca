/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-lexer-private.h"

#include <string.h>

/* Just enough of Lua's lexer to find where the statements of a text may begin.
 *
 * Source: Lua 5.4 Reference Manual, section 3.1. */

/* What the token before was, for those that come after it. */
typedef enum
{
  BEFORE_OTHER,
  BEFORE_ACCESSOR,  /* ".", ":" or goto */
  BEFORE_SEMICOLON  /* or the start of the text */
} Before;

typedef struct
{
  const char *text;
  gsize       length;
  gsize       position;
  int         depth;    /* of brackets and blocks */
  Before      before;
  GArray     *tokens;
} Lexer;

static const char *const keywords[] = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", NULL,
};
/* for and while have their block after a do. */
static const char *const block_openers[] = { "do", "function", "if", "repeat", NULL };
static const char *const block_closers[] = { "end", "until", NULL };

static char
peek (Lexer *self,
      gsize  ahead)
{
  return self->position + ahead < self->length ? self->text[self->position + ahead] : '\0';
}

static gboolean
is_word (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

static void
add_token (Lexer            *self,
           gsize             start,
           MaltLuaTokenKind  kind)
{
  MaltLuaToken token = {
    .start = start,
    .end = self->position,
    .kind = kind,
    .is_part = self->before == BEFORE_ACCESSOR,
    .follows_semicolon = self->before == BEFORE_SEMICOLON,
  };

  g_array_append_val (self->tokens, token);
}

/* At "[[", "[=[" and so on: goes behind the closing bracket, or to the end. FALSE when it is
 * none. */
static gboolean
skip_long_bracket (Lexer *self)
{
  gsize level = 0;
  g_autofree char *closer = NULL;
  const char *found;

  if (peek (self, 0) != '[')
    return FALSE;
  while (peek (self, level + 1) == '=')
    level++;
  if (peek (self, level + 1) != '[')
    return FALSE;

  closer = g_malloc (level + 3);
  memset (closer, '=', level + 2);
  closer[0] = closer[level + 1] = ']';
  self->position += level + 2;
  found = memmem (self->text + self->position, self->length - self->position, closer, level + 2);
  self->position = found != NULL ? (gsize) (found - self->text) + level + 2 : self->length;

  return TRUE;
}

static void
skip_comment (Lexer *self)
{
  self->position += 2;
  if (skip_long_bracket (self))
    return;

  while (self->position < self->length && self->text[self->position] != '\n')
    self->position++;
}

static void
skip_string (Lexer *self)
{
  char quote = self->text[self->position++];

  while (self->position < self->length && self->text[self->position] != quote)
    self->position += self->text[self->position] == '\\' ? 2 : 1;
  self->position = MIN (self->position + 1, self->length);
}

static void
skip_number (Lexer *self)
{
  char c;

  do
    c = self->text[self->position++];
  while (is_word (peek (self, 0)) || peek (self, 0) == '.'
         || (strchr ("eEpP", c) != NULL && (peek (self, 0) == '-' || peek (self, 0) == '+')));
}

static void
lex_word (Lexer *self)
{
  gsize start = self->position;
  g_autofree char *word = NULL;
  gboolean opens;
  gboolean closes;

  while (is_word (peek (self, 0)))
    self->position++;

  word = g_strndup (self->text + start, self->position - start);
  opens = g_strv_contains (block_openers, word);
  closes = g_strv_contains (block_closers, word);
  if (self->depth == 0 && !closes)
    add_token (self, start, g_strv_contains (keywords, word) ? MALT_LUA_TOKEN_KEYWORD
                                                             : MALT_LUA_TOKEN_NAME);
  self->depth += opens - closes;
  self->before = g_str_equal (word, "goto") ? BEFORE_ACCESSOR : BEFORE_OTHER;
}

/* Operators of several characters that begin like an accessor; all the others may as well be
 * apart. */
static void
skip_symbol (Lexer *self)
{
  char c = self->text[self->position++];

  self->before = BEFORE_OTHER;
  if ((c == ':' || c == '.') && peek (self, 0) == c)
    {
      self->position++;
      if (c == '.' && peek (self, 0) == '.')
        self->position++;
    }
  else if (c == ':' || c == '.')
    self->before = BEFORE_ACCESSOR;
  else if (c == ';')
    self->before = BEFORE_SEMICOLON;
}

/* A bracket belongs to what it is in, the closing one as well as the opening one. */
static void
lex_symbol (Lexer *self)
{
  gsize start = self->position;
  char c = self->text[start];
  gboolean opens = strchr ("([{", c) != NULL;
  gboolean closes = strchr (")]}", c) != NULL;
  Before before = self->before;
  Before after;

  skip_symbol (self);
  after = self->before;
  self->before = before;
  self->depth -= closes;
  if (self->depth == 0)
    add_token (self, start, MALT_LUA_TOKEN_OTHER);
  self->depth += opens;
  self->before = after;
}

static void
lex_literal (Lexer *self,
             void (*skip) (Lexer *))
{
  gsize start = self->position;

  skip (self);
  if (self->depth == 0)
    add_token (self, start, MALT_LUA_TOKEN_OTHER);
  self->before = BEFORE_OTHER;
}

static void
skip_long_string (Lexer *self)
{
  skip_long_bracket (self);
}

static gboolean
is_long_string (Lexer *self)
{
  gsize level = 1;

  if (peek (self, 0) != '[')
    return FALSE;
  while (peek (self, level) == '=')
    level++;

  return peek (self, level) == '[';
}

static void
lex_one (Lexer *self)
{
  char c = peek (self, 0);

  if (g_ascii_isspace (c) || c == '\0' || c == '\v')
    self->position++;
  else if (c == '-' && peek (self, 1) == '-')
    skip_comment (self);
  else if (g_ascii_isdigit (c))
    lex_literal (self, skip_number);
  else if (is_word (c))
    lex_word (self);
  else if (c == '"' || c == '\'')
    lex_literal (self, skip_string);
  else if (is_long_string (self))
    lex_literal (self, skip_long_string);
  else
    lex_symbol (self);
}

GArray *
malt_lua_lex (const char *text,
              gsize       length)
{
  Lexer self = {
    .text = text,
    .length = length,
    .before = BEFORE_SEMICOLON,
    .tokens = g_array_new (FALSE, FALSE, sizeof (MaltLuaToken)),
  };

  while (self.position < self.length)
    lex_one (&self);

  return self.tokens;
}

gboolean
malt_lua_token_is (const char *text,
                   GArray     *tokens,
                   guint       position,
                   const char *word)
{
  MaltLuaToken *token;

  if (position >= tokens->len)
    return FALSE;

  token = &g_array_index (tokens, MaltLuaToken, position);

  return token->end - token->start == strlen (word)
         && memcmp (text + token->start, word, strlen (word)) == 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  MALT_LUA_TOKEN_NAME,
  MALT_LUA_TOKEN_KEYWORD,
  MALT_LUA_TOKEN_OTHER
} MaltLuaTokenKind;

/* A token outside of all brackets and blocks. */
typedef struct
{
  gsize            start;
  gsize            end;
  MaltLuaTokenKind kind;
  gboolean         is_part;          /* follows ".", ":" or goto: a name that begins nothing */
  gboolean         follows_semicolon;
} MaltLuaToken;

/* The text need not be correct Lua. (transfer full), of MaltLuaToken. */
GArray   *malt_lua_lex      (const char         *text,
                             gsize               length);
gboolean  malt_lua_token_is (const char         *text,
                             GArray             *tokens,
                             guint               position,
                             const char         *word);

G_END_DECLS

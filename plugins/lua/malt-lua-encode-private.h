/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-lua-value-private.h"

G_BEGIN_DECLS

/* GVariant refuses more than 128 levels, and a table costs two: an av and its v. */
#define MALT_LUA_MAX_DEPTH 60

/* A value of more parts is a mistake, and would keep the worker busy for a minute. */
#define MALT_LUA_MAX_PARTS 20000000u

/* One value on its way from Lua. Between its functions a GVariant is either floating or one that a
 * malt.Variant owns; whoever puts it into another need not wonder, and whoever does not calls
 * malt_lua_encoder_drop(). */
typedef struct
{
  lua_State  *L;
  char       *message; /* owned: why it cannot be sent, or NULL */
  GString    *path;    /* owned: where, made from the inside to the outside; NULL likewise */
  guint       n_parts;
  int         depth;
  const void *tables[MALT_LUA_MAX_DEPTH]; /* the ones around this value */
} MaltLuaEncoder;

/* malt-lua-encode.c. `index` is absolute; `type` NULL: what the value is. NULL after a failure. */
GVariant *malt_lua_encoder_encode (MaltLuaEncoder      *self,
                                   int                  index,
                                   const GVariantType  *type);
GVariant *malt_lua_encoder_fail   (MaltLuaEncoder      *self,
                                   const char          *format,
                                   ...) G_GNUC_PRINTF (2, 3);
GVariant *malt_lua_encoder_misfit (MaltLuaEncoder      *self,
                                   int                  index,
                                   const GVariantType  *type);
void      malt_lua_encoder_locate (MaltLuaEncoder      *self,
                                   const char          *format,
                                   ...) G_GNUC_PRINTF (2, 3);
void      malt_lua_encoder_forget (MaltLuaEncoder      *self);
void      malt_lua_encoder_drop   (GVariant            *value);

/* malt-lua-encode-table.c */
GVariant *malt_lua_encoder_encode_table (MaltLuaEncoder      *self,
                                         int                  index,
                                         const GVariantType  *type);

G_END_DECLS

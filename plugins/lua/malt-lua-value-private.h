/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt-lua-private.h"

G_BEGIN_DECLS

/* The userdata behind malt.Array: elements of one fixed size, either a view of bytes that others
 * may hold too, or a block of its own that it may write to. */
typedef struct
{
  char    type;     /* the element's, as in GVariant */
  gsize   n_items;
  GBytes *bytes;    /* owned; NULL when there is @own */
  void   *own;      /* owned; NULL when there is @bytes */
  gsize   n_counted_bytes; /* towards the memory limit */
} MaltLuaArray;

/* malt-lua-encode.c: values of Lua as GVariants. None raises, none runs metamethods, all leave
 * the stack as it is. (transfer full); NULL with `message`, in words, where it is. */
GVariant     *malt_lua_encode          (lua_State           *L,
                                        int                  index,
                                        const GVariantType  *type,
                                        char               **message);
GVariant     *malt_lua_encode_results  (lua_State           *L,
                                        int                  n_results,
                                        const GVariantType  *type,
                                        char               **message);
GVariant     *malt_lua_encode_args     (lua_State           *L,
                                        int                  n_args,
                                        const GVariantType  *signature,
                                        char               **message);

/* malt-lua-decode.c. Room for pushing that many values; FALSE when there is none. */
gboolean      malt_lua_reserve_stack   (lua_State           *L,
                                        gsize                n_values);
/* After that, and with the limit suspended, it raises nothing. [-0, +1, -] */
void          malt_lua_push_value      (lua_State           *L,
                                        GVariant            *value);
void          malt_lua_push_null       (lua_State           *L);
gboolean      malt_lua_is_null         (lua_State           *L,
                                        int                  index);
/* The type that the table at `index` was decoded from, or NULL. [-0, +0, -] */
const GVariantType *malt_lua_get_type_hint (lua_State       *L,
                                        int                  index);
void          malt_lua_add_hints       (lua_State           *L);
void          malt_lua_add_null        (lua_State           *L);

/* malt-lua-array.c */
void          malt_lua_add_array       (lua_State           *L);
MaltLuaArray *malt_lua_to_array        (lua_State           *L,
                                        int                  index);
void          malt_lua_push_array_view (lua_State           *L,
                                        char                 type,
                                        gsize                n_items,
                                        GBytes              *bytes);
GBytes       *malt_lua_array_share     (MaltLuaArray        *self);

/* malt-lua-element.c: the elements of fixed size. */
gsize         malt_lua_element_size    (char                 type);
void          malt_lua_push_element    (lua_State           *L,
                                        char                 type,
                                        gconstpointer        items,
                                        gsize                position);
gboolean      malt_lua_store_element   (lua_State           *L,
                                        int                  index,
                                        char                 type,
                                        gpointer             items,
                                        gsize                position);

/* malt-lua-variant.c */
void          malt_lua_add_variant     (lua_State           *L);
GVariant     *malt_lua_to_variant      (lua_State           *L,
                                        int                  index);
void          malt_lua_push_variant    (lua_State           *L,
                                        GVariant            *value);

/* malt-lua-channel.c */
MaltLocalChannel *malt_lua_to_channel  (lua_State           *L,
                                        int                  index);
void          malt_lua_push_channel    (lua_State           *L,
                                        MaltLocalChannel    *channel);

/* malt-lua-userdata.c: a metatable by the address of `key`, with functions that a program cannot
 * reach. [-0, +0, m] */
void          malt_lua_new_class       (lua_State           *L,
                                        const void          *key,
                                        const char          *name,
                                        const luaL_Reg      *metamethods,
                                        const luaL_Reg      *methods);
gpointer      malt_lua_to_userdata     (lua_State           *L,
                                        int                  index,
                                        const void          *key);
void          malt_lua_set_class       (lua_State           *L,
                                        const void          *key);

G_END_DECLS

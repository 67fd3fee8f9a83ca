/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-lua-encode-private.h"

#include <string.h>

/* Values of Lua as GVariants: docs/lua.md has the table. Access is raw, so that no code of the
 * program runs outside of its request; nothing here allocates in Lua, so nothing raises. */

/* Stack slots that a level of a value needs: key, value, and what looks at them. */
#define STACK_SLOTS_PER_LEVEL 8

void
malt_lua_encoder_drop (GVariant *value)
{
  g_variant_unref (g_variant_ref_sink (value));
}

void
malt_lua_encoder_forget (MaltLuaEncoder *self)
{
  g_clear_pointer (&self->message, g_free);
  if (self->path != NULL)
    g_string_free (g_steal_pointer (&self->path), TRUE);
}

GVariant *
malt_lua_encoder_fail (MaltLuaEncoder *self,
                       const char     *format,
                       ...)
{
  va_list args;

  malt_lua_encoder_forget (self);
  va_start (args, format);
  self->message = g_strdup_vprintf (format, args);
  va_end (args);
  self->path = g_string_new (NULL);

  return NULL;
}

/* Says, on the way out of a failure, in what part of a container it was. */
void
malt_lua_encoder_locate (MaltLuaEncoder *self,
                         const char     *format,
                         ...)
{
  g_autofree char *part = NULL;
  va_list args;

  va_start (args, format);
  part = g_strdup_vprintf (format, args);
  va_end (args);
  g_string_prepend (self->path, part);
}

static char *
describe (lua_State *L,
          int        index)
{
  if (lua_isinteger (L, index))
    return g_strdup_printf ("the integer %" G_GINT64_FORMAT, (gint64) lua_tointeger (L, index));
  if (lua_type (L, index) == LUA_TNUMBER)
    return g_strdup_printf ("the number %.14g", lua_tonumber (L, index));
  if (malt_lua_is_null (L, index))
    return g_strdup ("a malt.null value");
  if (malt_lua_to_array (L, index) != NULL)
    return g_strdup_printf ("a malt.Array('%c') value", malt_lua_to_array (L, index)->type);
  if (malt_lua_to_variant (L, index) != NULL)
    return g_strdup_printf ("a malt.Variant of type '%s'",
                            g_variant_get_type_string (malt_lua_to_variant (L, index)));

  return g_strdup_printf ("a %s value", luaL_typename (L, index));
}

GVariant *
malt_lua_encoder_misfit (MaltLuaEncoder     *self,
                         int                 index,
                         const GVariantType *type)
{
  g_autofree char *description = describe (self->L, index);
  g_autofree char *type_string = g_variant_type_dup_string (type);

  return malt_lua_encoder_fail (self, "%s does not fit type '%s'", description, type_string);
}

static GVariant *
new_bytes (const char *text,
           gsize       length)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, text, length, 1);
}

static GVariant *
encode_string (lua_State *L,
               int        index)
{
  gsize length;
  const char *text = lua_tolstring (L, index, &length);

  return g_utf8_validate_len (text, length, NULL) ? g_variant_new_string (text)
                                                  : new_bytes (text, length);
}

static GVariant *
encode_array (MaltLuaArray *array)
{
  const char type[] = { 'a', array->type, '\0' };

  return g_variant_new_from_bytes (G_VARIANT_TYPE (type), malt_lua_array_share (array), TRUE);
}

static GVariant *
encode_nothing (void)
{
  return g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL);
}

static GVariant *
cannot_send (MaltLuaEncoder *self,
             int             index)
{
  return malt_lua_encoder_fail (self, "a %s value cannot be sent", luaL_typename (self->L, index));
}

static GVariant *
encode_userdata (MaltLuaEncoder *self,
                 int             index)
{
  MaltLuaArray *array = malt_lua_to_array (self->L, index);
  GVariant *value = malt_lua_to_variant (self->L, index);
  MaltLocalChannel *channel = malt_lua_to_channel (self->L, index);

  if (array != NULL)
    return encode_array (array);
  if (channel != NULL)
    return g_variant_new_object_path (malt_runtime_export_channel (malt_lua_get (self->L)->runtime,
                                                                   channel));

  return value != NULL ? value : cannot_send (self, index);
}

/* What the value is by itself: its type depends on its kind only, but for strings. */
static GVariant *
encode_natural (MaltLuaEncoder *self,
                int             index)
{
  lua_State *L = self->L;

  switch (lua_type (L, index))
    {
    case LUA_TNIL:
      return encode_nothing ();

    case LUA_TLIGHTUSERDATA:
      return malt_lua_is_null (L, index) ? encode_nothing () : cannot_send (self, index);

    case LUA_TBOOLEAN:
      return g_variant_new_boolean (lua_toboolean (L, index));

    case LUA_TNUMBER:
      if (lua_isinteger (L, index))
        return g_variant_new_int64 (lua_tointeger (L, index));
      return g_variant_new_double (lua_tonumber (L, index));

    case LUA_TSTRING:
      return encode_string (L, index);

    case LUA_TTABLE:
      return malt_lua_encoder_encode_table (self, index, NULL);

    case LUA_TUSERDATA:
      return encode_userdata (self, index);

    default:
      return cannot_send (self, index);
    }
}

static GVariant *
encode_string_as (MaltLuaEncoder     *self,
                  int                 index,
                  const GVariantType *type)
{
  gsize length;
  const char *text = lua_tolstring (self->L, index, &length);
  gboolean is_text = g_utf8_validate_len (text, length, NULL);

  if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING) && is_text)
    return g_variant_new_string (text);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BYTESTRING))
    return new_bytes (text, length);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_OBJECT_PATH) && is_text
      && g_variant_is_object_path (text))
    return g_variant_new_object_path (text);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_SIGNATURE) && is_text
      && g_variant_is_signature (text))
    return g_variant_new_signature (text);

  return malt_lua_encoder_misfit (self, index, type);
}

static GVariant *
encode_number_as (MaltLuaEncoder     *self,
                  int                 index,
                  const GVariantType *type)
{
  char kind = g_variant_type_peek_string (type)[0];
  gsize size = malt_lua_element_size (kind);
  guint64 item = 0;
  g_autoptr (GBytes) bytes = NULL;

  if (size == 0 || !malt_lua_store_element (self->L, index, kind, &item, 0))
    return malt_lua_encoder_misfit (self, index, type);

  bytes = g_bytes_new (&item, size);

  return g_variant_new_from_bytes (type, bytes, TRUE);
}

static GVariant *
encode_maybe (MaltLuaEncoder     *self,
              int                 index,
              const GVariantType *type)
{
  const GVariantType *element = g_variant_type_element (type);
  GVariant *value;

  if (lua_isnil (self->L, index) || malt_lua_is_null (self->L, index))
    return g_variant_new_maybe (element, NULL);

  value = malt_lua_encoder_encode (self, index, element);

  return value != NULL ? g_variant_new_maybe (element, value) : NULL;
}

/* A type that leaves something open, or a value that has a type of its own: it fits or it does
 * not. */
static GVariant *
encode_and_check (MaltLuaEncoder     *self,
                  int                 index,
                  const GVariantType *type)
{
  GVariant *value = encode_natural (self, index);

  if (value == NULL || g_variant_is_of_type (value, type))
    return value;

  malt_lua_encoder_drop (value);

  return malt_lua_encoder_misfit (self, index, type);
}

static GVariant *
encode_by_kind (MaltLuaEncoder     *self,
                int                 index,
                const GVariantType *type)
{
  lua_State *L = self->L;

  switch (lua_type (L, index))
    {
    case LUA_TNIL:
      if (g_variant_type_equal (type, G_VARIANT_TYPE_UNIT))
        return g_variant_new_tuple (NULL, 0);
      return malt_lua_encoder_misfit (self, index, type);

    case LUA_TBOOLEAN:
      if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
        return g_variant_new_boolean (lua_toboolean (L, index));
      return malt_lua_encoder_misfit (self, index, type);

    case LUA_TNUMBER:
      return encode_number_as (self, index, type);

    case LUA_TSTRING:
      return encode_string_as (self, index, type);

    case LUA_TTABLE:
      return malt_lua_encoder_encode_table (self, index, type);

    case LUA_TUSERDATA:
      return encode_and_check (self, index, type);

    default:
      return malt_lua_encoder_misfit (self, index, type);
    }
}

GVariant *
malt_lua_encoder_encode (MaltLuaEncoder     *self,
                         int                 index,
                         const GVariantType *type)
{
  GVariant *value;

  if (++self->n_parts > MALT_LUA_MAX_PARTS)
    return malt_lua_encoder_fail (self, "a value of more than %u parts cannot be sent",
                                  MALT_LUA_MAX_PARTS);
  if (!lua_checkstack (self->L, STACK_SLOTS_PER_LEVEL))
    return malt_lua_encoder_fail (self, "a value cannot be sent from a stack that is full");

  if (type == NULL)
    return encode_natural (self, index);
  if (g_variant_type_equal (type, G_VARIANT_TYPE_VARIANT))
    {
      value = encode_natural (self, index);
      return value != NULL ? g_variant_new_variant (value) : NULL;
    }
  if (!g_variant_type_is_definite (type))
    return encode_and_check (self, index, type);
  if (g_variant_type_is_maybe (type))
    return encode_maybe (self, index, type);

  return encode_by_kind (self, index, type);
}

/* Gives the owned value, or NULL and the message. */
static GVariant *
finish (MaltLuaEncoder  *self,
        GVariant        *value,
        char           **message)
{
  g_autofree char *text = NULL;

  if (value != NULL)
    return g_variant_ref_sink (value);

  if (self->path->len > 0)
    text = g_strdup_printf ("%s (at value%s)", self->message, self->path->str);
  *message = g_utf8_make_valid (text != NULL ? text : self->message, -1);
  malt_lua_encoder_forget (self);

  return NULL;
}

GVariant *
malt_lua_encode (lua_State           *L,
                 int                  index,
                 const GVariantType  *type,
                 char               **message)
{
  MaltLuaEncoder self = { .L = L };
  int top = lua_gettop (L);
  GVariant *value = malt_lua_encoder_encode (&self, lua_absindex (L, index), type);

  malt_lua_assert_balance (L, top, 0);

  return finish (&self, value, message);
}

/* The values from `first` to the top, as a tuple: of `type`, which has as many items, or of what
 * they are. */
static GVariant *
encode_tuple (lua_State           *L,
              int                  first,
              int                  n_values,
              const GVariantType  *type,
              char               **message)
{
  MaltLuaEncoder self = { .L = L };
  g_autofree GVariant **items = g_new0 (GVariant *, MAX (n_values, 1));
  const GVariantType *item_type = type != NULL ? g_variant_type_first (type) : NULL;

  for (int i = 0; i < n_values; i++)
    {
      items[i] = malt_lua_encoder_encode (&self, first + i, item_type);
      if (items[i] == NULL)
        {
          malt_lua_encoder_locate (&self, "[%d]", i + 1);
          while (i > 0)
            malt_lua_encoder_drop (items[--i]);
          return finish (&self, NULL, message);
        }

      if (item_type != NULL)
        item_type = g_variant_type_next (item_type);
    }

  return finish (&self, g_variant_new_tuple (items, n_values), message);
}

/* What does not fit the signature goes as what it is, for the runtime to name both types. */
GVariant *
malt_lua_encode_args (lua_State           *L,
                      int                  n_args,
                      const GVariantType  *signature,
                      char               **message)
{
  int first = lua_gettop (L) - n_args + 1;
  g_autofree char *mismatch = NULL;
  GVariant *args = NULL;

  if (signature != NULL && g_variant_type_is_definite (signature)
      && g_variant_type_n_items (signature) == (gsize) n_args)
    args = encode_tuple (L, first, n_args, signature, &mismatch);

  return args != NULL ? args : encode_tuple (L, first, n_args, NULL, message);
}

/* The value of the `n_results` at the top: nothing, the one, or a tuple. */
GVariant *
malt_lua_encode_results (lua_State           *L,
                         int                  n_results,
                         const GVariantType  *type,
                         char               **message)
{
  int first = lua_gettop (L) - n_results + 1;
  gboolean is_tuple = type != NULL && g_variant_type_is_tuple (type)
                      && g_variant_type_is_definite (type);
  g_autofree char *type_string = NULL;
  GVariant *value;

  if (n_results == 0)
    {
      lua_checkstack (L, 1);
      lua_pushnil (L);
      value = malt_lua_encode_results (L, 1, type, message);
      lua_pop (L, 1);
      return value;
    }

  if (n_results == 1)
    {
      if (type == NULL && (lua_isnil (L, first) || malt_lua_is_null (L, first)))
        return g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
      return malt_lua_encode (L, first, type, message);
    }

  if (type == NULL || (is_tuple && g_variant_type_n_items (type) == (gsize) n_results))
    return encode_tuple (L, first, n_results, type, message);

  type_string = g_variant_type_dup_string (type);
  *message = g_strdup_printf ("%d results do not fit type '%s'", n_results, type_string);

  return NULL;
}

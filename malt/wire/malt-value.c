/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-value-private.h"

#include "malt/malt-error.h"
#include "malt/malt-known-types-private.h"
#include "malt/wire/malt-normal-private.h"

#include <string.h>

/* Containers within containers, in a type. D-Bus allows 64 (32 arrays and 32 structures), GVariant
 * 128; everything that walks a value recurses, on stacks that may be small. */
#define VALUE_MAX_TYPE_DEPTH 64u

/* A tuple of some ten thousand items. GLib keeps a description of every type that is in use. */
#define VALUE_MAX_TYPE_BYTES (64u * 1024)

/* Of a type in an error. */
#define VALUE_SHOWN_MAX_TYPE_BYTES 64u

/* Up to that, what GLib needs to check a value, some 40 ns a byte, and what it checks again at each
 * access, is not worth a check of our own. */
#define VALUE_CHECKED_BY_GLIB_MAX_BYTES 1024

/* Only called for strings that GLib has found valid, so the recursion is bounded by its limit of
 * 128. */
static guint
get_type_depth (const GVariantType *type)
{
  guint depth = 0;

  if (g_variant_type_is_array (type) || g_variant_type_is_maybe (type))
    return 1 + get_type_depth (g_variant_type_element (type));

  if (!g_variant_type_is_tuple (type) && !g_variant_type_is_dict_entry (type))
    return 0;

  for (const GVariantType *item = g_variant_type_first (type);
       item != NULL;
       item = g_variant_type_next (item))
    {
      guint item_depth = get_type_depth (item);

      depth = MAX (depth, item_depth);
    }

  return 1 + depth;
}

const GVariantType *
malt_value_check_type (const char  *type_string,
                       gsize        length,
                       GError     **error)
{
  const GVariantType *type = malt_known_types_lookup (type_string, length - 1);

  if (type != NULL && type_string[length - 1] == '\0')
    return type;

  if (type_string[length - 1] != '\0' || length > VALUE_MAX_TYPE_BYTES
      || strlen (type_string) != length - 1
      || !g_variant_type_string_is_valid (type_string)
      || !g_variant_type_is_definite (G_VARIANT_TYPE (type_string)))
    {
      g_autofree char *text = g_strndup (type_string, MIN (length, VALUE_SHOWN_MAX_TYPE_BYTES));
      g_autofree char *valid = g_utf8_make_valid (text, -1);

      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "Cannot read a value of type “%s”: expected a definite type of at most %u bytes",
                   valid, VALUE_MAX_TYPE_BYTES);
      return NULL;
    }

  type = G_VARIANT_TYPE (type_string);
  /* A string cannot nest deeper than it is long. */
  if (length > VALUE_MAX_TYPE_DEPTH && get_type_depth (type) > VALUE_MAX_TYPE_DEPTH)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "Cannot read a value whose type is nested “%u” deep: at most %u",
                   get_type_depth (type), VALUE_MAX_TYPE_DEPTH);
      return NULL;
    }

  malt_known_types_add (type);
  return type;
}

/* Of types every bit pattern of which is a value; 0 for all others. */
static gsize
get_number_width (const GVariantType *type)
{
  switch (*g_variant_type_peek_string (type))
    {
    case 'y':
      return 1;
    case 'n':
    case 'q':
      return 2;
    case 'i':
    case 'u':
    case 'h':
      return 4;
    case 'x':
    case 't':
    case 'd':
      return 8;
    default:
      return 0;
    }
}

/* Steps over the padding before something with this alignment; FALSE if it is not there or not
 * zero. */
static gboolean
skip_padding (const guint8 *data,
              gsize         size,
              gsize        *offset,
              gsize         alignment)
{
  for (; *offset % alignment != 0; *offset += 1)
    if (*offset >= size || data[*offset] != 0)
      return FALSE;

  return TRUE;
}

static gboolean
is_array_of_numbers (const GVariantType *type,
                     gsize               size)
{
  gsize width;

  if (*g_variant_type_peek_string (type) != 'a')
    return FALSE;

  width = get_number_width (g_variant_type_element (type));
  return width > 0 && size % width == 0;
}

/* g_variant_is_normal_form() looks at each element of an array of numbers although none can be
 * wrong: a third of a second for 64 MiB. This settles numbers, arrays of them, and tuples of
 * numbers that may end with such an array; FALSE means that it does not know. */
static gboolean
is_plainly_normal (const GVariantType *type,
                   const guint8       *data,
                   gsize               size)
{
  gsize offset = 0;
  gsize alignment = 1;
  gsize width = get_number_width (type);

  if (width > 0)
    return size == width;

  if (is_array_of_numbers (type, size))
    return TRUE;

  if (!g_variant_type_is_tuple (type) || g_variant_type_first (type) == NULL)
    return FALSE;

  for (const GVariantType *item = g_variant_type_first (type);
       item != NULL;
       item = g_variant_type_next (item))
    {
      width = get_number_width (item);
      if (width == 0)
        {
          /* Only the last item of a tuple needs no framing offset. */
          if (*g_variant_type_peek_string (item) != 'a' || g_variant_type_next (item) != NULL)
            return FALSE;
          width = get_number_width (g_variant_type_element (item));
          return width > 0 && skip_padding (data, size, &offset, width)
                 && offset <= size && is_array_of_numbers (item, size - offset);
        }

      if (!skip_padding (data, size, &offset, width))
        return FALSE;
      offset += width;
      alignment = MAX (alignment, width);
    }

  return offset <= size && skip_padding (data, size, &offset, alignment) && offset == size;
}

GVariant *
malt_value_dup_serialized (GVariant *value)
{
  GVariant *serialized = g_variant_ref (value);

  while (g_variant_type_is_tuple (g_variant_get_type (serialized))
         && g_variant_n_children (serialized) == 1)
    {
      GVariant *item = g_variant_get_child_value (serialized, 0);

      g_variant_unref (serialized);
      serialized = item;
    }
  g_variant_get_data (serialized);

  return serialized;
}

static GBytes *
copy (const guint8 *data,
      gsize         size)
{
  guint8 *bytes = g_malloc (size + MALT_VALUE_SLACK_BYTES);

  memcpy (bytes, data, size);
  memset (bytes + size, 0, MALT_VALUE_SLACK_BYTES);

  return g_bytes_new_take (bytes, size);
}

/* What GLib needs to look at variants and tuples in one another may have nothing to do with their
 * size; and GLib 2.74 does not tell a value what it has found, and goes through the framing
 * offsets of an array from the first on whenever a child is asked for: quadratic, 20 s for a list
 * of 200 000 items. A value that is trusted from the start is spared that. */
static gboolean
is_slow_to_check (const GVariantType *type,
                  gsize               size)
{
  const char *string = g_variant_type_peek_string (type);
  gsize length = g_variant_type_get_string_length (type);

  return size > VALUE_CHECKED_BY_GLIB_MAX_BYTES || memchr (string, 'v', length) != NULL
         || memmem (string, length, "((", 2) != NULL;
}

static GVariant *
refuse (const GVariantType  *type,
        gsize                size,
        GError             **error)
{
  gsize length = MIN (g_variant_type_get_string_length (type), VALUE_SHOWN_MAX_TYPE_BYTES);
  g_autofree char *text = g_strndup (g_variant_type_peek_string (type), length);

  g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
               "Cannot read a value of type “%s”: its %" G_GSIZE_FORMAT
               " bytes are not in normal form", text, size);
  return NULL;
}

static GVariant *
new_swapped (const GVariantType  *type,
             const guint8        *data,
             gsize                size,
             GError             **error)
{
  guint8 *swapped = g_try_malloc (size + MALT_VALUE_SLACK_BYTES);
  g_autoptr (GBytes) bytes = NULL;

  if (swapped == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot find room for a value of “%" G_GSIZE_FORMAT "” bytes", size);
      return NULL;
    }

  memcpy (swapped, data, size);
  memset (swapped + size, 0, MALT_VALUE_SLACK_BYTES);
  bytes = g_bytes_new_take (swapped, size);
  if (!malt_normal_check (type, data, size, swapped))
    return refuse (type, size, error);

  return g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, TRUE));
}

GVariant *
malt_value_new (const GVariantType  *type,
                const guint8        *data,
                gsize                size,
                GBytes              *bytes,
                gsize                offset,
                gboolean             swap,
                GError             **error)
{
  gboolean is_normal = !swap && is_plainly_normal (type, data, size);
  gboolean is_slow = !is_normal && is_slow_to_check (type, size);
  g_autoptr (GBytes) slice = NULL;
  g_autoptr (GVariant) value = NULL;

  if (swap)
    return new_swapped (type, data, size, error);

  if (is_slow && !malt_normal_check (type, data, size, NULL))
    return refuse (type, size, error);

  slice = bytes != NULL ? g_bytes_new_from_bytes (bytes, offset, size) : copy (data, size);
  value = g_variant_ref_sink (g_variant_new_from_bytes (type, slice, is_normal || is_slow));
  if (!is_normal && !is_slow && !g_variant_is_normal_form (value))
    return refuse (type, size, error);

  return g_steal_pointer (&value);
}

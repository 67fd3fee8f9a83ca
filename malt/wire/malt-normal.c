/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-normal-private.h"

#include <string.h>

/* Source: GVariant Specification 1.0, section 2, and what GLib 2.74 takes for normal form. */

/* Levels of a value, those of the types of its variants included, as in GLib. */
#define NORMAL_MAX_DEPTH 128u

/* Of a type in a variant, in bytes: as of one that stands in the frame. */
#define NORMAL_MAX_TYPE_BYTES (64 * 1024)

/* A type, or a part of one, computed once. They lie in the order in which the type is written: the
 * first item of a container is the next, and the item after one is at its `next`. */
typedef struct
{
  char     kind;       /* as in the type string */
  guint8   alignment;  /* 1, 2, 4, 8 */
  guint8   depth;      /* levels as GLib counts them: empty tuples and keys of entries are none */
  guint    bare;       /* itself, or of a tuple of one item, the item's: the same bytes */
  guint    next;
  guint    n_items;    /* of a tuple or dictionary entry */
  gsize    fixed_size; /* 0: varies */
  gboolean is_plain;   /* numbers without padding: in normal form whatever its bytes are */
} NormalType;

typedef struct
{
  GArray       *types;   /* of NormalType; those of a variant stand behind those of what it is in */
  guint         depth;   /* of what is checked; 0 at the top */
  const guint8 *data;    /* all of it */
  guint8       *swapped; /* nullable; a copy of @data in which numbers are turned round */
} NormalCheck;

static gboolean check (NormalCheck  *self,
                       guint         i,
                       const guint8 *data,
                       gsize         size);

static NormalType *
get_type (NormalCheck *self,
          guint        i)
{
  return &g_array_index (self->types, NormalType, i);
}

static gsize
align (gsize offset,
       gsize alignment)
{
  return (offset + alignment - 1) & ~(alignment - 1);
}

static NormalType
get_basic_type (char kind)
{
  switch (kind)
    {
    case 'y':
    case 'b':
      return (NormalType) { .kind = kind, .alignment = 1, .fixed_size = 1,
                            .is_plain = kind == 'y' };
    case 'n':
    case 'q':
      return (NormalType) { .kind = kind, .alignment = 2, .fixed_size = 2,
                            .is_plain = TRUE };
    case 'i':
    case 'u':
    case 'h':
      return (NormalType) { .kind = kind, .alignment = 4, .fixed_size = 4,
                            .is_plain = TRUE };
    case 'x':
    case 't':
    case 'd':
      return (NormalType) { .kind = kind, .alignment = 8, .fixed_size = 8,
                            .is_plain = TRUE };
    case 'v':
      return (NormalType) { .kind = kind, .alignment = 8 };
    default:
      return (NormalType) { .kind = kind, .alignment = 1 };
    }
}

static const char *append_type (NormalCheck *self,
                                const char  *string);

/* Up to the bracket that closes it, which is returned. The alignment and depth of a tuple are those
 * of its items, and it is plain if all of it is. */
static const char *
append_items (NormalCheck *self,
              NormalType  *tuple,
              const char  *string)
{
  gboolean is_fixed = TRUE;
  gboolean is_plain = TRUE;
  gsize plain_size = 0;
  gsize size = 0;

  for (; *string != ')' && *string != '}'; tuple->n_items++)
    {
      guint i = self->types->len;
      const NormalType *item;

      string = append_type (self, string);
      item = get_type (self, i);
      tuple->alignment = MAX (tuple->alignment, item->alignment);
      if (tuple->kind == '(' || tuple->n_items > 0)
        tuple->depth = MAX (tuple->depth, item->depth + 1);
      is_fixed = is_fixed && item->fixed_size > 0;
      is_plain = is_plain && item->is_plain;
      plain_size += item->fixed_size;
      size = align (size, item->alignment) + item->fixed_size;
    }

  /* Nothing has one byte. */
  if (is_fixed)
    tuple->fixed_size = MAX (align (size, tuple->alignment), 1);
  tuple->is_plain = is_plain && tuple->fixed_size == plain_size;
  return string;
}

/* Appends the type at `string` and returns what follows it. The recursion is bounded by GLib, whose
 * types are not deeper than its values. */
static const char *
append_type (NormalCheck *self,
             const char  *string)
{
  NormalType type = get_basic_type (*string);
  guint i = self->types->len;

  g_array_append_val (self->types, type);
  string++;
  if (type.kind == 'a' || type.kind == 'm')
    {
      string = append_type (self, string);
      type.alignment = get_type (self, i + 1)->alignment;
      type.depth = get_type (self, i + 1)->depth + 1;
    }
  else if (type.kind == '(' || type.kind == '{')
    string = append_items (self, &type, string) + 1;

  if (type.kind != '(')
    type.depth = MAX (type.depth, 1);
  type.bare = type.n_items == 1 ? get_type (self, i + 1)->bare : i;
  type.next = self->types->len;
  *get_type (self, i) = type;
  return string;
}

/* How large the numbers are that say where items end. */
static gsize
get_offset_size (gsize size)
{
  return size <= G_MAXUINT8 ? 1 : size <= G_MAXUINT16 ? 2 : size <= G_MAXUINT32 ? 4 : 8;
}

static guint64
read_offset (const guint8 *data,
             gsize         offset_size)
{
  guint64 offset = 0;

  memcpy (&offset, data, offset_size);
  return GUINT64_FROM_LE (offset);
}

/* They must be as small as they can be. */
static gboolean
is_offset_size_right (gsize size,
                      gsize n_offsets,
                      gsize offset_size)
{
  gsize smaller = offset_size / 2;

  return smaller == 0 || size - n_offsets * smaller > (smaller == 1   ? G_MAXUINT8
                                                       : smaller == 2 ? G_MAXUINT16
                                                                      : G_MAXUINT32);
}

/* Steps over the zeros before something with this alignment. */
static gboolean
skip_padding (const guint8 *data,
              gsize         end,
              gsize        *offset,
              gsize         alignment)
{
  for (; *offset % alignment != 0; *offset += 1)
    if (*offset >= end || data[*offset] != 0)
      return FALSE;

  return TRUE;
}

static void
swap_numbers (NormalCheck  *self,
              const guint8 *data,
              gsize         size,
              gsize         number_size)
{
  guint8 *swapped = self->swapped + (data - self->data);

  for (gsize start = 0; start < size; start += number_size)
    for (gsize i = 0; i < number_size; i++)
      swapped[start + i] = data[start + number_size - 1 - i];
}

/* A tuple of one item is a level, though it is not looked at. */
static guint
get_n_levels (NormalCheck *self,
              guint        i)
{
  const NormalType *type = get_type (self, i);

  return 1 + type->depth - get_type (self, type->bare)->depth;
}

static gboolean
are_at_most (const guint8 *data,
             gsize         size,
             guint8        largest)
{
  guint8 all = 0;

  for (gsize i = 0; i < size; i++)
    all |= data[i];

  return all <= largest;
}

static gboolean
check_fixed_array (NormalCheck  *self,
                   guint         item,
                   const guint8 *data,
                   gsize         size)
{
  const NormalType type = *get_type (self, get_type (self, item)->bare);
  gboolean is_number = type.is_plain && type.kind != '(' && type.kind != '{';

  if (size % type.fixed_size != 0
      || (size > 0 && self->depth + get_n_levels (self, item) > NORMAL_MAX_DEPTH))
    return FALSE;

  if (is_number && self->swapped != NULL)
    swap_numbers (self, data, size, type.fixed_size);

  if (is_number || (type.is_plain && self->swapped == NULL))
    return TRUE;

  /* A truth value is no more than 1, the byte of an empty tuple 0. */
  if (type.kind == 'b' || (type.kind == '(' && type.n_items == 0))
    return are_at_most (data, size, type.kind == 'b');

  for (gsize offset = 0; offset < size; offset += type.fixed_size)
    if (!check (self, item, data + offset, type.fixed_size))
      return FALSE;

  return TRUE;
}

/* The ends of the items stand at the end, that of the last one last. */
static gboolean
check_array (NormalCheck  *self,
             guint         item,
             const guint8 *data,
             gsize         size)
{
  gsize alignment = get_type (self, item)->alignment;
  gsize offset_size = get_offset_size (size);
  gsize offset = 0;
  gsize n_items;
  guint64 items_end;

  if (size == 0)
    return TRUE;

  items_end = read_offset (data + size - offset_size, offset_size);
  if (items_end >= size || (size - items_end) % offset_size != 0)
    return FALSE;

  n_items = (size - items_end) / offset_size;
  if (!is_offset_size_right (size, n_items, offset_size))
    return FALSE;

  for (gsize i = 0; i < n_items; i++)
    {
      guint64 end = read_offset (data + items_end + i * offset_size, offset_size);

      if (end > items_end || !skip_padding (data, end, &offset, alignment) || end < offset
          || !check (self, item, data + offset, end - offset))
        return FALSE;
      offset = end;
    }

  return TRUE;
}

/* Items whose size varies have their ends at the end of the tuple, that of the first one last; but
 * the last item of all needs none. */
static gboolean
check_tuple (NormalCheck  *self,
             guint         i,
             const guint8 *data,
             gsize         size)
{
  const NormalType tuple = *get_type (self, i);
  gsize offset_size = get_offset_size (size);
  gsize offsets_start = size;
  gsize offset = 0;
  guint item = i + 1;

  for (guint n = 0; n < tuple.n_items; n++)
    {
      const NormalType type = *get_type (self, item);
      guint64 end = offsets_start;

      if (!skip_padding (data, offsets_start, &offset, type.alignment))
        return FALSE;

      if (type.fixed_size > 0)
        end = offset + type.fixed_size;
      else if (n + 1 < tuple.n_items)
        {
          if (offsets_start < offset + offset_size)
            return FALSE;
          offsets_start -= offset_size;
          end = read_offset (data + offsets_start, offset_size);
        }

      if (end < offset || end > offsets_start
          || !check (self, item, data + offset, end - offset))
        return FALSE;
      offset = end;
      item = type.next;
    }

  if (tuple.fixed_size > 0)
    return size == tuple.fixed_size && skip_padding (data, size, &offset, tuple.alignment)
           && (offset == size || data[0] == 0);

  return offset == offsets_start
         && is_offset_size_right (size, (size - offsets_start) / offset_size, offset_size);
}

static gboolean
is_definite (const char *string,
             const char *end)
{
  for (; string < end; string++)
    if (*string == '*' || *string == '?' || *string == 'r')
      return FALSE;

  return TRUE;
}

/* The value, a NUL, its type. */
static gboolean
check_variant (NormalCheck  *self,
               const guint8 *data,
               gsize         size)
{
  const guint8 *separator = size > 0 ? memrchr (data, '\0', size) : NULL;
  const char *string = separator != NULL ? (const char *) separator + 1 : NULL;
  const char *limit = (const char *) data + size;
  const char *end = NULL;
  guint n_types = self->types->len;
  gboolean is_normal;

  if (string == NULL || limit - string >= NORMAL_MAX_TYPE_BYTES
      || !g_variant_type_string_scan (string, limit, &end) || end != limit
      || !is_definite (string, limit))
    return FALSE;

  append_type (self, string);
  is_normal = self->depth + get_type (self, n_types)->depth <= NORMAL_MAX_DEPTH
              && check (self, n_types, data, separator - data);
  g_array_set_size (self->types, n_types);
  return is_normal;
}

static gboolean
check_maybe (NormalCheck  *self,
             guint         i,
             const guint8 *data,
             gsize         size)
{
  if (size == 0)
    return TRUE;
  if (get_type (self, i + 1)->fixed_size > 0)
    return check (self, i + 1, data, size);
  return data[size - 1] == 0 && check (self, i + 1, data, size - 1);
}

static gboolean
check_string (const guint8 *data,
              gsize         size)
{
  return size > 0 && data[size - 1] == 0
         && g_utf8_validate_len ((const char *) data, size - 1, NULL);
}

static gboolean
check_container (NormalCheck  *self,
                 guint         i,
                 const guint8 *data,
                 gsize         size)
{
  switch (get_type (self, i)->kind)
    {
    case 'a':
      return get_type (self, i + 1)->fixed_size > 0 ? check_fixed_array (self, i + 1, data, size)
                                                    : check_array (self, i + 1, data, size);
    case 'm':
      return check_maybe (self, i, data, size);
    case 'v':
      return check_variant (self, data, size);
    default:
      return check_tuple (self, i, data, size);
    }
}

static gboolean
check (NormalCheck  *self,
       guint         i,
       const guint8 *data,
       gsize         size)
{
  guint bare = get_type (self, i)->bare;
  guint n_levels = get_n_levels (self, i);
  gboolean is_normal;

  if (self->depth + n_levels > NORMAL_MAX_DEPTH)
    return FALSE;

  switch (get_type (self, bare)->kind)
    {
    case 'b':
      return size == 1 && data[0] <= 1;
    case 's':
      return check_string (data, size);
    case 'o':
      return check_string (data, size) && g_variant_is_object_path ((const char *) data);
    case 'g':
      return check_string (data, size) && g_variant_is_signature ((const char *) data);
    case 'a':
    case 'm':
    case 'v':
    case '(':
    case '{':
      break;
    default:
      if (size != get_type (self, bare)->fixed_size)
        return FALSE;
      if (self->swapped != NULL)
        swap_numbers (self, data, size, size);
      return TRUE;
    }

  self->depth += n_levels;
  is_normal = check_container (self, bare, data, size);
  self->depth -= n_levels;
  return is_normal;
}

gboolean
malt_normal_check (const GVariantType *type,
                   const guint8       *data,
                   gsize               size,
                   guint8             *swapped)
{
  g_autoptr (GArray) types = g_array_new (FALSE, FALSE, sizeof (NormalType));
  NormalCheck self = { .types = types, .data = data, .swapped = swapped };

  append_type (&self, g_variant_type_peek_string (type));
  return check (&self, 0, data, size);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-known-types-private.h"

#include <string.h>

/* A program calls a handful of functions over and over. */
#define KNOWN_TYPES_N_SLOTS 32u

/* Longer ones are rare, and their values cost more than their types. */
#define KNOWN_TYPES_MAX_BYTES 23u

typedef struct
{
  guint8    length;                            /* 0: the slot is empty */
  char      string[KNOWN_TYPES_MAX_BYTES + 1];
  GVariant *value;                             /* owned; of that type, to keep GLib's description */
} KnownType;

static void
free_slots (gpointer data)
{
  KnownType *slots = data;

  for (guint i = 0; i < KNOWN_TYPES_N_SLOTS; i++)
    g_clear_pointer (&slots[i].value, g_variant_unref);
  g_free (slots);
}

static GPrivate slots_private = G_PRIVATE_INIT (free_slots);

static KnownType *
get_slot (const char *string,
          gsize       length)
{
  KnownType *slots = g_private_get (&slots_private);
  guint32 hash = 5381;

  if (slots == NULL)
    {
      slots = g_new0 (KnownType, KNOWN_TYPES_N_SLOTS);
      g_private_set (&slots_private, slots);
    }

  for (gsize i = 0; i < length; i++)
    hash = hash * 33 + (guint8) string[i];

  return &slots[hash % KNOWN_TYPES_N_SLOTS];
}

const GVariantType *
malt_known_types_lookup (const char *string,
                         gsize       length)
{
  KnownType *slot;

  if (length == 0 || length > KNOWN_TYPES_MAX_BYTES)
    return NULL;

  slot = get_slot (string, length);
  if (slot->length != length || memcmp (slot->string, string, length) != 0)
    return NULL;

  return (const GVariantType *) slot->string;
}

void
malt_known_types_add (const GVariantType *type)
{
  const char *string = g_variant_type_peek_string (type);
  gsize length = g_variant_type_get_string_length (type);
  KnownType *slot;

  if (length > KNOWN_TYPES_MAX_BYTES)
    return;

  slot = get_slot (string, length);
  g_clear_pointer (&slot->value, g_variant_unref);
  memcpy (slot->string, string, length);
  slot->string[length] = '\0';
  slot->length = (guint8) length;
  slot->value = g_variant_ref_sink (g_variant_new_from_data (type, "", 0, FALSE, NULL, NULL));
}

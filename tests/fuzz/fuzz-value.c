/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "malt/wire/malt-value-private.h"

#include <string.h>

/* A value as it lies in a frame, its type string with a NUL before it: what is taken is in normal
 * form to GVariant, and what GVariant writes is taken. */

static GVariant *
new_value (const GVariantType *type,
           GBytes             *bytes,
           gboolean            is_shared,
           gboolean            swap)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_value_new (type, data, size, is_shared ? bytes : NULL, 0, swap, &error);

  g_assert_true ((value == NULL) == (error != NULL));

  return value;
}

/* GVariant means to take 128 levels, but takes types of 129. Texts with many of these letters are
 * passed over, too. */
static gboolean
may_have_type_too_deep (const char *text)
{
  guint n_containers = 0;

  for (; *text != '\0'; text++)
    n_containers += strchr ("am({", *text) != NULL;

  return n_containers >= 128;
}

/* GVariant finds more to be in normal form than it writes: tuples that should have offsets, but
 * have no byte at all. */
static gboolean
is_written_so (GVariant *value)
{
  g_autofree char *text = g_variant_print (value, TRUE);
  g_autoptr (GVariant) written = NULL;
  g_autoptr (GBytes) written_bytes = NULL;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (value);

  written = g_variant_parse (g_variant_get_type (value), text, NULL, NULL, NULL);
  if (written == NULL || may_have_type_too_deep (text))
    return FALSE;

  written_bytes = g_variant_get_data_as_bytes (written);

  return g_bytes_equal (written_bytes, bytes);
}

static void
check_value (GVariant *value,
             GVariant *expected)
{
  gboolean is_normal = g_variant_is_normal_form (expected);

  if (value != NULL)
    g_assert_true (is_normal);
  else
    g_assert_false (is_normal && is_written_so (expected));
}

static void
try_value (const GVariantType *type,
           GBytes             *bytes)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes,
                                                                                FALSE));
  g_autoptr (GVariant) shared = new_value (type, bytes, TRUE, FALSE);
  g_autoptr (GVariant) copied = new_value (type, bytes, FALSE, FALSE);
  g_autoptr (GVariant) swapped = new_value (type, bytes, FALSE, TRUE);

  check_value (shared, expected);
  check_value (copied, expected);
  check_value (swapped, expected);
  if (swapped != NULL)
    {
      g_autoptr (GVariant) swapped_back = g_variant_byteswap (swapped);

      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                       g_variant_get_data (swapped_back), g_variant_get_size (swapped_back));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  gsize length = strnlen ((const char *) data, size) + 1;
  g_autofree char *type_string = g_strndup ((const char *) data, length - 1);
  const GVariantType *type = malt_value_check_type (type_string, length, NULL);
  g_autoptr (GBytes) bytes = NULL;
  guint8 *copy;

  if (type == NULL || length > size)
    return 0;

  size -= length;
  copy = g_malloc0 (size + MALT_VALUE_SLACK_BYTES);
  memcpy (copy, data + length, size);
  bytes = g_bytes_new_take (copy, size);
  try_value (type, bytes);

  return 0;
}

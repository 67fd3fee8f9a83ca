/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "malt/wire/malt-value-private.h"

#include <string.h>

/* A value as it lies in a frame, its type string with a NUL before it: what is taken is what GVariant
 * finds to be in normal form. */

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

static void
try_value (const GVariantType *type,
           GBytes             *bytes)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (g_variant_new_from_bytes (type, bytes, FALSE));
  g_autoptr (GVariant) shared = new_value (type, bytes, TRUE, FALSE);
  g_autoptr (GVariant) copied = new_value (type, bytes, FALSE, FALSE);
  g_autoptr (GVariant) swapped = new_value (type, bytes, FALSE, TRUE);
  g_autoptr (GVariant) swapped_back = NULL;

  g_assert_true ((shared != NULL) == g_variant_is_normal_form (expected));
  g_assert_true ((copied != NULL) == (shared != NULL));
  g_assert_true ((swapped != NULL) == (shared != NULL));
  if (shared == NULL)
    return;

  swapped_back = g_variant_byteswap (swapped);
  g_assert_cmpmem (g_variant_get_data (shared), g_variant_get_size (shared),
                   g_variant_get_data (copied), g_variant_get_size (copied));
  g_assert_cmpmem (g_variant_get_data (shared), g_variant_get_size (shared),
                   g_variant_get_data (swapped_back), g_variant_get_size (swapped_back));
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

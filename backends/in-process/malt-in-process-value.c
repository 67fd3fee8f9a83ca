/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-value.h"

#include <string.h>

/* How deep values may be inside each other, as in GLib's serialized form: what is deeper cannot be
 * sent to any other worker, and functions that go down into it would overflow their stack. */
#define VALUE_MAX_DEPTH 128

/* A type without variants is not nested deeper than GLib lets types be. */
static gboolean
is_shallow (GVariant *value,
            guint     max_depth)
{
  GVariantIter iter;
  GVariant *child;
  gboolean fits = TRUE;

  if (strchr (g_variant_get_type_string (value), 'v') == NULL)
    return TRUE;
  if (max_depth == 0)
    return FALSE;

  g_variant_iter_init (&iter, value);
  while (fits && (child = g_variant_iter_next_value (&iter)) != NULL)
    {
      fits = is_shallow (child, max_depth - 1);
      g_variant_unref (child);
    }

  return fits;
}

gboolean
malt_in_process_value_check (GVariant  *value,
                             GError   **error)
{
  if (!is_shallow (value, VALUE_MAX_DEPTH))
    g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                 "Cannot send a value of type “%s”: it is nested more than %u deep",
                 g_variant_get_type_string (value), VALUE_MAX_DEPTH);
  else if (!g_variant_is_normal_form (value))
    g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                 "Cannot send a value of type “%s”: it is not in normal form",
                 g_variant_get_type_string (value));
  else
    return TRUE;

  return FALSE;
}

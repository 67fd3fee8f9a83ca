/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-option-field.h"

/**
 * malt_option_field_set: (skip)
 * @field: the field of an option that has not been set, all zero: a gboolean, guint,
 *   guint64, enum, `char *` or `char **`, as the type of the property is
 * @value: of the type of its property
 *
 * Sets an option, once: it is a construct property. The field owns a copy of what
 * is a string or a string array.
 *
 * Since: 0.1
 */
void
malt_option_field_set (gpointer      field,
                       const GValue *value)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      *(gboolean *) field = g_value_get_boolean (value);
      break;
    case G_TYPE_UINT:
      *(guint *) field = g_value_get_uint (value);
      break;
    case G_TYPE_UINT64:
      *(guint64 *) field = g_value_get_uint64 (value);
      break;
    case G_TYPE_ENUM:
      *(int *) field = g_value_get_enum (value);
      break;
    case G_TYPE_STRING:
      *(char **) field = g_value_dup_string (value);
      break;
    case G_TYPE_BOXED:
      g_return_if_fail (G_VALUE_HOLDS (value, G_TYPE_STRV));
      *(char ***) field = g_value_dup_boxed (value);
      break;
    default:
      g_return_if_reached ();
    }
}

/**
 * malt_option_field_get: (skip)
 * @field: the field of an option
 * @value: initialised with the type of its property
 *
 * Gets an option, or a copy of it.
 *
 * Since: 0.1
 */
void
malt_option_field_get (gconstpointer  field,
                       GValue        *value)
{
  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, *(const gboolean *) field);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) field);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) field);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const int *) field);
      break;
    case G_TYPE_STRING:
      g_value_set_string (value, *(char *const *) field);
      break;
    case G_TYPE_BOXED:
      g_return_if_fail (G_VALUE_HOLDS (value, G_TYPE_STRV));
      g_value_set_boxed (value, *(char **const *) field);
      break;
    default:
      g_return_if_reached ();
    }
}

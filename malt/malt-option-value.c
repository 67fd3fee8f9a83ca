/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-option-value-private.h"

#include "malt/malt-names-private.h"

/* FALSE if it is no integer, or one that only an unsigned 64-bit property can hold. */
static gboolean
get_integer (GVariant *value,
             gint64   *number)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BYTE:
      *number = g_variant_get_byte (value);
      return TRUE;
    case G_VARIANT_CLASS_INT16:
      *number = g_variant_get_int16 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      *number = g_variant_get_uint16 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      *number = g_variant_get_int32 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      *number = g_variant_get_uint32 (value);
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      *number = g_variant_get_int64 (value);
      return TRUE;
    case G_VARIANT_CLASS_UINT64:
      *number = (gint64) g_variant_get_uint64 (value);
      return g_variant_get_uint64 (value) <= G_MAXINT64;
    default:
      return FALSE;
    }
}

static gboolean
is_between (gint64 number,
            gint64 minimum,
            gint64 maximum)
{
  return number >= minimum && number <= maximum;
}

static gboolean
convert_to_small (gint64  number,
                  GValue *target)
{
  switch (G_VALUE_TYPE (target))
    {
    case G_TYPE_CHAR:
      g_value_set_schar (target, (gint8) number);
      return is_between (number, G_MININT8, G_MAXINT8);
    case G_TYPE_UCHAR:
      g_value_set_uchar (target, (guint8) number);
      return is_between (number, 0, G_MAXUINT8);
    case G_TYPE_INT:
      g_value_set_int (target, (int) number);
      return is_between (number, G_MININT, G_MAXINT);
    case G_TYPE_UINT:
      g_value_set_uint (target, (guint) number);
      return is_between (number, 0, G_MAXUINT);
    default:
      return FALSE;
    }
}

static gboolean
convert_to_large (gint64  number,
                  GValue *target)
{
  switch (G_VALUE_TYPE (target))
    {
    case G_TYPE_LONG:
      g_value_set_long (target, (long) number);
      return is_between (number, G_MINLONG, G_MAXLONG);
    case G_TYPE_ULONG:
      g_value_set_ulong (target, (gulong) number);
      return number >= 0 && (guint64) number <= G_MAXULONG;
    case G_TYPE_INT64:
      g_value_set_int64 (target, number);
      return TRUE;
    case G_TYPE_UINT64:
      g_value_set_uint64 (target, (guint64) number);
      return number >= 0;
    default:
      return FALSE;
    }
}

static gboolean
convert_to_integer (GVariant *value,
                    GValue   *target)
{
  gint64 number;

  if (get_integer (value, &number))
    return convert_to_small (number, target) || convert_to_large (number, target);

  if (G_VALUE_HOLDS_UINT64 (target) && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    {
      g_value_set_uint64 (target, g_variant_get_uint64 (value));
      return TRUE;
    }

  return FALSE;
}

static gboolean
convert_to_real (GVariant *value,
                 GValue   *target)
{
  double real;
  gint64 number;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    real = g_variant_get_double (value);
  else if (get_integer (value, &number))
    real = (double) number;
  else
    return FALSE;

  if (G_VALUE_HOLDS_DOUBLE (target))
    g_value_set_double (target, real);
  else
    g_value_set_float (target, (float) real);

  return TRUE;
}

static gboolean
convert_to_string (GVariant *value,
                   GValue   *target)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      g_value_set_string (target, g_variant_get_string (value, NULL));
      return TRUE;
    }

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    {
      gsize length;
      const guint8 *bytes = g_variant_get_fixed_array (value, &length, 1);

      /* What has no end is no string. */
      if (length == 0 || bytes[length - 1] != '\0')
        return FALSE;

      g_value_set_string (target, (const char *) bytes);
      return TRUE;
    }

  return FALSE;
}

/* What "as" has, and "av" of a language whose lists have no type. (transfer full); NULL if it is
 * something else. */
static char **
dup_strings (GVariant *value)
{
  g_autoptr (GStrvBuilder) builder = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    return g_variant_dup_strv (value, NULL);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return NULL;

  builder = g_strv_builder_new ();
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) child = g_variant_get_variant (boxed);

      if (!g_variant_is_of_type (child, G_VARIANT_TYPE_STRING))
        return NULL;
      g_strv_builder_add (builder, g_variant_get_string (child, NULL));
    }

  return g_strv_builder_end (builder);
}

static gboolean
convert_to_strv (GVariant *value,
                 GValue   *target)
{
  char **strings = dup_strings (value);

  if (strings != NULL)
    g_value_take_boxed (target, strings);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING_ARRAY))
    g_value_take_boxed (target, g_variant_dup_bytestring_array (value, NULL));
  else
    return FALSE;

  return TRUE;
}

static gboolean
convert_to_enum (GVariant *value,
                 GValue   *target)
{
  g_autoptr (GEnumClass) enum_class = g_type_class_ref (G_VALUE_TYPE (target));
  const GEnumValue *found = NULL;
  gint64 number;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    found = g_enum_get_value_by_nick (enum_class, g_variant_get_string (value, NULL));
  else if (get_integer (value, &number) && is_between (number, G_MININT, G_MAXINT))
    found = g_enum_get_value (enum_class, (int) number);

  if (found != NULL)
    g_value_set_enum (target, found->value);

  return found != NULL;
}

static gboolean
convert_to_flags (GVariant *value,
                  GValue   *target)
{
  g_autoptr (GFlagsClass) flags_class = g_type_class_ref (G_VALUE_TYPE (target));
  g_auto (GStrv) nicks = dup_strings (value);
  guint flags = 0;

  if (nicks == NULL)
    return FALSE;

  for (gsize i = 0; nicks[i] != NULL; i++)
    {
      const GFlagsValue *found = g_flags_get_value_by_nick (flags_class, nicks[i]);

      if (found == NULL)
        return FALSE;
      flags |= found->value;
    }

  g_value_set_flags (target, flags);
  return TRUE;
}

gboolean
malt_option_value_convert (GVariant *value,
                           GValue   *target)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT) && !G_VALUE_HOLDS_VARIANT (target))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return malt_option_value_convert (inner, target);
    }

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (target)))
    {
    case G_TYPE_BOOLEAN:
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
        return FALSE;
      g_value_set_boolean (target, g_variant_get_boolean (value));
      return TRUE;
    case G_TYPE_FLOAT:
    case G_TYPE_DOUBLE:
      return convert_to_real (value, target);
    case G_TYPE_STRING:
      return convert_to_string (value, target);
    case G_TYPE_ENUM:
      return convert_to_enum (value, target);
    case G_TYPE_FLAGS:
      return convert_to_flags (value, target);
    case G_TYPE_VARIANT:
      g_value_set_variant (target, value);
      return TRUE;
    case G_TYPE_BOXED:
      return G_VALUE_HOLDS (target, G_TYPE_STRV) && convert_to_strv (value, target);
    default:
      return convert_to_integer (value, target);
    }
}

char **
malt_option_value_list_nicks (GType type)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gpointer type_class = g_type_class_ref (type);

  if (G_TYPE_IS_ENUM (type))
    {
      for (guint i = 0; i < G_ENUM_CLASS (type_class)->n_values; i++)
        g_strv_builder_add (builder, G_ENUM_CLASS (type_class)->values[i].value_nick);
    }
  else
    {
      for (guint i = 0; i < G_FLAGS_CLASS (type_class)->n_values; i++)
        g_strv_builder_add (builder, G_FLAGS_CLASS (type_class)->values[i].value_nick);
    }

  g_type_class_unref (type_class);
  return g_strv_builder_end (builder);
}

gboolean
malt_option_value_is_in_range (GParamSpec   *pspec,
                               const GValue *value)
{
  g_auto (GValue) copy = G_VALUE_INIT;

  /* Validating a value changes one that is out of range. */
  g_value_init (&copy, G_VALUE_TYPE (value));
  g_value_copy (value, &copy);

  return !g_param_value_validate (pspec, &copy);
}

char *
malt_option_value_suggest (GParamSpec *pspec,
                           GVariant   *value)
{
  GType type = G_PARAM_SPEC_VALUE_TYPE (pspec);
  g_auto (GStrv) nicks = NULL;
  const char *nearest;

  if (value == NULL || !G_TYPE_IS_ENUM (type)
      || !g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return g_strdup ("");

  nicks = malt_option_value_list_nicks (type);
  nearest = malt_names_find_nearest (g_variant_get_string (value, NULL),
                                     (const char *const *) nicks);

  return nearest != NULL ? g_strdup_printf ("; did you mean “%s”?", nearest) : g_strdup ("");
}

/* NULL if it is no number. */
static char *
describe_range (GParamSpec *pspec)
{
#define DESCRIBE(TYPE, kind, format)                                                              \
  if (G_IS_PARAM_SPEC_##TYPE (pspec))                                                             \
  return g_strdup_printf (kind " from %" format " to %" format,                                   \
                          G_PARAM_SPEC_##TYPE (pspec)->minimum,                                   \
                          G_PARAM_SPEC_##TYPE (pspec)->maximum)

  DESCRIBE (CHAR, "an integer", "d");
  DESCRIBE (UCHAR, "an integer", "d");
  DESCRIBE (INT, "an integer", "d");
  DESCRIBE (UINT, "an integer", "u");
  DESCRIBE (LONG, "an integer", "ld");
  DESCRIBE (ULONG, "an integer", "lu");
  DESCRIBE (INT64, "an integer", G_GINT64_FORMAT);
  DESCRIBE (UINT64, "an integer", G_GUINT64_FORMAT);
  DESCRIBE (FLOAT, "a number", "g");
  DESCRIBE (DOUBLE, "a number", "g");

#undef DESCRIBE
  return NULL;
}

char *
malt_option_value_describe_allowed (GParamSpec *pspec)
{
  GType type = G_PARAM_SPEC_VALUE_TYPE (pspec);
  char *range = describe_range (pspec);

  if (range != NULL)
    return range;

  if (G_TYPE_IS_ENUM (type) || G_TYPE_IS_FLAGS (type))
    {
      g_auto (GStrv) nicks = malt_option_value_list_nicks (type);
      g_autofree char *joined = g_strjoinv (", ", nicks);

      return g_strdup_printf ("%s %s", G_TYPE_IS_ENUM (type) ? "one of" : "an array of some of",
                              joined);
    }

  if (type == G_TYPE_BOOLEAN)
    return g_strdup ("true or false");
  if (type == G_TYPE_STRING)
    return g_strdup ("a string");
  if (type == G_TYPE_STRV)
    return g_strdup ("an array of strings");
  if (G_IS_PARAM_SPEC_VARIANT (pspec))
    return g_strdup_printf ("a value of type “%s”",
                            g_variant_type_peek_string (G_PARAM_SPEC_VARIANT (pspec)->type));

  return g_strdup_printf ("a “%s”, which only C code can give", g_type_name (type));
}

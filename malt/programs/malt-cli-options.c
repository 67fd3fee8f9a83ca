/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"
#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <string.h>

static char *
explain_unknown_option (MaltBackend *backend,
                        const char  *name)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);
  g_autofree const char **names = g_new0 (const char *, n_options + 1);

  for (guint i = 0; i < n_options; i++)
    names[i] = options[i]->name;

  return malt_names_explain_unknown (name, names);
}

static GParamSpec *
find_option (MaltBackend  *backend,
             const char   *name,
             GError      **error)
{
  GParamSpec *pspec = malt_backend_find_option (backend, name);
  g_autofree char *unknown = NULL;

  if (pspec != NULL)
    return pspec;

  unknown = explain_unknown_option (backend, name);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "Backend “%s” has no option “%s”: %s", malt_backend_get_name (backend), name,
               unknown);
  return NULL;
}

/* What the words for TRUE and FALSE are in files that people write. */
static GVariant *
parse_boolean (const char *text)
{
  const char *const true_words[] = { "true", "yes", "on", "1", NULL };
  const char *const false_words[] = { "false", "no", "off", "0", NULL };

  if (g_strv_contains (true_words, text))
    return g_variant_new_boolean (TRUE);
  if (g_strv_contains (false_words, text))
    return g_variant_new_boolean (FALSE);

  return NULL;
}

static GVariant *
parse_integer (GType       type,
               const char *text)
{
  gint64 number;
  guint64 natural;

  if (type == G_TYPE_INT && g_ascii_string_to_signed (text, 10, G_MININT, G_MAXINT, &number, NULL))
    return g_variant_new_int32 ((gint32) number);
  if ((type == G_TYPE_INT64 || type == G_TYPE_LONG)
      && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
    return g_variant_new_int64 (number);
  if (type == G_TYPE_UINT && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &natural, NULL))
    return g_variant_new_uint32 ((guint32) natural);
  if ((type == G_TYPE_UINT64 || type == G_TYPE_ULONG)
      && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, &natural, NULL))
    return g_variant_new_uint64 (natural);

  return NULL;
}

static GVariant *
parse_double (const char *text)
{
  char *end;
  double number = g_ascii_strtod (text, &end);

  return end != text && *end == '\0' ? g_variant_new_double (number) : NULL;
}

/* The words that an enumeration takes; they are the class's, which stays. (transfer full) */
static GPtrArray *
list_nicks (GType type)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);
  GPtrArray *nicks = g_ptr_array_new ();

  for (guint i = 0; i < class->n_values; i++)
    g_ptr_array_add (nicks, (gpointer) class->values[i].value_nick);
  g_ptr_array_add (nicks, NULL);

  return nicks;
}

static GVariant *
parse_enum (GType       type,
            const char *text)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);

  return g_enum_get_value_by_nick (class, text) != NULL ? g_variant_new_string (text) : NULL;
}

static char *
join_nicks (GType type)
{
  g_autoptr (GPtrArray) nicks = list_nicks (type);

  return g_strjoinv (", ", (char **) nicks->pdata);
}

static char *
dup_type_words (GParamSpec *pspec)
{
  GType type = pspec->value_type;
  gboolean is_path = malt_param_spec_get_path_kind (pspec) != MALT_PATH_KIND_NONE;

  if (type == G_TYPE_BOOLEAN)
    return g_strdup ("true or false");
  if (type == G_TYPE_STRV)
    return g_strdup (is_path ? "file name, may be given more than once"
                             : "text, may be given more than once");
  if (type == G_TYPE_STRING)
    return g_strdup (is_path ? "file name" : "text");
  if (type == G_TYPE_DOUBLE)
    return g_strdup ("number");
  if (G_TYPE_IS_ENUM (type))
    return join_nicks (type);
  if (type == G_TYPE_INT || type == G_TYPE_UINT || type == G_TYPE_INT64 || type == G_TYPE_UINT64
      || type == G_TYPE_LONG || type == G_TYPE_ULONG)
    return g_strdup ("integer");

  return g_strdup (g_type_name (type));
}

/* NULL when every value of the type will do. */
static char *
dup_range (GParamSpec *pspec)
{
  if (G_IS_PARAM_SPEC_INT (pspec))
    {
      GParamSpecInt *range = G_PARAM_SPEC_INT (pspec);
      return g_strdup_printf ("from %d to %d", range->minimum, range->maximum);
    }

  if (G_IS_PARAM_SPEC_UINT (pspec))
    {
      GParamSpecUInt *range = G_PARAM_SPEC_UINT (pspec);
      return g_strdup_printf ("from %u to %u", range->minimum, range->maximum);
    }

  if (G_IS_PARAM_SPEC_INT64 (pspec))
    {
      GParamSpecInt64 *range = G_PARAM_SPEC_INT64 (pspec);
      return g_strdup_printf ("from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                              range->minimum, range->maximum);
    }

  if (G_IS_PARAM_SPEC_UINT64 (pspec))
    {
      GParamSpecUInt64 *range = G_PARAM_SPEC_UINT64 (pspec);
      return g_strdup_printf ("from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                              range->minimum, range->maximum);
    }

  if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    {
      GParamSpecDouble *range = G_PARAM_SPEC_DOUBLE (pspec);
      return g_strdup_printf ("from %g to %g", range->minimum, range->maximum);
    }

  return NULL;
}

/* The end of a message, "" when no word is near. (transfer full) */
static char *
suggest_nick (GType       type,
              const char *text)
{
  g_autoptr (GPtrArray) nicks = NULL;
  const char *nearest = NULL;

  if (G_TYPE_IS_ENUM (type))
    {
      nicks = list_nicks (type);
      nearest = malt_names_find_nearest (text, (const char *const *) nicks->pdata);
    }

  return nearest != NULL ? g_strdup_printf ("; did you mean “%s”?", nearest) : g_strdup ("");
}

/* (transfer full) (nullable). Ranges are the backend's to check: it knows them, and says them. */
static GVariant *
parse_value (GParamSpec  *pspec,
             const char  *text,
             GError     **error)
{
  GType type = pspec->value_type;
  GVariant *value = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *range = NULL;
  g_autofree char *suggestion = NULL;

  if (type == G_TYPE_BOOLEAN)
    value = parse_boolean (text);
  else if (type == G_TYPE_STRING)
    value = g_variant_new_string (text);
  else if (type == G_TYPE_DOUBLE)
    value = parse_double (text);
  else if (G_TYPE_IS_ENUM (type))
    value = parse_enum (type, text);
  else if (g_type_is_a (type, G_TYPE_VARIANT))
    value = malt_parse_variant (NULL, text, -1, NULL);
  else
    value = parse_integer (type, text);

  if (value != NULL)
    return g_variant_ref_sink (value);

  expected = dup_type_words (pspec);
  range = dup_range (pspec);
  suggestion = suggest_nick (type, text);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "Option “%s” cannot be “%s”: expected %s%s%s%s", pspec->name, text, expected,
               range != NULL ? " " : "", range != NULL ? range : "", suggestion);
  return NULL;
}

/* Takes one word NAME=VALUE into `dictionary`; a repeated name adds to a list. */
static gboolean
add_option (GVariantDict  *dictionary,
            MaltBackend   *backend,
            const char    *word,
            GError       **error)
{
  g_auto (GStrv) pair = g_strsplit (word, "=", 2);
  g_autoptr (GStrvBuilder) strings = NULL;
  g_auto (GStrv) earlier = NULL;
  g_auto (GStrv) all = NULL;
  g_autoptr (GVariant) value = NULL;
  GParamSpec *pspec;

  if (!g_utf8_validate (word, -1, NULL) || *word == '=' || strchr (word, '=') == NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (word, -1);
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "“%s” is not of the form NAME=VALUE in UTF-8", shown);
      return FALSE;
    }

  pspec = find_option (backend, pair[0], error);
  if (pspec == NULL)
    return FALSE;

  if (pspec->value_type != G_TYPE_STRV)
    {
      value = parse_value (pspec, pair[1], error);
      if (value != NULL)
        g_variant_dict_insert_value (dictionary, pspec->name, value);
      return value != NULL;
    }

  strings = g_strv_builder_new ();
  if (g_variant_dict_lookup (dictionary, pspec->name, "^as", &earlier))
    g_strv_builder_addv (strings, (const char **) earlier);
  g_strv_builder_add (strings, pair[1]);
  all = g_strv_builder_end (strings);
  g_variant_dict_insert (dictionary, pspec->name, "^as", all);
  return TRUE;
}

/* (transfer full): a{sv} for malt_create_worker_async(). */
GVariant *
malt_cli_parse_options (MaltBackend  *backend,
                        char        **words,
                        GError      **error)
{
  g_auto (GVariantDict) dictionary = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      if (!add_option (&dictionary, backend, words[i], error))
        return NULL;
    }

  return g_variant_ref_sink (g_variant_dict_end (&dictionary));
}

static char *
dup_default (GParamSpec *pspec)
{
  const GValue *value = g_param_spec_get_default_value (pspec);
  g_auto (GValue) text = G_VALUE_INIT;
  const char *const *strings;

  if (pspec->value_type == G_TYPE_BOOLEAN)
    return g_strdup (g_value_get_boolean (value) ? "true" : "false");
  if (pspec->value_type == G_TYPE_STRV)
    {
      strings = g_value_get_boxed (value);
      return strings != NULL ? g_strjoinv (", ", (char **) strings) : NULL;
    }

  if (G_TYPE_IS_ENUM (pspec->value_type))
    {
      g_autoptr (GEnumClass) class = g_type_class_ref (pspec->value_type);
      const GEnumValue *chosen = g_enum_get_value (class, g_value_get_enum (value));
      return g_strdup (chosen != NULL ? chosen->value_nick : NULL);
    }

  g_value_init (&text, G_TYPE_STRING);
  return g_value_transform (value, &text) ? g_value_dup_string (&text) : NULL;
}

/* “integer from 0 to 60000, 30000 by default” */
char *
malt_cli_describe_option (GParamSpec *pspec)
{
  g_autofree char *type = dup_type_words (pspec);
  g_autofree char *range = dup_range (pspec);
  g_autofree char *preset = dup_default (pspec);
  GString *text = g_string_new (type);

  if (range != NULL)
    g_string_append_printf (text, " %s", range);
  if (preset != NULL && *preset != '\0')
    g_string_append_printf (text, "; %s by default", preset);

  return g_string_free (text, FALSE);
}

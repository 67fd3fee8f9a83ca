/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

/* The words of JSON Schema. What is not among them cannot be given in JSON. */
static const char *
get_type_word (GType type)
{
  if (type == G_TYPE_BOOLEAN)
    return "boolean";
  if (type == G_TYPE_STRING || G_TYPE_IS_ENUM (type))
    return "string";
  if (type == G_TYPE_STRV || G_TYPE_IS_FLAGS (type))
    return "array";
  if (type == G_TYPE_FLOAT || type == G_TYPE_DOUBLE)
    return "number";
  if (type == G_TYPE_VARIANT)
    return "object";
  if (g_value_type_transformable (type, G_TYPE_INT64))
    return "integer";

  return g_type_name (type);
}

static void
add_text (GVariantDict *option,
          const char   *name,
          const char   *text)
{
  if (text != NULL)
    g_variant_dict_insert (option, name, "s", text);
}

static void
add_range (GVariantDict *option,
           GParamSpec   *pspec)
{
#define ADD(TYPE, format, cast)                                                                   \
  if (G_IS_PARAM_SPEC_##TYPE (pspec))                                                             \
    {                                                                                             \
      g_variant_dict_insert (option, "minimum", format,                                           \
                             (cast) G_PARAM_SPEC_##TYPE (pspec)->minimum);                        \
      g_variant_dict_insert (option, "maximum", format,                                           \
                             (cast) G_PARAM_SPEC_##TYPE (pspec)->maximum);                        \
    }

  ADD (INT, "x", gint64)
  ADD (INT64, "x", gint64)
  ADD (LONG, "x", gint64)
  ADD (UINT, "t", guint64)
  ADD (UINT64, "t", guint64)
  ADD (ULONG, "t", guint64)
  ADD (FLOAT, "d", double)
  ADD (DOUBLE, "d", double)
#undef ADD
}

/* The words of an enumeration, and its default. */
static void
add_enum (GVariantDict *option,
          GParamSpec   *pspec)
{
  GEnumClass *enum_class = G_PARAM_SPEC_ENUM (pspec)->enum_class;
  const GValue *preset = g_param_spec_get_default_value (pspec);
  const GEnumValue *chosen = g_enum_get_value (enum_class, g_value_get_enum (preset));
  g_autoptr (GStrvBuilder) nicks = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  for (guint i = 0; i < enum_class->n_values; i++)
    g_strv_builder_add (nicks, enum_class->values[i].value_nick);
  words = g_strv_builder_end (nicks);
  g_variant_dict_insert (option, "values", "^as", words);
  if (chosen != NULL)
    add_text (option, "default", chosen->value_nick);
}

static void
add_default (GVariantDict *option,
             GParamSpec   *pspec)
{
  const GValue *preset = g_param_spec_get_default_value (pspec);
  GType type = pspec->value_type;
  g_auto (GValue) wide = G_VALUE_INIT;

  if (type == G_TYPE_BOOLEAN)
    g_variant_dict_insert (option, "default", "b", g_value_get_boolean (preset));
  else if (type == G_TYPE_STRING)
    add_text (option, "default", g_value_get_string (preset));
  else if (type == G_TYPE_STRV && g_value_get_boxed (preset) != NULL)
    g_variant_dict_insert (option, "default", "^as", g_value_get_boxed (preset));
  else if (type == G_TYPE_UINT || type == G_TYPE_UINT64 || type == G_TYPE_ULONG)
    {
      g_value_init (&wide, G_TYPE_UINT64);
      g_value_transform (preset, &wide);
      g_variant_dict_insert (option, "default", "t", g_value_get_uint64 (&wide));
    }
  else if (type == G_TYPE_INT || type == G_TYPE_INT64 || type == G_TYPE_LONG)
    {
      g_value_init (&wide, G_TYPE_INT64);
      g_value_transform (preset, &wide);
      g_variant_dict_insert (option, "default", "x", g_value_get_int64 (&wide));
    }
  else if (type == G_TYPE_FLOAT || type == G_TYPE_DOUBLE)
    {
      g_value_init (&wide, G_TYPE_DOUBLE);
      g_value_transform (preset, &wide);
      g_variant_dict_insert (option, "default", "d", g_value_get_double (&wide));
    }
}

static GVariant *
describe_option (GParamSpec *pspec)
{
  g_auto (GVariantDict) option = G_VARIANT_DICT_INIT (NULL);

  add_text (&option, "name", pspec->name);
  add_text (&option, "type", get_type_word (pspec->value_type));
  add_text (&option, "description", g_param_spec_get_blurb (pspec));
  add_range (&option, pspec);
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    add_enum (&option, pspec);
  else
    add_default (&option, pspec);

  return g_variant_dict_end (&option);
}

static GVariant *
describe_backend (MaltBackend *backend)
{
  g_auto (GVariantDict) description = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantBuilder) list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto (GStrv) capabilities =
    malt_cli_list_capabilities (malt_backend_get_capabilities (backend));
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);

  for (guint i = 0; i < n_options; i++)
    g_variant_builder_add_value (&list, describe_option (options[i]));

  add_text (&description, "name", malt_backend_get_name (backend));
  add_text (&description, "type", g_type_name (malt_backend_get_worker_type (backend)));
  add_text (&description, "path", malt_backend_get_path (backend));
  g_variant_dict_insert (&description, "capabilities", "^as", capabilities);
  g_variant_dict_insert_value (&description, "options", g_variant_builder_end (&list));

  return g_variant_dict_end (&description);
}

/* {"backends": […], "failures": {PATH: REASON, …}}; what has no value is left out. (transfer
 * full) */
char *
malt_cli_backends_to_json (GListModel *backends,
                           GHashTable *failures)
{
  g_auto (GVariantBuilder) list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto (GVariantDict) reasons = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantDict) all = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) value = NULL;
  GHashTableIter iter;
  gpointer path, reason;

  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      g_variant_builder_add_value (&list, describe_backend (backend));
    }
  g_hash_table_iter_init (&iter, failures);
  while (g_hash_table_iter_next (&iter, &path, &reason))
    {
      g_autofree char *shown = g_filename_display_name (path);

      add_text (&reasons, shown, reason);
    }

  g_variant_dict_insert_value (&all, "backends", g_variant_builder_end (&list));
  g_variant_dict_insert_value (&all, "failures", g_variant_dict_end (&reasons));
  value = g_variant_ref_sink (g_variant_dict_end (&all));

  return malt_cli_value_to_json (value);
}

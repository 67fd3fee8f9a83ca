/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

/* Source: JSON Schema, draft 7, which editors know best. */
#define SCHEMA_VERSION "http://json-schema.org/draft-07/schema#"

/* Of every file name in a configuration. */
#define PATH_RULE "relative ones start in the folder of this file, ~/ is the home folder"

static void
add_text (JsonBuilder *builder,
          const char  *name,
          const char  *text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

static void
begin_member (JsonBuilder *builder,
              const char  *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
}

static void
forbid_others (JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "additionalProperties");
  json_builder_add_boolean_value (builder, FALSE);
}

/* An option may be null: then it is what it is without the profile that is extended. */
static void
add_type (JsonBuilder *builder,
          const char  *type)
{
  json_builder_set_member_name (builder, "type");
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, type);
  json_builder_add_string_value (builder, "null");
  json_builder_end_array (builder);
}

static void
add_integers (JsonBuilder *builder,
              gint64       minimum,
              gint64       maximum)
{
  add_type (builder, "integer");
  json_builder_set_member_name (builder, "minimum");
  json_builder_add_int_value (builder, minimum);
  json_builder_set_member_name (builder, "maximum");
  json_builder_add_int_value (builder, maximum);
}

/* FALSE if it is no integer. A configuration has none beyond 64 bits with a sign. */
static gboolean
describe_integer (JsonBuilder *builder,
                  GParamSpec  *pspec)
{
#define DESCRIBE(TYPE)                                                                            \
  if (G_IS_PARAM_SPEC_##TYPE (pspec))                                                             \
    {                                                                                             \
      add_integers (builder, (gint64) G_PARAM_SPEC_##TYPE (pspec)->minimum,                       \
                    (gint64) G_PARAM_SPEC_##TYPE (pspec)->maximum);                               \
      return TRUE;                                                                                \
    }
#define DESCRIBE_LARGE(TYPE)                                                                      \
  if (G_IS_PARAM_SPEC_##TYPE (pspec))                                                             \
    {                                                                                             \
      add_integers (builder, (gint64) MIN (G_PARAM_SPEC_##TYPE (pspec)->minimum, G_MAXINT64),     \
                    (gint64) MIN (G_PARAM_SPEC_##TYPE (pspec)->maximum, G_MAXINT64));             \
      return TRUE;                                                                                \
    }

  DESCRIBE (CHAR)
  DESCRIBE (UCHAR)
  DESCRIBE (INT)
  DESCRIBE (UINT)
  DESCRIBE (LONG)
  DESCRIBE (INT64)
  DESCRIBE_LARGE (ULONG)
  DESCRIBE_LARGE (UINT64)

#undef DESCRIBE
#undef DESCRIBE_LARGE
  return FALSE;
}

static void
add_nicks (JsonBuilder *builder,
           GType        type)
{
  g_autoptr (GTypeClass) type_class = g_type_class_ref (type);

  json_builder_set_member_name (builder, "enum");
  json_builder_begin_array (builder);
  if (G_IS_ENUM_CLASS (type_class))
    {
      for (guint i = 0; i < G_ENUM_CLASS (type_class)->n_values; i++)
        json_builder_add_string_value (builder, G_ENUM_CLASS (type_class)->values[i].value_nick);
      json_builder_add_null_value (builder);
    }
  else
    {
      for (guint i = 0; i < G_FLAGS_CLASS (type_class)->n_values; i++)
        json_builder_add_string_value (builder, G_FLAGS_CLASS (type_class)->values[i].value_nick);
    }
  json_builder_end_array (builder);
}

static void
describe_array (JsonBuilder *builder,
                GType        type)
{
  add_type (builder, "array");
  begin_member (builder, "items");
  if (G_TYPE_IS_FLAGS (type))
    add_nicks (builder, type);
  else
    add_text (builder, "type", "string");
  json_builder_end_object (builder);
}

/* FALSE if a configuration cannot hold it. */
static gboolean
describe_type (JsonBuilder *builder,
               GParamSpec  *pspec)
{
  GType type = G_PARAM_SPEC_VALUE_TYPE (pspec);

  if (describe_integer (builder, pspec))
    return TRUE;
  if (type == G_TYPE_BOOLEAN)
    add_type (builder, "boolean");
  else if (type == G_TYPE_STRING)
    add_type (builder, "string");
  else if (type == G_TYPE_FLOAT || type == G_TYPE_DOUBLE)
    add_type (builder, "number");
  else if (G_TYPE_IS_ENUM (type))
    add_nicks (builder, type);
  else if (G_TYPE_IS_FLAGS (type) || type == G_TYPE_STRV)
    describe_array (builder, type);
  else if (type == G_TYPE_VARIANT)
    add_type (builder, "object");
  else
    return FALSE;

  return TRUE;
}

static void
add_option (JsonBuilder *builder,
            GParamSpec  *pspec)
{
  g_autofree char *description = malt_cli_describe_option (pspec);
  const char *blurb = g_param_spec_get_blurb (pspec);
  gboolean is_path = malt_param_spec_get_path_kind (pspec) != MALT_PATH_KIND_NONE;
  g_autofree char *text = g_strdup_printf ("%s%s(%s%s)", blurb != NULL ? blurb : "",
                                           blurb != NULL ? " " : "", description,
                                           is_path ? "; " PATH_RULE : "");

  begin_member (builder, pspec->name);
  add_text (builder, "description", text);
  if (!describe_type (builder, pspec))
    {
      json_builder_set_member_name (builder, "not");
      json_builder_begin_object (builder);
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);
}

static void
add_backend (JsonBuilder *builder,
             MaltBackend *backend)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);

  begin_member (builder, malt_backend_get_name (backend));
  add_text (builder, "type", "object");
  begin_member (builder, "properties");

  begin_member (builder, "backend");
  add_text (builder, "description", "Where the worker comes from");
  json_builder_set_member_name (builder, "enum");
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, malt_backend_get_name (backend));
  json_builder_add_null_value (builder);
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  begin_member (builder, "extends");
  add_text (builder, "description", "A profile whose backend and options are taken over");
  add_type (builder, "string");
  json_builder_end_object (builder);

  for (guint i = 0; i < n_options; i++)
    add_option (builder, options[i]);
  json_builder_end_object (builder);
  forbid_others (builder);
  json_builder_end_object (builder);
}

/* A profile is right for at least one of the backends: what it extends may have said which. */
static void
add_profiles (JsonBuilder *builder,
              GListModel  *backends)
{
  begin_member (builder, "profiles");
  add_text (builder, "type", "object");
  begin_member (builder, "additionalProperties");
  json_builder_set_member_name (builder, "anyOf");
  json_builder_begin_array (builder);
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);
      g_autofree char *reference = g_strconcat ("#/definitions/", malt_backend_get_name (backend),
                                                NULL);

      json_builder_begin_object (builder);
      add_text (builder, "$ref", reference);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
add_members (JsonBuilder *builder,
             GListModel  *backends)
{
  begin_member (builder, "properties");

  begin_member (builder, "$schema");
  add_text (builder, "type", "string");
  json_builder_end_object (builder);

  begin_member (builder, "default");
  add_text (builder, "description", "The profile, or backend, of those who name none");
  add_text (builder, "type", "string");
  json_builder_end_object (builder);

  begin_member (builder, "plugin-path");
  add_text (builder, "description", "Folders with plugins (" PATH_RULE ")");
  add_text (builder, "type", "array");
  begin_member (builder, "items");
  add_text (builder, "type", "string");
  json_builder_end_object (builder);
  json_builder_end_object (builder);

  if (g_list_model_get_n_items (backends) > 0)
    add_profiles (builder, backends);
  json_builder_end_object (builder);
}

/* (transfer full) */
char *
malt_cli_make_schema (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GListModel) backends = malt_list_backends ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_text (builder, "$schema", SCHEMA_VERSION);
  add_text (builder, "title", "malt configuration");
  add_text (builder, "type", "object");
  add_members (builder, backends);
  forbid_others (builder);

  begin_member (builder, "definitions");
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      add_backend (builder, backend);
    }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);

  return malt_cli_node_to_json (root, TRUE);
}

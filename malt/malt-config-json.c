/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-json-private.h"

#include "malt/malt-config-syntax-private.h"
#include "malt/malt-text-private.h"

/* How much of a value a message shows, in bytes: enough to know it again. */
#define MAX_SHOWN_BYTES 60u

struct _MaltConfigJson
{
  JsonParser *parser;
  GHashTable *lines;   /* JsonNode, not owned → line (guint) */
  GHashTable *seconds; /* set of JsonNode, not owned */

  /* While it is parsed: the containers that are open, the innermost last. */
  GPtrArray  *names;      /* GHashTable or NULL, owned: the names in an object so far */
  GArray     *starts;     /* guint: the line it began in */
  guint       last_start; /* of the container that was closed last */
};

static void
open_container (MaltConfigJson *self,
                GHashTable     *names)
{
  guint line = (guint) json_parser_get_current_line (self->parser);

  g_ptr_array_add (self->names, names);
  g_array_append_val (self->starts, line);
}

static void
on_object_start (JsonParser *parser,
                 gpointer    user_data)
{
  open_container (user_data, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL));
}

static void
on_array_start (JsonParser *parser,
                gpointer    user_data)
{
  open_container (user_data, NULL);
}

static void
on_container_end (JsonParser *parser,
                  gpointer    container,
                  gpointer    user_data)
{
  MaltConfigJson *self = user_data;
  guint innermost = self->starts->len - 1;

  self->last_start = g_array_index (self->starts, guint, innermost);
  g_array_set_size (self->starts, innermost);
  g_ptr_array_set_size (self->names, (int) innermost);
}

/* The parser says it when it has read the value: a container has just been closed. */
static void
note_line (MaltConfigJson *self,
           JsonNode       *node)
{
  guint line = (guint) json_parser_get_current_line (self->parser);

  if (JSON_NODE_HOLDS_OBJECT (node) || JSON_NODE_HOLDS_ARRAY (node))
    line = self->last_start;
  g_hash_table_insert (self->lines, node, GUINT_TO_POINTER (line));
}

static void
on_object_member (JsonParser *parser,
                  JsonObject *object,
                  const char *name,
                  gpointer    user_data)
{
  MaltConfigJson *self = user_data;
  JsonNode *node = json_object_get_member (object, name);
  GHashTable *names = g_ptr_array_index (self->names, self->names->len - 1);

  note_line (self, node);
  /* A value that was replaced is gone, and a new one may have its address. */
  if (g_hash_table_add (names, g_strdup (name)))
    g_hash_table_remove (self->seconds, node);
  else
    g_hash_table_add (self->seconds, node);
}

static void
on_array_element (JsonParser *parser,
                  JsonArray  *array,
                  int         index,
                  gpointer    user_data)
{
  note_line (user_data, json_array_get_element (array, (guint) index));
}

static void
free_names (gpointer names)
{
  g_clear_pointer ((GHashTable **) &names, g_hash_table_unref);
}

static MaltConfigJson *
new_empty (void)
{
  MaltConfigJson *self = g_new0 (MaltConfigJson, 1);

  self->parser = json_parser_new ();
  self->lines = g_hash_table_new (NULL, NULL);
  self->seconds = g_hash_table_new (NULL, NULL);
  self->names = g_ptr_array_new_with_free_func (free_names);
  self->starts = g_array_new (FALSE, FALSE, sizeof (guint));

  g_signal_connect (self->parser, "object-start", G_CALLBACK (on_object_start), self);
  g_signal_connect (self->parser, "object-end", G_CALLBACK (on_container_end), self);
  g_signal_connect (self->parser, "object-member", G_CALLBACK (on_object_member), self);
  g_signal_connect (self->parser, "array-start", G_CALLBACK (on_array_start), self);
  g_signal_connect (self->parser, "array-end", G_CALLBACK (on_container_end), self);
  g_signal_connect (self->parser, "array-element", G_CALLBACK (on_array_element), self);

  return self;
}

MaltConfigJson *
malt_config_json_new (const char  *text,
                      gsize        length,
                      char       **mistake,
                      guint       *line)
{
  g_autoptr (MaltConfigJson) self = NULL;
  g_autoptr (GError) error = NULL;

  *mistake = malt_config_syntax_find_mistake (text, length, line);
  if (*mistake != NULL)
    return NULL;

  self = new_empty ();
  if (!json_parser_load_from_data (self->parser, text, (gssize) length, &error))
    {
      /* Its line is part of the message, which begins “<data>:LINE:”. */
      *line = 1;
      *mistake = g_strdup_printf ("it is not JSON: %s", error->message);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
malt_config_json_free (MaltConfigJson *self)
{
  g_signal_handlers_disconnect_by_data (self->parser, self);
  g_clear_object (&self->parser);
  g_clear_pointer (&self->lines, g_hash_table_unref);
  g_clear_pointer (&self->seconds, g_hash_table_unref);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->starts, g_array_unref);
  g_free (self);
}

JsonNode *
malt_config_json_get_root (MaltConfigJson *self)
{
  return json_parser_get_root (self->parser);
}

guint
malt_config_json_get_line (MaltConfigJson *self,
                           JsonNode       *node)
{
  guint line = GPOINTER_TO_UINT (g_hash_table_lookup (self->lines, node));

  return line > 0 ? line : 1;
}

gboolean
malt_config_json_is_second (MaltConfigJson *self,
                            JsonNode       *node)
{
  return g_hash_table_contains (self->seconds, node);
}

char *
malt_config_json_show (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);

  return malt_text_dup_valid (text, MAX_SHOWN_BYTES);
}

static gboolean
holds_only_strings (JsonArray *array)
{
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (json_node_get_value_type (json_array_get_element (array, i)) != G_TYPE_STRING)
        return FALSE;
    }

  return TRUE;
}

static GVariant *
array_to_variant (JsonArray *array)
{
  gboolean is_strv = holds_only_strings (array);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (is_strv ? G_VARIANT_TYPE_STRING_ARRAY
                                                                     : G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      GVariant *value = malt_config_json_to_variant (json_array_get_element (array, i));

      if (value == NULL)
        return NULL;
      g_variant_builder_add_value (&builder, is_strv ? value : g_variant_new_variant (value));
    }

  return g_variant_builder_end (&builder);
}

static GVariant *
object_to_variant (JsonObject *object)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member))
    {
      GVariant *value = malt_config_json_to_variant (member);

      if (value == NULL)
        return NULL;
      g_variant_dict_insert_value (&dict, name, value);
    }

  return g_variant_dict_end (&dict);
}

GVariant *
malt_config_json_to_variant (JsonNode *node)
{
  if (JSON_NODE_HOLDS_NULL (node))
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (node))
    return object_to_variant (json_node_get_object (node));
  if (JSON_NODE_HOLDS_ARRAY (node))
    return array_to_variant (json_node_get_array (node));

  switch (json_node_get_value_type (node))
    {
    case G_TYPE_BOOLEAN:
      return g_variant_new_boolean (json_node_get_boolean (node));
    case G_TYPE_INT64:
      return g_variant_new_int64 (json_node_get_int (node));
    case G_TYPE_DOUBLE:
      return g_variant_new_double (json_node_get_double (node));
    default:
      return g_variant_new_string (json_node_get_string (node));
    }
}

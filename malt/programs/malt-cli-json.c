/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <math.h>
#include <string.h>

/* Source: the JSON mapping of Protocol Buffers 3 for bytes, 64-bit integers and the numbers that
 * JSON does not have; RFC 8259, section 6, for the range in which readers agree on integers. */
#define JSON_MAX_INTEGER G_GINT64_CONSTANT (9007199254740992) /* 2^53 */

static JsonNode *value_to_node (GVariant *value);

static JsonNode *
new_string_node (const char *text)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);

  json_node_set_string (node, text);
  return node;
}

static JsonNode *
new_integer_node (gint64 number)
{
  g_autofree char *decimal = NULL;
  JsonNode *node;

  if (number >= -JSON_MAX_INTEGER && number <= JSON_MAX_INTEGER)
    {
      node = json_node_new (JSON_NODE_VALUE);
      json_node_set_int (node, number);
      return node;
    }

  decimal = g_strdup_printf ("%" G_GINT64_FORMAT, number);
  return new_string_node (decimal);
}

static JsonNode *
new_unsigned_node (guint64 number)
{
  g_autofree char *decimal = NULL;

  if (number <= JSON_MAX_INTEGER)
    return new_integer_node ((gint64) number);

  decimal = g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  return new_string_node (decimal);
}

static JsonNode *
new_double_node (double number)
{
  JsonNode *node;

  if (isnan (number))
    return new_string_node ("NaN");
  if (isinf (number))
    return new_string_node (number > 0 ? "Infinity" : "-Infinity");

  node = json_node_new (JSON_NODE_VALUE);
  json_node_set_double (node, number);
  return node;
}

static JsonNode *
new_boolean_node (gboolean truth)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);

  json_node_set_boolean (node, truth);
  return node;
}

static JsonNode *
new_base64_node (GVariant *bytes)
{
  gsize size;
  const guint8 *data = g_variant_get_fixed_array (bytes, &size, 1);
  g_autofree char *text = g_base64_encode (data, size);

  return new_string_node (text);
}

static JsonNode *
new_object_node (GVariant *dictionary)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  GVariantIter iter;
  GVariant *entry;

  g_variant_iter_init (&iter, dictionary);
  while ((entry = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr (GVariant) owned_entry = entry;
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) member = g_variant_get_child_value (entry, 1);
      g_autofree char *name = NULL;

      if (g_variant_is_of_type (key, G_VARIANT_TYPE_STRING))
        name = g_variant_dup_string (key, NULL);
      else
        name = g_variant_print (key, FALSE);
      json_object_set_member (object, name, value_to_node (member));
    }

  json_node_set_object (node, object);
  return node;
}

static JsonNode *
new_array_node (GVariant *container)
{
  g_autoptr (JsonArray) array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (gsize i = 0; i < g_variant_n_children (container); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (container, i);
      json_array_add_element (array, value_to_node (child));
    }

  json_node_set_array (node, array);
  return node;
}

static JsonNode *
container_to_node (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return new_base64_node (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICTIONARY))
    return new_object_node (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UNIT))
    return json_node_new (JSON_NODE_NULL);

  return new_array_node (value);
}

/* How deep this recurses is bounded by GVariant itself, which refuses values beyond
 * G_VARIANT_MAX_RECURSION_DEPTH. */
static JsonNode *
value_to_node (GVariant *value)
{
  g_autoptr (GVariant) child = NULL;

  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      return new_boolean_node (g_variant_get_boolean (value));
    case G_VARIANT_CLASS_BYTE:
      return new_integer_node (g_variant_get_byte (value));
    case G_VARIANT_CLASS_INT16:
      return new_integer_node (g_variant_get_int16 (value));
    case G_VARIANT_CLASS_UINT16:
      return new_integer_node (g_variant_get_uint16 (value));
    case G_VARIANT_CLASS_INT32:
      return new_integer_node (g_variant_get_int32 (value));
    case G_VARIANT_CLASS_UINT32:
      return new_integer_node (g_variant_get_uint32 (value));
    case G_VARIANT_CLASS_HANDLE:
      return new_integer_node (g_variant_get_handle (value));
    case G_VARIANT_CLASS_INT64:
      return new_integer_node (g_variant_get_int64 (value));
    case G_VARIANT_CLASS_UINT64:
      return new_unsigned_node (g_variant_get_uint64 (value));
    case G_VARIANT_CLASS_DOUBLE:
      return new_double_node (g_variant_get_double (value));

    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      return new_string_node (g_variant_get_string (value, NULL));

    case G_VARIANT_CLASS_VARIANT:
      child = g_variant_get_variant (value);
      return value_to_node (child);

    case G_VARIANT_CLASS_MAYBE:
      child = g_variant_get_maybe (value);
      return child != NULL ? value_to_node (child) : json_node_new (JSON_NODE_NULL);

    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      return container_to_node (value);
    }
}

/* Nothing but strings has such characters, and in them each can be written so. */
char *
malt_cli_node_to_json (JsonNode *node,
                       gboolean  is_pretty)
{
  g_autofree char *json = json_to_string (node, is_pretty);
  GString *text = g_string_sized_new (strlen (json));

  for (const char *rest = json, *next; *rest != '\0'; rest = next)
    {
      gunichar character = g_utf8_get_char (rest);

      next = g_utf8_next_char (rest);
      if (malt_terminal_acts_on (character))
        g_string_append_printf (text, "\\u%04x", character);
      else
        g_string_append_len (text, rest, next - rest);
    }

  return g_string_free (text, FALSE);
}

char *
malt_cli_value_to_json (GVariant *value)
{
  g_autoptr (JsonNode) node = value_to_node (value);

  return malt_cli_node_to_json (node, FALSE);
}

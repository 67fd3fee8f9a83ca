/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

#include "recording.h"

#include <string.h>

#define CALL "(sv@a{sv})"
#define LINE "((sva{sv})a{sv})"

/* (transfer full): what a call is known by. */
static GVariant *
new_call (MaltCall *call)
{
  return g_variant_ref_sink (g_variant_new (CALL, malt_call_get_function (call),
                                            malt_call_get_args (call),
                                            malt_call_get_kwargs (call)));
}

static gboolean
is_deeper_than (GVariant *value, guint depth)
{
  const GVariantType *type = g_variant_get_type (value);
  gboolean is_deeper = FALSE;

  if (!g_variant_type_is_container (type)
      || (g_variant_type_is_array (type)
          && g_variant_type_is_basic (g_variant_type_element (type))))
    return FALSE;
  if (depth == 0)
    return TRUE;

  for (gsize i = 0; i < g_variant_n_children (value) && !is_deeper; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      is_deeper = is_deeper_than (child, depth - 1);
    }
  return is_deeper;
}

char *
recording_print (MaltCall *call, GVariant *value, const GError *error)
{
  g_autoptr (GVariant) described = new_call (call);
  g_autoptr (GVariant) outcome = malt_call_dup_outcome (call, value, error);
  GVariant *const members[] = { described, outcome };
  g_autoptr (GVariant) line = g_variant_ref_sink (g_variant_new_tuple (members, 2));
  g_autoptr (GString) text = g_string_new (NULL);

  if (g_variant_get_size (line) <= RECORDING_MAX_LINE_BYTES
      && !is_deeper_than (line, RECORDING_MAX_DEPTH))
    g_variant_print_string (line, text, TRUE);
  if (text->len == 0 || text->len > RECORDING_MAX_LINE_BYTES)
    {
      g_autofree char *function = g_strescape (malt_call_get_function (call), NULL);

      g_string_printf (text, "# too large or too deep: a call of %s", function);
    }
  g_string_append_c (text, '\n');
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
free_outcomes (gpointer outcomes)
{
  g_queue_free_full (outcomes, (GDestroyNotify) g_variant_unref);
}

static GBytes *
dup_key (GVariant *call)
{
  g_autoptr (GVariant) normal = g_variant_get_normal_form (call);

  return g_variant_get_data_as_bytes (normal);
}

static void
add_line (GHashTable *self, GVariant *line)
{
  g_autoptr (GVariant) call = g_variant_get_child_value (line, 0);
  g_autoptr (GBytes) key = dup_key (call);
  GQueue *outcomes = g_hash_table_lookup (self, key);

  if (outcomes == NULL)
    {
      outcomes = g_queue_new ();
      g_hash_table_insert (self, g_steal_pointer (&key), outcomes);
    }

  /* That makes it one piece: a tree of what has been parsed takes a hundred times as much. */
  g_variant_get_data (line);
  g_queue_push_tail (outcomes, g_variant_get_child_value (line, 1));
}

static gboolean
parse_line (GHashTable *self, const char *text, gsize length, GError **error)
{
  g_autoptr (GVariant) line = NULL;

  if (length == 0 || *text == '#')
    return TRUE;

  if (length > RECORDING_MAX_LINE_BYTES)
    g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT, "it has %" G_GSIZE_FORMAT " bytes, of which "
                 "%u can be read", length, RECORDING_MAX_LINE_BYTES);
  else
    line = malt_parse_variant (G_VARIANT_TYPE (LINE), text, length, error);

  if (line != NULL)
    add_line (self, line);
  return line != NULL;
}

static char *
load (const char *path, gsize *length, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info =
    g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                       G_FILE_QUERY_INFO_NONE, NULL, error);
  char *text = NULL;

  if (info == NULL)
    return NULL;

  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR
      || g_file_info_get_size (info) > RECORDING_MAX_FILE_BYTES)
    g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                 "Cannot read “%s”: expected a file of at most %u bytes", path,
                 RECORDING_MAX_FILE_BYTES);
  else if (g_file_info_get_size (info) == 0)
    return g_strdup (""); /* Some below /proc that say so are read without end. */
  else if (!g_file_get_contents (path, &text, length, error))
    return NULL;

  return text;
}

GHashTable *
recording_read (const char *path, GError **error)
{
  g_autoptr (GHashTable) self = g_hash_table_new_full (g_bytes_hash, g_bytes_equal,
                                                       (GDestroyNotify) g_bytes_unref,
                                                       free_outcomes);
  gsize length = 0;
  g_autofree char *text = load (path, &length, error);
  guint number = 1;

  if (text == NULL)
    return NULL;

  for (const char *line = text; line < text + length; number++)
    {
      const char *newline = memchr (line, '\n', text + length - line);
      const char *line_end = newline != NULL ? newline : text + length;

      if (!parse_line (self, line, line_end - line, error))
        {
          g_prefix_error (error, "Cannot read “%s”, line %u: ", path, number);
          return NULL;
        }
      line = line_end + 1;
    }

  return g_steal_pointer (&self);
}

GVariant *
recording_take (GHashTable *self, MaltCall *call)
{
  g_autoptr (GVariant) described = new_call (call);
  g_autoptr (GBytes) key = dup_key (described);
  GQueue *outcomes = g_hash_table_lookup (self, key);

  return outcomes != NULL ? g_queue_pop_head (outcomes) : NULL;
}

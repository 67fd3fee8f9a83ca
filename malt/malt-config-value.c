/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-value-private.h"

#include "malt/malt-option-value-private.h"
#include "malt/malt-param-path.h"

#include <string.h>
#include <sys/auxv.h>

/* Not of somebody else, as in a shell, and not in a setuid program: whoever starts it must not
 * choose what a file of the system means. */
static gboolean
is_in_home (const char *path)
{
  return path[0] == '~' && (path[1] == '\0' || path[1] == '/') && getauxval (AT_SECURE) == 0;
}

char *
malt_config_value_resolve_path (const char *path,
                                const char *folder)
{
  g_autofree char *in_home = NULL;

  if (is_in_home (path))
    in_home = g_build_filename (g_get_home_dir (), path + 1, NULL);

  return g_canonicalize_filename (in_home != NULL ? in_home : path, folder);
}

/* An empty name is the backend's to refuse. (transfer full) */
static char *
resolve_path (const char   *path,
              MaltPathKind  kind,
              const char   *folder)
{
  gboolean is_path = kind == MALT_PATH_KIND_FILE || strchr (path, '/') != NULL;

  return is_path && *path != '\0' ? malt_config_value_resolve_path (path, folder)
                                  : g_strdup (path);
}

static void
resolve_paths (GValue       *value,
               MaltPathKind  kind,
               const char   *folder)
{
  if (G_VALUE_HOLDS_STRING (value))
    {
      g_value_take_string (value, resolve_path (g_value_get_string (value), kind, folder));
    }
  else
    {
      const char *const *paths = g_value_get_boxed (value);
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

      for (gsize i = 0; paths[i] != NULL; i++)
        {
          g_autofree char *path = resolve_path (paths[i], kind, folder);

          g_strv_builder_add (builder, path);
        }
      g_value_take_boxed (value, g_strv_builder_end (builder));
    }
}

char *
malt_config_value_read (GParamSpec *pspec,
                        JsonNode   *node,
                        const char *folder,
                        GValue     *value)
{
  g_autoptr (GVariant) variant = malt_config_json_to_variant (node);
  MaltPathKind kind = malt_param_spec_get_path_kind (pspec);

  if (variant != NULL)
    g_variant_ref_sink (variant);

  g_value_init (value, G_PARAM_SPEC_VALUE_TYPE (pspec));
  if (variant == NULL || !malt_option_value_convert (variant, value)
      || !malt_option_value_is_in_range (pspec, value))
    {
      g_autofree char *found = malt_config_json_show (node);
      g_autofree char *allowed = malt_option_value_describe_allowed (pspec);
      g_autofree char *suggestion = malt_option_value_suggest (pspec, variant);

      return g_strdup_printf ("found %s, but it takes %s%s", found, allowed, suggestion);
    }

  if (kind != MALT_PATH_KIND_NONE)
    resolve_paths (value, kind, folder);

  return NULL;
}

static JsonNode *
new_string_node (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  return json_node_init_string (json_node_alloc (), valid);
}

static JsonNode *
new_strings_node (const char *const *strings)
{
  g_autoptr (JsonArray) array = json_array_new ();

  for (gsize i = 0; strings[i] != NULL; i++)
    json_array_add_element (array, new_string_node (strings[i]));

  return json_node_init_array (json_node_alloc (), array);
}

char *
malt_config_value_show (GParamSpec   *pspec,
                        JsonNode     *node,
                        const GValue *value)
{
  g_autoptr (JsonNode) resolved = NULL;

  if (malt_param_spec_get_path_kind (pspec) == MALT_PATH_KIND_NONE)
    return json_to_string (node, FALSE);

  resolved = G_VALUE_HOLDS_STRING (value) ? new_string_node (g_value_get_string (value))
                                          : new_strings_node (g_value_get_boxed (value));

  return json_to_string (resolved, FALSE);
}

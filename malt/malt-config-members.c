/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-members-private.h"

#define MEMBER_SCHEMA "$schema"
#define MEMBER_DEFAULT "default"
#define MEMBER_PLUGIN_PATH "plugin-path"
#define MEMBER_PROFILES "profiles"

/* Nobody has more to choose from; a name that is mistaken is compared with all of them. */
#define PROFILES_MAX 256u

/* Each is searched for every plugin that is looked for. */
#define PLUGIN_FOLDERS_MAX 64u

static void
add_wrong (JsonNode           *node,
           const char         *path,
           const char         *allowed,
           MaltConfigJson     *json,
           MaltConfigMistakes *mistakes)
{
  g_autofree char *found = malt_config_json_show (node);

  malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), path,
                            "found %s, but it takes %s", found, allowed);
}

static gboolean
is_text (JsonNode *node)
{
  return json_node_get_value_type (node) == G_TYPE_STRING && *json_node_get_string (node) != '\0';
}

/* How deep this recurses is bounded by MALT_CONFIG_DEPTH_MAX. */
static void
find_seconds (JsonNode           *node,
              const char         *path,
              MaltConfigJson     *json,
              MaltConfigMistakes *mistakes)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          g_autofree char *element = g_strdup_printf ("%s[%u]", path != NULL ? path : "", i);

          find_seconds (json_array_get_element (array, i), element, json, mistakes);
        }
    }
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return;

  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_autofree char *below = malt_config_mistakes_join (path, name);

      if (malt_config_json_is_second (json, member))
        malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, member), below,
                                  "it is there twice");
      find_seconds (member, below, json, mistakes);
    }
}

static void
check_names (JsonObject         *root,
             MaltConfigJson     *json,
             MaltConfigMistakes *mistakes)
{
  static const char *const known[] = { MEMBER_DEFAULT, MEMBER_PLUGIN_PATH, MEMBER_PROFILES,
                                       MEMBER_SCHEMA, NULL };
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, root);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    {
      g_autofree char *suggestion = NULL;
      g_autofree char *path = NULL;

      if (g_strv_contains (known, name))
        continue;

      suggestion = malt_config_mistakes_suggest (name, known);
      path = malt_config_mistakes_join (NULL, name);
      malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), path,
                                "there is no such member%s", suggestion);
    }
}

static void
check_plugin_path (JsonNode           *node,
                   MaltConfigJson     *json,
                   MaltConfigMistakes *mistakes)
{
  guint n_elements;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    {
      add_wrong (node, MEMBER_PLUGIN_PATH, "an array of folders", json, mistakes);
      return;
    }

  n_elements = json_array_get_length (json_node_get_array (node));
  if (n_elements > PLUGIN_FOLDERS_MAX)
    malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), MEMBER_PLUGIN_PATH,
                              "found %u folders, but at most %u can be searched", n_elements,
                              PLUGIN_FOLDERS_MAX);
  for (guint i = 0; i < n_elements && !malt_config_mistakes_is_full (mistakes); i++)
    {
      JsonNode *element = json_array_get_element (json_node_get_array (node), i);
      g_autofree char *path = g_strdup_printf (MEMBER_PLUGIN_PATH "[%u]", i);

      if (!is_text (element))
        add_wrong (element, path, "the name of a folder", json, mistakes);
    }
}

static gboolean
is_printable (const char *name)
{
  for (; *name != '\0'; name = g_utf8_next_char (name))
    {
      if (g_unichar_iscntrl (g_utf8_get_char (name)))
        return FALSE;
    }

  return TRUE;
}

static void
check_profiles (JsonNode           *node,
                MaltConfigJson     *json,
                MaltConfigMistakes *mistakes)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *profile;
  guint n_profiles;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    {
      add_wrong (node, MEMBER_PROFILES, "an object of profiles", json, mistakes);
      return;
    }

  n_profiles = json_object_get_size (json_node_get_object (node));
  if (n_profiles > PROFILES_MAX)
    malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), MEMBER_PROFILES,
                              "found %u profiles, but there may be %u at most", n_profiles,
                              PROFILES_MAX);

  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &name, &profile))
    {
      g_autofree char *path = malt_config_mistakes_join (MEMBER_PROFILES, name);

      if (*name == '\0' || !is_printable (name))
        malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, profile), path,
                                  "the name of a profile is %s",
                                  *name == '\0' ? "empty" : "one that cannot be printed");
      if (!JSON_NODE_HOLDS_OBJECT (profile))
        add_wrong (profile, path, "an object of options", json, mistakes);
    }
}

gboolean
malt_config_members_read (MaltConfigMembers  *self,
                          MaltConfigJson     *json,
                          MaltConfigMistakes *mistakes)
{
  JsonNode *root = malt_config_json_get_root (json);
  JsonObject *object;
  JsonNode *profiles, *schema;

  if (!JSON_NODE_HOLDS_OBJECT (root))
    {
      add_wrong (root, NULL, "an object", json, mistakes);
      return FALSE;
    }

  find_seconds (root, NULL, json, mistakes);
  object = json_node_get_object (root);
  check_names (object, json, mistakes);
  schema = json_object_get_member (object, MEMBER_SCHEMA);
  self->default_profile = json_object_get_member (object, MEMBER_DEFAULT);
  self->plugin_path = json_object_get_member (object, MEMBER_PLUGIN_PATH);
  profiles = json_object_get_member (object, MEMBER_PROFILES);

  if (schema != NULL && !is_text (schema))
    add_wrong (schema, MEMBER_SCHEMA, "the address of a schema", json, mistakes);
  if (self->default_profile != NULL && !is_text (self->default_profile))
    add_wrong (self->default_profile, MEMBER_DEFAULT, "the name of a profile or of a backend",
               json, mistakes);
  if (self->plugin_path != NULL)
    check_plugin_path (self->plugin_path, json, mistakes);
  if (profiles != NULL)
    check_profiles (profiles, json, mistakes);
  if (malt_config_mistakes_count (mistakes) > 0)
    return FALSE;

  self->profiles = profiles != NULL ? json_node_get_object (profiles) : NULL;
  return TRUE;
}

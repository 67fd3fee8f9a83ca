/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-chain-private.h"

/* How many profiles may extend one another in a row. Nobody can follow more of them than a few, and
 * every profile is followed to its end. */
#define CHAIN_MAX 16u

/* NULL if it is no name. */
static const char *
get_name (JsonNode *node)
{
  const char *name = json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                      : NULL;

  return name != NULL && *name != '\0' ? name : NULL;
}

static char *
explain_unknown (const char *name,
                 JsonObject *profiles)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GList) members = json_object_get_members (profiles);
  g_autofree char *suggestion = NULL;

  for (GList *l = members; l != NULL; l = l->next)
    g_ptr_array_add (names, l->data);
  g_ptr_array_add (names, NULL);
  suggestion = malt_config_mistakes_suggest (name, (const char *const *) names->pdata);

  return g_strdup_printf ("there is no profile “%s”%s", name, suggestion);
}

/* "“a” extends “b” extends “a”" */
static char *
explain_circle (GPtrArray *chain)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < chain->len; i++)
    g_string_append_printf (text, "“%s” extends ", (const char *) chain->pdata[i]);
  g_string_append_printf (text, "“%s”", (const char *) chain->pdata[0]);

  return g_string_free (text, FALSE);
}

/* What is wrong with the last of `chain` extending `extends`, and is to be said of the first; NULL
 * if nothing. What is wrong further on is said of another, when its own turn comes. */
static char *
find_mistake (GPtrArray  *chain,
              JsonObject *profiles,
              JsonNode   *extends,
              gboolean   *is_broken)
{
  const char *name = get_name (extends);

  *is_broken = TRUE;
  if (name == NULL && chain->len == 1)
    {
      g_autofree char *found = malt_config_json_show (extends);

      return g_strdup_printf ("found %s, but it takes the name of a profile", found);
    }
  if (name == NULL || !json_object_has_member (profiles, name))
    return chain->len == 1 ? explain_unknown (name, profiles) : NULL;
  if (g_ptr_array_find_with_equal_func (chain, name, g_str_equal, NULL))
    return g_str_equal (chain->pdata[0], name) ? explain_circle (chain) : NULL;
  if (chain->len == CHAIN_MAX)
    return g_strdup_printf ("more than %u profiles extend one another", CHAIN_MAX);

  *is_broken = FALSE;
  return NULL;
}

static JsonNode *
get_extends (JsonObject *profiles,
             const char *name)
{
  JsonNode *node = json_object_get_member (json_object_get_object_member (profiles, name),
                                           MALT_CONFIG_MEMBER_EXTENDS);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

GPtrArray *
malt_config_chain_new (const char         *name,
                       JsonObject         *profiles,
                       MaltConfigJson     *json,
                       MaltConfigMistakes *mistakes)
{
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  JsonNode *first = get_extends (profiles, name);
  gboolean is_broken = FALSE;

  g_ptr_array_add (chain, (char *) name);
  for (JsonNode *extends = first; extends != NULL && !is_broken;)
    {
      g_autofree char *mistake = find_mistake (chain, profiles, extends, &is_broken);

      if (mistake != NULL)
        {
          g_autofree char *profile = malt_config_mistakes_join ("profiles", name);
          g_autofree char *path = malt_config_mistakes_join (profile, MALT_CONFIG_MEMBER_EXTENDS);

          malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, first), path, "%s",
                                    mistake);
        }
      if (!is_broken)
        {
          g_ptr_array_add (chain, (char *) get_name (extends));
          extends = get_extends (profiles, get_name (extends));
        }
    }

  return is_broken ? NULL : g_steal_pointer (&chain);
}

const char *
malt_config_chain_get_backend (GPtrArray   *chain,
                               JsonObject  *profiles,
                               const char **origin)
{
  for (guint i = 0; i < chain->len; i++)
    {
      JsonObject *profile = json_object_get_object_member (profiles, chain->pdata[i]);
      JsonNode *node = json_object_get_member (profile, MALT_CONFIG_MEMBER_BACKEND);

      if (node != NULL && !JSON_NODE_HOLDS_NULL (node))
        {
          *origin = chain->pdata[i];
          return get_name (node);
        }
    }

  *origin = NULL;
  return MALT_CONFIG_DEFAULT_BACKEND;
}

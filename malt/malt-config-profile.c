/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-profile-private.h"

#include "malt/malt-config-chain-private.h"
#include "malt/malt-config-value-private.h"
#include "malt/malt-names-private.h"

#include <string.h>

typedef struct
{
  GParamSpec *pspec;  /* the backend's */
  GValue      value;
  char       *shown;  /* as JSON */
  char       *origin; /* the profile that says it */
  guint       line;   /* where */
} Option;

struct _MaltConfigProfile
{
  char        *name;   /* NULL: only a backend */
  MaltBackend *backend;
  char        *origin; /* the profile that names the backend; NULL: none */
  GArray      *options; /* Option */
};

/* Of what the profiles of a file take over, in all: as much as a file may have. A few profiles with
 * large values that many others extend would otherwise fill the memory. */
#define TAKEN_OVER_MAX_BYTES (1u << 20)

/* What the steps of reading a profile hand to each other. */
typedef struct
{
  MaltConfigProfile  *profile;
  JsonObject         *profiles;
  MaltConfigJson     *json;
  const char         *folder;
  MaltConfigMistakes *mistakes;
  GHashTable         *seen;     /* set of names, those of the JSON */
  gsize              *n_taken;  /* bytes that were taken over, of the file */
} Reader;

static void
clear_option (gpointer data)
{
  Option *option = data;

  if (G_IS_VALUE (&option->value))
    g_value_unset (&option->value);
  g_free (option->shown);
  g_free (option->origin);
}

static MaltConfigProfile *
new_profile (const char  *name,
             MaltBackend *backend,
             const char  *origin)
{
  MaltConfigProfile *self = g_new0 (MaltConfigProfile, 1);

  self->name = g_strdup (name);
  self->backend = g_object_ref (backend);
  self->origin = g_strdup (origin);
  self->options = g_array_new (FALSE, TRUE, sizeof (Option));
  g_array_set_clear_func (self->options, clear_option);

  return self;
}

void
malt_config_profile_free (MaltConfigProfile *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_object (&self->backend);
  g_clear_pointer (&self->origin, g_free);
  g_clear_pointer (&self->options, g_array_unref);
  g_free (self);
}

static char *
explain_unknown_option (MaltBackend *backend,
                        const char  *name)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *suggestion = NULL;

  for (guint i = 0; i < n_options; i++)
    g_ptr_array_add (names, (char *) options[i]->name);
  g_ptr_array_add (names, (char *) MALT_CONFIG_MEMBER_BACKEND);
  g_ptr_array_add (names, (char *) MALT_CONFIG_MEMBER_EXTENDS);
  g_ptr_array_add (names, NULL);
  suggestion = malt_config_mistakes_suggest (name, (const char *const *) names->pdata);

  return g_strdup_printf ("there is no such option of backend “%s”%s",
                          malt_backend_get_name (backend), suggestion);
}

/* Whether the profile that says it has the same backend as the one that is read, and so has said
 * what is wrong. */
static gboolean
is_noted_elsewhere (Reader     *reader,
                    const char *origin)
{
  g_autoptr (GPtrArray) chain = NULL;
  g_autoptr (MaltConfigMistakes) none = NULL;
  const char *backend;
  const char *namer;

  if (g_str_equal (origin, reader->profile->name))
    return FALSE;

  none = malt_config_mistakes_new ("");
  chain = malt_config_chain_new (origin, reader->profiles, reader->json, none);
  backend = chain != NULL ? malt_config_chain_get_backend (chain, reader->profiles, &namer) : NULL;

  return g_strcmp0 (backend, malt_backend_get_name (reader->profile->backend)) == 0;
}

static void
add_mistake (Reader     *reader,
             const char *origin,
             const char *name,
             JsonNode   *node,
             const char *mistake)
{
  g_autofree char *profile = malt_config_mistakes_join ("profiles", origin);
  g_autofree char *path = malt_config_mistakes_join (profile, name);
  guint line = malt_config_json_get_line (reader->json, node);

  if (is_noted_elsewhere (reader, origin))
    return;

  if (g_str_equal (origin, reader->profile->name))
    malt_config_mistakes_add (reader->mistakes, line, path, "%s", mistake);
  else
    malt_config_mistakes_add (reader->mistakes, line, path,
                              "%s (for profile “%s”, which extends it)", mistake,
                              reader->profile->name);
}

static void
read_option (Reader     *reader,
             const char *origin,
             const char *name,
             JsonNode   *node)
{
  g_autofree char *mistake = NULL;
  Option option = { .line = malt_config_json_get_line (reader->json, node) };

  option.pspec = malt_backend_find_option (reader->profile->backend, name);
  mistake = option.pspec != NULL
              ? malt_config_value_read (option.pspec, node, reader->folder, &option.value)
              : explain_unknown_option (reader->profile->backend, name);
  if (mistake != NULL)
    {
      add_mistake (reader, origin, name, node, mistake);
      clear_option (&option);
      return;
    }

  option.shown = malt_config_value_show (option.pspec, node, &option.value);
  option.origin = g_strdup (origin);
  g_array_append_val (reader->profile->options, option);
}

/* About the length of its text. How deep this recurses is bounded by MALT_CONFIG_DEPTH_MAX. */
static gsize
get_weight (JsonNode *node)
{
  gsize weight = 1;

  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        weight += get_weight (json_array_get_element (array, i));
    }
  else if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_object_iter_init (&iter, json_node_get_object (node));
      while (json_object_iter_next (&iter, &name, &member))
        weight += strlen (name) + get_weight (member);
    }
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    weight += strlen (json_node_get_string (node));

  return weight;
}

/* FALSE: what is taken over is too much, which is noted once. */
static gboolean
count_taken (Reader     *reader,
             const char *origin,
             const char *name,
             JsonNode   *node)
{
  g_autofree char *path = NULL;

  if (g_str_equal (origin, reader->profile->name))
    return TRUE;
  if (*reader->n_taken > TAKEN_OVER_MAX_BYTES)
    return FALSE;

  *reader->n_taken += strlen (name) + get_weight (node);
  if (*reader->n_taken <= TAKEN_OVER_MAX_BYTES)
    return TRUE;

  path = malt_config_mistakes_join ("profiles", reader->profile->name);
  malt_config_mistakes_add (reader->mistakes, malt_config_json_get_line (reader->json, node), path,
                            "what profiles take over from others is larger than %u bytes in all",
                            TAKEN_OVER_MAX_BYTES);
  return FALSE;
}

/* The options of one profile of the chain; those that were seen nearer to its beginning are left
 * out. */
static void
read_options (Reader     *reader,
              const char *origin)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter,
                                 json_object_get_object_member (reader->profiles, origin));
  while (!malt_config_mistakes_is_full (reader->mistakes)
         && json_object_iter_next_ordered (&iter, &name, &node))
    {
      if (!count_taken (reader, origin, name, node))
        return;
      if (g_str_equal (name, MALT_CONFIG_MEMBER_BACKEND)
          || g_str_equal (name, MALT_CONFIG_MEMBER_EXTENDS)
          || !g_hash_table_add (reader->seen, (char *) name))
        continue;

      /* null: what the backend itself has, whatever is extended says. */
      if (!JSON_NODE_HOLDS_NULL (node))
        read_option (reader, origin, name, node);
    }
}

/* NULL with a mistake, which is that of the profile that names the backend. */
static MaltBackend *
find_backend (const char         *name,
              GPtrArray          *chain,
              JsonObject         *profiles,
              MaltConfigJson     *json,
              MaltConfigMistakes *mistakes,
              const char        **origin)
{
  const char *backend_name = malt_config_chain_get_backend (chain, profiles, origin);
  const char *owner = *origin != NULL ? *origin : name;
  JsonObject *profile = json_object_get_object_member (profiles, owner);
  JsonNode *node = *origin != NULL ? json_object_get_member (profile, MALT_CONFIG_MEMBER_BACKEND)
                                   : json_object_get_member (profiles, owner);
  g_autofree char *path = malt_config_mistakes_join ("profiles", owner);
  g_autofree char *member = malt_config_mistakes_join (path, MALT_CONFIG_MEMBER_BACKEND);
  g_autofree char *found = NULL;
  g_autoptr (GError) error = NULL;
  MaltBackend *backend = NULL;

  if (backend_name != NULL)
    backend = malt_lookup_backend (backend_name, &error);
  if (backend != NULL)
    return backend;
  /* It is noted when the turn of that profile comes. */
  if (!g_str_equal (owner, name))
    return NULL;

  found = malt_config_json_show (node);
  malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node),
                            *origin != NULL ? member : path, "%s%s%s",
                            error != NULL ? error->message : "found ",
                            error != NULL ? "" : found,
                            error != NULL ? "" : ", but it takes the name of a backend");
  return NULL;
}

MaltConfigProfile *
malt_config_profile_new (const char         *name,
                         JsonObject         *profiles,
                         MaltConfigJson     *json,
                         const char         *folder,
                         gsize              *n_taken,
                         MaltConfigMistakes *mistakes)
{
  g_autoptr (GPtrArray) chain = malt_config_chain_new (name, profiles, json, mistakes);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (MaltBackend) backend = NULL;
  Reader reader = { NULL, profiles, json, folder, mistakes, seen, n_taken };
  const char *origin;

  if (chain != NULL)
    backend = find_backend (name, chain, profiles, json, mistakes, &origin);
  if (backend == NULL)
    return NULL;

  reader.profile = new_profile (name, backend, origin);
  for (guint i = 0; i < chain->len; i++)
    read_options (&reader, g_ptr_array_index (chain, i));

  return reader.profile;
}

MaltConfigProfile *
malt_config_profile_new_bare (const char  *backend_name,
                              GError     **error)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend (backend_name, error);

  return backend != NULL ? new_profile (NULL, backend, NULL) : NULL;
}

MaltBackend *
malt_config_profile_get_backend (MaltConfigProfile *self)
{
  return self->backend;
}

MaltOptions *
malt_config_profile_new_options (MaltConfigProfile *self)
{
  MaltOptions *options = malt_options_new (self->backend);

  for (guint i = 0; i < self->options->len; i++)
    {
      const Option *option = &g_array_index (self->options, Option, i);

      malt_options_add_default (options, option->pspec, &option->value);
    }

  return options;
}

char **
malt_config_profile_list_options (MaltConfigProfile *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->options->len; i++)
    g_strv_builder_add (builder, g_array_index (self->options, Option, i).pspec->name);

  return g_strv_builder_end (builder);
}

char *
malt_config_profile_describe (MaltConfigProfile *self)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s: %s", MALT_CONFIG_MEMBER_BACKEND,
                          malt_backend_get_name (self->backend));
  if (self->origin != NULL)
    g_string_append_printf (text, " (profile %s)", self->origin);
  g_string_append_c (text, '\n');

  for (guint i = 0; i < self->options->len; i++)
    {
      const Option *option = &g_array_index (self->options, Option, i);

      g_string_append_printf (text, "%s: %s (profile %s, line %u)\n", option->pspec->name,
                              option->shown, option->origin, option->line);
    }

  return g_string_free (text, FALSE);
}

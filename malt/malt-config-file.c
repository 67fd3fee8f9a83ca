/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-file-private.h"

#include "malt/malt-config-chain-private.h"
#include "malt/malt-config-members-private.h"
#include "malt/malt-config-read-private.h"
#include "malt/malt-config-value-private.h"
#include "malt/malt-plugin-paths-private.h"

#include <stdlib.h>

/* Of a file. Ten profiles with all options are 20 KiB; what is larger is something else. */
#define FILE_MAX_BYTES (1u << 20)

struct _MaltConfigFile
{
  gatomicrefcount  ref_count;

  /* All immutable after construction. */
  char            *default_profile;
  GPtrArray       *names;    /* char *, owned: profiles in the order of the file */
  GHashTable      *profiles; /* name (not owned) → owned MaltConfigProfile */
};

MaltConfigFile *
malt_config_file_new_empty (void)
{
  MaltConfigFile *self = g_new0 (MaltConfigFile, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->default_profile = g_strdup (MALT_CONFIG_DEFAULT_BACKEND);
  self->names = g_ptr_array_new_with_free_func (g_free);
  self->profiles = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                          (GDestroyNotify) malt_config_profile_free);

  return self;
}

MaltConfigFile *
malt_config_file_ref (MaltConfigFile *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
malt_config_file_unref (MaltConfigFile *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->default_profile, g_free);
  g_clear_pointer (&self->profiles, g_hash_table_unref);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_free (self);
}

static void
add_plugin_path (JsonNode           *node,
                 MaltConfigJson     *json,
                 const char         *folder,
                 MaltConfigMistakes *mistakes)
{
  JsonArray *folders = json_node_get_array (node);
  gboolean is_room = TRUE;

  for (guint i = 0; i < json_array_get_length (folders) && is_room; i++)
    {
      g_autofree char *path = malt_config_value_resolve_path (
        json_array_get_string_element (folders, i), folder);

      is_room = malt_plugin_paths_add_configured (path);
    }

  if (!is_room)
    malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), "plugin-path",
                              "too many folders since the program has been started");
}

static void
read_profiles (MaltConfigFile     *self,
               JsonObject         *profiles,
               MaltConfigJson     *json,
               const char         *folder,
               MaltConfigMistakes *mistakes)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  gsize n_taken = 0;

  json_object_iter_init_ordered (&iter, profiles);
  while (!malt_config_mistakes_is_full (mistakes)
         && json_object_iter_next_ordered (&iter, &name, &node))
    {
      MaltConfigProfile *profile = malt_config_profile_new (name, profiles, json, folder, &n_taken,
                                                            mistakes);
      char *owned_name = g_strdup (name);

      g_ptr_array_add (self->names, owned_name);
      if (profile != NULL)
        g_hash_table_insert (self->profiles, owned_name, profile);
    }
}

/* Profiles, then backends, as names to choose from. */
static char *
suggest_name (MaltConfigFile *self,
              const char     *name)
{
  g_autoptr (GListModel) backends = malt_list_backends ();
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < self->names->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (self->names, i));
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      g_strv_builder_add (builder, malt_backend_get_name (backend));
    }
  names = g_strv_builder_end (builder);

  return malt_config_mistakes_suggest (name, (const char *const *) names);
}

static gboolean
has_name (MaltConfigFile *self,
          const char     *name)
{
  return g_ptr_array_find_with_equal_func (self->names, name, g_str_equal, NULL);
}

static void
read_default (MaltConfigFile     *self,
              JsonNode           *node,
              MaltConfigJson     *json,
              MaltConfigMistakes *mistakes)
{
  const char *name = json_node_get_string (node);
  g_autoptr (MaltBackend) backend = NULL;

  if (!has_name (self, name))
    {
      backend = malt_lookup_backend (name, NULL);
      if (backend == NULL)
        {
          g_autofree char *suggestion = suggest_name (self, name);

          malt_config_mistakes_add (mistakes, malt_config_json_get_line (json, node), "default",
                                    "there is no profile or backend “%s”%s", name, suggestion);
          return;
        }
    }

  g_free (self->default_profile);
  self->default_profile = g_strdup (name);
}

MaltConfigFile *
malt_config_file_new (const char         *name,
                      const char         *folder,
                      const char         *text,
                      gsize               length,
                      MaltConfigMistakes *mistakes)
{
  g_autoptr (MaltConfigFile) self = malt_config_file_new_empty ();
  g_autoptr (MaltConfigJson) json = NULL;
  MaltConfigMembers members = { 0 };
  g_autofree char *mistake = NULL;
  guint line;

  if (length > FILE_MAX_BYTES)
    {
      malt_config_mistakes_add (mistakes, 0, NULL, "it is larger than %u bytes", FILE_MAX_BYTES);
      return NULL;
    }

  json = malt_config_json_new (text, length, &mistake, &line);
  if (json == NULL)
    {
      malt_config_mistakes_add (mistakes, line, NULL, "%s", mistake);
      return NULL;
    }
  if (!malt_config_members_read (&members, json, mistakes))
    return NULL;

  if (members.plugin_path != NULL)
    add_plugin_path (members.plugin_path, json, folder, mistakes);
  if (members.profiles != NULL)
    read_profiles (self, members.profiles, json, folder, mistakes);
  if (members.default_profile != NULL)
    read_default (self, members.default_profile, json, mistakes);

  return malt_config_mistakes_count (mistakes) == 0 ? g_steal_pointer (&self) : NULL;
}

/* One byte more than is allowed, so that what is too large is found out. NULL with a mistake, or
 * with `error` when it was cancelled. */
static GBytes *
read_bytes (GFile               *file,
            GCancellable        *cancellable,
            MaltConfigMistakes  *mistakes,
            GError             **error)
{
  g_autoptr (GError) read_error = NULL;
  GBytes *bytes = malt_config_read (file, FILE_MAX_BYTES + 1, cancellable, &read_error);

  if (g_error_matches (read_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&read_error));
  else if (bytes == NULL)
    malt_config_mistakes_add (mistakes, 0, NULL, "it cannot be read: %s", read_error->message);

  return bytes;
}

static MaltConfigFile *
read_file (GFile               *file,
           GCancellable        *cancellable,
           MaltConfigMistakes  *mistakes,
           GError             **error)
{
  g_autoptr (GBytes) bytes = read_bytes (file, cancellable, mistakes, error);
  g_autofree char *name = g_file_get_parse_name (file);
  g_autoptr (GFile) parent = g_file_get_parent (file);
  const char *folder = parent != NULL ? g_file_peek_path (parent) : NULL;

  if (bytes == NULL)
    return NULL;

  return malt_config_file_new (name, folder, g_bytes_get_data (bytes, NULL),
                               g_bytes_get_size (bytes), mistakes);
}

MaltConfigFile *
malt_config_file_read (GFile          *file,
                       GCancellable   *cancellable,
                       char         ***texts,
                       GError        **error)
{
  g_autofree char *name = g_file_get_parse_name (file);
  g_autoptr (MaltConfigMistakes) mistakes = malt_config_mistakes_new (name);
  MaltConfigFile *self = read_file (file, cancellable, mistakes, error);

  if (texts != NULL)
    *texts = malt_config_mistakes_dup_texts (mistakes);
  else if (malt_config_mistakes_count (mistakes) > 0)
    malt_config_mistakes_set_error (mistakes, error);

  return self;
}

char **
malt_config_file_list_profiles (MaltConfigFile *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < self->names->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (self->names, i));

  return g_strv_builder_end (builder);
}

/* Whoever starts a setuid program must not choose what it starts. */
const char *
malt_config_file_get_default_profile (MaltConfigFile *self)
{
  const char *name = secure_getenv ("MALT_BACKEND");

  return name != NULL && *name != '\0' ? name : self->default_profile;
}

/* A profile of the file, which stays it, or one made for a backend: then it is also in `bare`, for
 * the caller to free. */
static MaltConfigProfile *
find_profile (MaltConfigFile     *self,
              const char         *name,
              MaltConfigProfile **bare,
              GError            **error)
{
  MaltConfigProfile *profile;

  *bare = NULL;
  if (name == NULL)
    name = malt_config_file_get_default_profile (self);

  profile = g_hash_table_lookup (self->profiles, name);
  if (profile != NULL)
    return profile;

  *bare = malt_config_profile_new_bare (name, error);
  if (*bare == NULL && self->names->len > 0)
    {
      g_auto (GStrv) names = malt_config_file_list_profiles (self);
      g_autofree char *suggestion = malt_config_mistakes_suggest (name,
                                                                  (const char *const *) names);

      g_prefix_error (error, "There is no profile “%s”%s%s ", name, suggestion,
                      g_str_has_suffix (suggestion, "?") ? "" : ".");
    }

  return *bare;
}

MaltOptions *
malt_config_file_new_options (MaltConfigFile  *self,
                              const char      *name,
                              GError         **error)
{
  g_autoptr (MaltConfigProfile) bare = NULL;
  MaltConfigProfile *profile = find_profile (self, name, &bare, error);

  return profile != NULL ? malt_config_profile_new_options (profile) : NULL;
}

MaltBackend *
malt_config_file_lookup_backend (MaltConfigFile  *self,
                                 const char      *name,
                                 GError         **error)
{
  g_autoptr (MaltConfigProfile) bare = NULL;
  MaltConfigProfile *profile = find_profile (self, name, &bare, error);

  return profile != NULL ? g_object_ref (malt_config_profile_get_backend (profile)) : NULL;
}

char **
malt_config_file_list_options (MaltConfigFile  *self,
                               const char      *name,
                               GError         **error)
{
  g_autoptr (MaltConfigProfile) bare = NULL;
  MaltConfigProfile *profile = find_profile (self, name, &bare, error);

  return profile != NULL ? malt_config_profile_list_options (profile) : NULL;
}

char *
malt_config_file_describe (MaltConfigFile  *self,
                           const char      *name,
                           GError         **error)
{
  g_autoptr (MaltConfigProfile) bare = NULL;
  MaltConfigProfile *profile = find_profile (self, name, &bare, error);

  return profile != NULL ? malt_config_profile_describe (profile) : NULL;
}

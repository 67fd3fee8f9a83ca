/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-profiles.h"

#include "backends/distributed/malt-distributed-names.h"
#include "backends/process/malt-process-worker.h"

#include <string.h>

/* As many as one may extend in a row in a configuration of malt. */
#define MAX_CHAIN 16u

/* How long a start may take at most that a manager asks for, in milliseconds: until a worker has
 * come up it has no lease, and nobody need be waiting for it. */
#define MAX_START_TIMEOUT_MSEC (5u * 60 * 1000)

/* The backend, and what a host says about output: it goes to the manager, who decides what becomes
 * of it. */
#define BACKEND "process"
#define OUTPUT_MODE "stream"

/* The member of a profile that is the host's own: names of variables that a manager may set, and
 * “NAME=value” for what is set anyway. */
#define ENVIRONMENT "environment"

struct _MaltHostProfiles
{
  MaltConfig *config;      /* owned */
  JsonObject *profiles;    /* owned; as they were */
  char       *names;       /* owned; for texts */
};

/* What a manager may say, and whether only less of it than the profile. */
static const struct
{
  const char *name;
  gboolean    is_limit;
} allowed[] = {
  { "arguments", FALSE },
  { "cpu-limit", TRUE },
  { "environment", FALSE },
  { "evaluator", FALSE },
  { "fd-limit", TRUE },
  { "file-size-limit", TRUE },
  { "max-message-size", TRUE },
  { "memory-limit", TRUE },
  { "start-timeout", FALSE },
  { "task-limit", TRUE },
};

void
malt_host_profiles_free (MaltHostProfiles *self)
{
  g_clear_object (&self->config);
  g_clear_pointer (&self->profiles, json_object_unref);
  g_free (self->names);
  g_free (self);
}

static gboolean
is_string_array (JsonNode *node)
{
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
    if (json_node_get_value_type (json_array_get_element (json_node_get_array (node), i))
        != G_TYPE_STRING)
      return FALSE;

  return TRUE;
}

/* A profile as any configuration has it. (transfer full) */
static JsonNode *
new_profile (const char  *name,
             JsonNode    *profile,
             GError     **error)
{
  g_autoptr (JsonNode) copy = NULL;
  g_autoptr (GList) members = NULL;
  JsonObject *object;
  JsonObject *own = json_object_new ();

  copy = json_node_alloc ();
  json_node_init_object (copy, own);
  json_object_unref (own);
  if (!malt_distributed_check_name (name, "profile", error))
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (profile))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot use “profiles.%s”: expected an object", name);
      return NULL;
    }

  object = json_node_get_object (profile);
  if (json_object_has_member (object, ENVIRONMENT)
      && !is_string_array (json_object_get_member (object, ENVIRONMENT)))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot use “profiles.%s.%s”: expected an array of strings", name, ENVIRONMENT);
      return NULL;
    }
  if (g_strcmp0 (json_object_get_string_member_with_default (object, "backend", BACKEND),
                 BACKEND) != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot use “profiles.%s.backend”: the workers of a host are of “%s”", name,
                   BACKEND);
      return NULL;
    }

  members = json_object_get_members (object);
  for (GList *l = members; l != NULL; l = l->next)
    if (strcmp (l->data, ENVIRONMENT) != 0)
      json_object_set_member (own, l->data,
                              json_node_copy (json_object_get_member (object, l->data)));
  return g_steal_pointer (&copy);
}

/* The profiles alone, without what is the host's. (transfer full) */
static char *
new_config_text (JsonObject  *profiles,
                 GError     **error)
{
  g_autoptr (JsonObject) own = json_object_new ();
  g_autoptr (JsonObject) top = json_object_new ();
  g_autoptr (JsonNode) root = json_node_alloc ();
  g_autoptr (GList) names = json_object_get_members (profiles);

  for (GList *l = names; l != NULL; l = l->next)
    {
      JsonNode *profile = new_profile (l->data, json_object_get_member (profiles, l->data), error);

      if (profile == NULL)
        return NULL;
      json_object_set_member (own, l->data, profile);
    }

  json_object_set_object_member (top, "profiles", json_object_ref (own));
  json_node_init_object (root, top);
  return json_to_string (root, FALSE);
}

/* The one that is linked in, before somebody looks for it in the folders of plugins: of this one
 * more is known, and both cannot be. */
static void
register_backend (void)
{
  static gsize is_done;

  if (!g_once_init_enter (&is_done))
    return;

  g_io_extension_point_register (MALT_WORKER_EXTENSION_POINT);
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_PROCESS_WORKER, BACKEND,
                                  0);
  g_once_init_leave (&is_done, 1);
}

MaltHostProfiles *
malt_host_profiles_new (JsonObject  *profiles,
                        GError     **error)
{
  g_autoptr (MaltHostProfiles) self = g_new0 (MaltHostProfiles, 1);
  g_autofree char *text = new_config_text (profiles, error);
  g_auto (GStrv) names = NULL;

  if (text == NULL)
    return NULL;

  register_backend ();

  self->profiles = json_object_ref (profiles);
  self->config = malt_config_new_from_data (text, -1, error);
  if (self->config == NULL)
    return NULL;

  names = malt_config_list_profiles (self->config);
  self->names = g_strjoinv (", ", names);
  return g_steal_pointer (&self);
}

/* The host's own list for a profile, its own or that of the nearest which it extends. */
static JsonArray *
find_environment (MaltHostProfiles *self,
                  const char       *name)
{
  for (guint i = 0; name != NULL && i <= MAX_CHAIN; i++)
    {
      JsonObject *profile = json_object_get_object_member (self->profiles, name);

      if (profile == NULL)
        return NULL;
      if (json_object_has_member (profile, ENVIRONMENT))
        return json_object_get_array_member (profile, ENVIRONMENT);
      name = json_object_get_string_member_with_default (profile, "extends", NULL);
    }

  return NULL;
}

static gboolean
may_set (JsonArray  *environment,
         const char *entry)
{
  const char *end = strchr (entry, '=');

  for (guint i = 0; end != NULL && environment != NULL && i < json_array_get_length (environment);
       i++)
    {
      const char *name = json_array_get_string_element (environment, i);

      if (strlen (name) == (gsize) (end - entry) && strncmp (name, entry, strlen (name)) == 0)
        return TRUE;
    }

  return FALSE;
}

/* Both what the host sets and what the manager does, as an option. FALSE: it must not. */
static gboolean
add_environment (JsonArray     *environment,
                 GVariant      *wanted,
                 GVariantDict  *dict,
                 GError       **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree const char **entries = wanted != NULL ? g_variant_get_strv (wanted, NULL) : NULL;
  g_auto (GStrv) all = NULL;

  for (guint i = 0; environment != NULL && i < json_array_get_length (environment); i++)
    if (strchr (json_array_get_string_element (environment, i), '=') != NULL)
      g_strv_builder_add (builder, json_array_get_string_element (environment, i));

  for (gsize i = 0; entries != NULL && entries[i] != NULL; i++)
    {
      if (!may_set (environment, entries[i]))
        {
          g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                       "Cannot use “%s” for option “environment”: the profile of the host names "
                       "what can be set", entries[i]);
          return FALSE;
        }
      g_strv_builder_add (builder, entries[i]);
    }

  all = g_strv_builder_end (builder);
  g_variant_dict_insert_value (dict, ENVIRONMENT,
                               g_variant_new_strv ((const char *const *) all, -1));
  return TRUE;
}

static gboolean
check_name (const char  *name,
            gboolean    *is_limit,
            GError     **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (allowed); i++)
    if (strcmp (allowed[i].name, name) == 0)
      {
        *is_limit = allowed[i].is_limit;
        return TRUE;
      }

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "The option “%s” of a worker on a host is for the host to decide, in a profile",
               name);
  return FALSE;
}

/* Of an option that is a number. */
static guint64
get_number (MaltAbstractWorker *worker,
            const char         *name)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_auto (GValue) number = G_VALUE_INIT;

  g_value_init (&number, G_TYPE_UINT64);
  g_object_get_property (G_OBJECT (worker), name, &value);
  g_value_transform (&value, &number);
  return g_value_get_uint64 (&number);
}

static gboolean
check_limit (const char          *name,
             MaltAbstractWorker  *plain,
             MaltAbstractWorker  *worker,
             GError             **error)
{
  guint64 most = get_number (plain, name);
  guint64 wanted = get_number (worker, name);

  if (most == 0 || (wanted != 0 && wanted <= most))
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot use “%" G_GUINT64_FORMAT "” for option “%s”: the profile of the host allows "
               "at most %" G_GUINT64_FORMAT, wanted, name, most);
  return FALSE;
}

/* What the manager says, and nothing that it must not. (transfer floating) */
static GVariant *
new_options (MaltHostProfiles  *self,
             const char        *profile,
             GVariant          *options,
             GError           **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (options);
  g_autoptr (GVariant) environment = NULL;
  g_auto (GStrv) own = malt_config_list_options (self->config, profile, error);
  const char *name;
  GVariantIter iter;
  gboolean is_limit;

  if (own == NULL)
    return NULL;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    if (!check_name (name, &is_limit, error))
      return NULL;

  environment = g_variant_lookup_value (options, ENVIRONMENT, NULL);
  if (environment != NULL && !g_variant_is_of_type (environment, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                           "The option “environment” is an array of strings");
      return NULL;
    }
  if (!add_environment (find_environment (self, profile), environment, &dict, error))
    return NULL;

  if (!g_strv_contains ((const char *const *) own, "stdout"))
    g_variant_dict_insert (&dict, "stdout", "s", OUTPUT_MODE);
  if (!g_strv_contains ((const char *const *) own, "stderr"))
    g_variant_dict_insert (&dict, "stderr", "s", OUTPUT_MODE);
  /* Quicker than TCP, and nobody sees which it is. */
  if (!g_strv_contains ((const char *const *) own, "transport"))
    g_variant_dict_insert (&dict, "transport", "s", "unix");
  return g_variant_dict_end (&dict);
}

static gboolean
check_worker (MaltHostProfiles    *self,
              const char          *profile,
              GVariant            *options,
              MaltAbstractWorker  *worker,
              GError             **error)
{
  g_autoptr (MaltAbstractWorker) plain =
    malt_config_construct_worker (self->config, profile, NULL, error);
  const char *name;
  GVariantIter iter;
  gboolean is_limit = FALSE;

  if (plain == NULL)
    return FALSE;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    if (!check_name (name, &is_limit, error)
        || (is_limit && !check_limit (name, plain, worker, error)))
      return FALSE;

  if (get_number (worker, "start-timeout") <= MAX_START_TIMEOUT_MSEC)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot use “%" G_GUINT64_FORMAT "” for option “start-timeout”: at most %u ms",
               get_number (worker, "start-timeout"), MAX_START_TIMEOUT_MSEC);
  return FALSE;
}

MaltAbstractWorker *
malt_host_profiles_construct (MaltHostProfiles  *self,
                              const char        *name,
                              GVariant          *options,
                              GError           **error)
{
  g_autoptr (GVariant) all = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;

  if (!json_object_has_member (self->profiles, name))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "The host has no profile “%s”: expected one of %s", name, self->names);
      return NULL;
    }

  all = new_options (self, name, options, error);
  if (all == NULL)
    return NULL;
  g_variant_ref_sink (all);

  worker = malt_config_construct_worker (self->config, name, all, error);
  if (worker == NULL || !check_worker (self, name, options, worker, error))
    return NULL;

  return g_steal_pointer (&worker);
}

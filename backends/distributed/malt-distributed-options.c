/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-options.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-names.h"

#include <stddef.h>
#include <string.h>

/* From the request until the worker greets, in milliseconds: a broker that is just coming back and
 * a host that starts its first worker have room. */
#define SPAWN_TIMEOUT_DEFAULT_MSEC 10000

#define OPTION_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

G_DEFINE_ENUM_TYPE (MaltDistributedLaunch, malt_distributed_launch,
                    G_DEFINE_ENUM_VALUE (MALT_DISTRIBUTED_LAUNCH_NATS, "nats"),
                    G_DEFINE_ENUM_VALUE (MALT_DISTRIBUTED_LAUNCH_SSH, "ssh"))

static void
install_string (GObjectClass *object_class,
                guint         id,
                const char   *name,
                const char   *nick,
                const char   *blurb,
                const char   *default_value)
{
  g_object_class_install_property (
      object_class, id, g_param_spec_string (name, nick, blurb, default_value, OPTION_FLAGS));
}

static void
install_strv (GObjectClass *object_class,
              guint         id,
              const char   *name,
              const char   *nick,
              const char   *blurb)
{
  g_object_class_install_property (
      object_class, id, g_param_spec_boxed (name, nick, blurb, G_TYPE_STRV, OPTION_FLAGS));
}

static void
install_file (GObjectClass *object_class,
              guint         id,
              const char   *name,
              const char   *nick,
              const char   *blurb)
{
  g_object_class_install_property (
      object_class, id,
      malt_param_spec_set_path (g_param_spec_string (name, nick, blurb, NULL, OPTION_FLAGS),
                                MALT_PATH_KIND_FILE));
}

static void
install_place (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_LAUNCHER,
      g_param_spec_enum ("launcher", "Launcher", "How a host is asked for a worker",
                         MALT_TYPE_DISTRIBUTED_LAUNCH, MALT_DISTRIBUTED_LAUNCH_NATS, OPTION_FLAGS));
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_SERVERS, "servers", "Servers",
                "NATS servers, as “nats://HOST:PORT”; none for nats://127.0.0.1:4222");
  install_string (object_class, MALT_DISTRIBUTED_OPTION_NAMESPACE, "namespace", "Namespace",
                  "Which of the clusters that share the servers",
                  MALT_DISTRIBUTED_DEFAULT_NAMESPACE);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_POOL, "pool", "Pool",
                  "Pool of hosts one of which is taken; none for “" MALT_DISTRIBUTED_DEFAULT_POOL
                  "”, or with a host for any of its pools", NULL);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_HOST, "host", "Host",
                  "The host that is taken, none for any with a free slot in the pool", NULL);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_PROFILE, "profile", "Profile",
                  "Which of the profiles of its host the worker is of",
                  MALT_DISTRIBUTED_DEFAULT_PROFILE);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_SSH_DESTINATION, "ssh-destination",
                  "SSH destination", "Where ssh goes with the launcher ssh, as “[USER@]HOST”",
                  NULL);
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_SSH_ARGUMENTS, "ssh-arguments",
                "SSH arguments", "More arguments for ssh");
}

static void
install_connection (GObjectClass *object_class)
{
  install_file (object_class, MALT_DISTRIBUTED_OPTION_TLS_CERTIFICATE, "tls-certificate",
                "TLS certificate", "The manager's certificate, a PEM file");
  install_file (object_class, MALT_DISTRIBUTED_OPTION_TLS_KEY, "tls-key", "TLS key",
                "The key of the certificate, a PEM file");
  install_file (object_class, MALT_DISTRIBUTED_OPTION_TLS_CA, "tls-ca", "TLS authorities",
                "Whose certificates hosts and servers must have, a PEM file; without it there is "
                "no TLS, and nobody else than this machine is spoken to");
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT,
      g_param_spec_uint ("spawn-timeout", "Spawn time-out",
                         "Time to find a host and for the worker to come up there, in milliseconds",
                         1, G_MAXINT, SPAWN_TIMEOUT_DEFAULT_MSEC, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_LEASE,
      g_param_spec_uint ("lease", "Lease",
                         "After how long a silence the host ends the worker, and a second later "
                         "the manager gives it up, in milliseconds",
                         MALT_LEASE_MIN_MSEC, MALT_LEASE_MAX_MSEC, MALT_LEASE_DEFAULT_MSEC,
                         OPTION_FLAGS));
}

static void
install_limits (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_MEMORY_LIMIT,
      g_param_spec_uint64 ("memory-limit", "Memory limit",
                           "What the worker may allocate, in bytes, at most what its profile says, "
                           "0 for that",
                           0, G_MAXUINT64, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_CPU_LIMIT,
      g_param_spec_uint ("cpu-limit", "CPU limit",
                         "Processor time that the worker may use in its life, in seconds, at most "
                         "what its profile says, 0 for that",
                         0, G_MAXINT, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_FD_LIMIT,
      g_param_spec_uint ("fd-limit", "Descriptor limit",
                         "Descriptors that the worker may have open, at most what its profile "
                         "says, 0 for that",
                         0, G_MAXINT, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_FILE_SIZE_LIMIT,
      g_param_spec_uint64 ("file-size-limit", "File size limit",
                           "Size of a file that the worker writes, in bytes, at most what its "
                           "profile says, 0 for that",
                           0, G_MAXUINT64, 0, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_TASK_LIMIT,
      g_param_spec_uint ("task-limit", "Task limit",
                         "Threads that the worker may have, at most what its profile says, 0 for "
                         "that",
                         0, G_MAXINT, 0, OPTION_FLAGS));
}

void
malt_distributed_options_install (GObjectClass *object_class)
{
  malt_worker_options_install_limits (object_class);
  install_place (object_class);
  install_connection (object_class);
  install_string (object_class, (guint) MALT_WORKER_OPTION_EVALUATOR, "evaluator", "Evaluator",
                  "Name of the evaluator, the language of expressions; none for that of the "
                  "profile",
                  NULL);
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_ARGUMENTS, "arguments", "Arguments",
                "More arguments for the program of the worker");
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_ENVIRONMENT, "environment", "Environment",
                "“NAME=value” to set, “NAME” to take over from the manager, if the profile "
                "allows it");
  install_limits (object_class);
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_STDOUT,
      g_param_spec_enum ("stdout", "Standard output", "What becomes of the worker's stdout",
                         MALT_TYPE_RELAY_MODE, MALT_RELAY_MODE_RELAY, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_STDERR,
      g_param_spec_enum ("stderr", "Standard error", "What becomes of the worker's stderr",
                         MALT_TYPE_RELAY_MODE, MALT_RELAY_MODE_RELAY, OPTION_FLAGS));
}

/* By option. */
static const gsize offsets[] = {
  [MALT_DISTRIBUTED_OPTION_LAUNCHER] = offsetof (MaltDistributedOptions, launcher),
  [MALT_DISTRIBUTED_OPTION_SERVERS] = offsetof (MaltDistributedOptions, servers),
  [MALT_DISTRIBUTED_OPTION_NAMESPACE] = offsetof (MaltDistributedOptions, ns),
  [MALT_DISTRIBUTED_OPTION_POOL] = offsetof (MaltDistributedOptions, pool),
  [MALT_DISTRIBUTED_OPTION_HOST] = offsetof (MaltDistributedOptions, host),
  [MALT_DISTRIBUTED_OPTION_PROFILE] = offsetof (MaltDistributedOptions, profile),
  [MALT_DISTRIBUTED_OPTION_TLS_CERTIFICATE] = offsetof (MaltDistributedOptions, tls_certificate),
  [MALT_DISTRIBUTED_OPTION_TLS_KEY] = offsetof (MaltDistributedOptions, tls_key),
  [MALT_DISTRIBUTED_OPTION_TLS_CA] = offsetof (MaltDistributedOptions, tls_ca),
  [MALT_DISTRIBUTED_OPTION_SSH_DESTINATION] = offsetof (MaltDistributedOptions, ssh_destination),
  [MALT_DISTRIBUTED_OPTION_SSH_ARGUMENTS] = offsetof (MaltDistributedOptions, ssh_arguments),
  [MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT] = offsetof (MaltDistributedOptions, spawn_timeout_ms),
  [MALT_DISTRIBUTED_OPTION_LEASE] = offsetof (MaltDistributedOptions, lease_ms),
  [MALT_DISTRIBUTED_OPTION_ARGUMENTS] = offsetof (MaltDistributedOptions, arguments),
  [MALT_DISTRIBUTED_OPTION_ENVIRONMENT] = offsetof (MaltDistributedOptions, environment),
  [MALT_DISTRIBUTED_OPTION_MEMORY_LIMIT] = offsetof (MaltDistributedOptions, memory_limit),
  [MALT_DISTRIBUTED_OPTION_CPU_LIMIT] = offsetof (MaltDistributedOptions, cpu_limit),
  [MALT_DISTRIBUTED_OPTION_FD_LIMIT] = offsetof (MaltDistributedOptions, fd_limit),
  [MALT_DISTRIBUTED_OPTION_FILE_SIZE_LIMIT] = offsetof (MaltDistributedOptions, file_size_limit),
  [MALT_DISTRIBUTED_OPTION_TASK_LIMIT] = offsetof (MaltDistributedOptions, task_limit),
  [MALT_DISTRIBUTED_OPTION_STDOUT] = offsetof (MaltDistributedOptions, output_modes[0]),
  [MALT_DISTRIBUTED_OPTION_STDERR] = offsetof (MaltDistributedOptions, output_modes[1]),
};

/* What a name that is set to nothing is: as good as not set. */
static const char *
get_fallback (MaltDistributedOption option)
{
  switch ((int) option)
    {
    case MALT_DISTRIBUTED_OPTION_NAMESPACE:
      return MALT_DISTRIBUTED_DEFAULT_NAMESPACE;
    case MALT_DISTRIBUTED_OPTION_PROFILE:
      return MALT_DISTRIBUTED_DEFAULT_PROFILE;
    default:
      return NULL;
    }
}

void
malt_distributed_options_set (MaltDistributedOptions *self,
                              MaltDistributedOption   option,
                              const GValue           *value)
{
  const char *fallback = get_fallback (option);

  if ((int) option <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_set (&self->common, (MaltWorkerOption) option, value);
  else if (fallback != NULL && g_value_get_string (value) == NULL)
    G_STRUCT_MEMBER (char *, self, offsets[option]) = g_strdup (fallback);
  else
    malt_option_field_set (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

void
malt_distributed_options_get (const MaltDistributedOptions *self,
                              MaltDistributedOption         option,
                              GValue                       *value)
{
  if ((int) option <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_get (&self->common, (MaltWorkerOption) option, value);
  else
    malt_option_field_get (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

void
malt_distributed_options_clear (MaltDistributedOptions *self)
{
  malt_worker_options_clear (&self->common);
  g_clear_pointer (&self->servers, g_strfreev);
  g_clear_pointer (&self->ns, g_free);
  g_clear_pointer (&self->pool, g_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->profile, g_free);
  g_clear_pointer (&self->tls_certificate, g_free);
  g_clear_pointer (&self->tls_key, g_free);
  g_clear_pointer (&self->tls_ca, g_free);
  g_clear_pointer (&self->ssh_destination, g_free);
  g_clear_pointer (&self->ssh_arguments, g_strfreev);
  g_clear_pointer (&self->arguments, g_strfreev);
  g_clear_pointer (&self->environment, g_strfreev);
}

static gboolean
refuse (const char  *option,
        const char  *value,
        const char  *why,
        GError     **error)
{
  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot use “%s” for option “%s”: %s", value, option, why);
  return FALSE;
}

static gboolean
check_names (const MaltDistributedOptions  *self,
             GError                       **error)
{
  return malt_distributed_check_name (self->ns, "namespace", error)
         && (self->pool == NULL || malt_distributed_check_name (self->pool, "pool", error))
         && malt_distributed_check_name (self->profile, "profile", error)
         && (self->host == NULL || malt_distributed_check_host (self->host, error));
}

/* All three files or none: a half would be no TLS where somebody wanted it. */
static gboolean
check_tls (const MaltDistributedOptions  *self,
           GError                       **error)
{
  const struct
  {
    const char *option;
    const char *path;
  } files[] = {
    { "tls-certificate", self->tls_certificate },
    { "tls-key", self->tls_key },
    { "tls-ca", self->tls_ca },
  };
  guint n_files = 0;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (files[i].path != NULL && *files[i].path == '\0')
      return refuse (files[i].option, "", "empty", error);
    else
      n_files += files[i].path != NULL;

  for (guint i = 0; i < G_N_ELEMENTS (files) && n_files > 0; i++)
    if (files[i].path == NULL)
      return refuse (files[i].option, "", "TLS needs tls-certificate, tls-key and tls-ca", error);
  return TRUE;
}

static gboolean
check_environment (const MaltDistributedOptions  *self,
                   GError                       **error)
{
  const char *const *entries = (const char *const *) self->environment;

  for (gsize i = 0; entries != NULL && entries[i] != NULL; i++)
    if (entries[i][0] == '\0' || entries[i][0] == '=')
      return refuse ("environment", entries[i], "not “NAME=value” or “NAME”", error);
  return malt_worker_options_check_utf8 ("environment", entries, error)
         && malt_worker_options_check_utf8 ("arguments", (const char *const *) self->arguments,
                                            error);
}

const char *
malt_distributed_options_get_pool (const MaltDistributedOptions *self)
{
  return self->pool != NULL || self->host != NULL ? self->pool : MALT_DISTRIBUTED_DEFAULT_POOL;
}

gboolean
malt_distributed_options_check (const MaltDistributedOptions  *self,
                                GError                       **error)
{
  if (self->launcher == MALT_DISTRIBUTED_LAUNCH_SSH
      && (self->ssh_destination == NULL || *self->ssh_destination == '\0'))
    return refuse ("ssh-destination", "", "the launcher ssh needs one, as “[USER@]HOST”", error);

  return malt_worker_options_check (&self->common, error) && check_names (self, error)
         && check_tls (self, error) && check_environment (self, error);
}

/* The value of a name alone is the manager's own, which the host knows nothing of. */
static GVariant *
new_environment (char **entries)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (gsize i = 0; entries[i] != NULL; i++)
    {
      const char *value = strchr (entries[i], '=') == NULL ? g_getenv (entries[i]) : NULL;

      if (strchr (entries[i], '=') != NULL)
        g_variant_builder_add (&builder, "s", entries[i]);
      else if (value != NULL && g_utf8_validate (value, -1, NULL))
        g_variant_builder_add_value (&builder,
                                     g_variant_new_printf ("%s=%s", entries[i], value));
    }
  return g_variant_builder_end (&builder);
}

static void
insert_limit (GVariantDict *dict,
              const char   *name,
              guint64       limit)
{
  if (limit > 0)
    g_variant_dict_insert (dict, name, "t", limit);
}

GVariant *
malt_distributed_options_new_wish (const MaltDistributedOptions *self)
{
  g_auto (GVariantDict) wish = G_VARIANT_DICT_INIT (NULL);

  if (self->common.evaluator != NULL)
    g_variant_dict_insert (&wish, "evaluator", "s", self->common.evaluator);
  if (self->arguments != NULL)
    g_variant_dict_insert_value (&wish, "arguments",
                                 g_variant_new_strv ((const char *const *) self->arguments, -1));
  if (self->environment != NULL)
    g_variant_dict_insert_value (&wish, "environment", new_environment (self->environment));
  insert_limit (&wish, "memory-limit", self->memory_limit);
  insert_limit (&wish, "cpu-limit", self->cpu_limit);
  insert_limit (&wish, "fd-limit", self->fd_limit);
  insert_limit (&wish, "file-size-limit", self->file_size_limit);
  insert_limit (&wish, "task-limit", self->task_limit);
  return g_variant_dict_end (&wish);
}

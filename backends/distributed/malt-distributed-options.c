/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-options.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-names.h"

#include <string.h>

/* From the request until the worker greets, in milliseconds: a broker that is just coming back and a host
 * that starts its first worker have room. */
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
                  "Pool of hosts one of which is taken", MALT_DISTRIBUTED_DEFAULT_POOL);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_HOST, "host", "Host",
                  "The host that is taken, none for any with a free slot in the pool", NULL);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_PROFILE, "profile", "Profile",
                  "Which of the profiles of its host the worker is of",
                  MALT_DISTRIBUTED_DEFAULT_PROFILE);
  install_string (object_class, MALT_DISTRIBUTED_OPTION_SSH_DESTINATION, "ssh-destination",
                  "SSH destination", "Where ssh goes with the launcher ssh, as “[USER@]HOST”", NULL);
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
                "Whose certificates hosts and servers must have, a PEM file; without it there is no "
                "TLS, and nobody else than this machine is spoken to");
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT,
      g_param_spec_uint ("spawn-timeout", "Spawn time-out",
                         "Time to find a host and for the worker to come up there, in milliseconds",
                         1, G_MAXINT, SPAWN_TIMEOUT_DEFAULT_MSEC, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_DISTRIBUTED_OPTION_LEASE,
      g_param_spec_uint ("lease", "Lease",
                         "After how long a silence the host ends the worker, and a second later the "
                         "manager gives it up, in milliseconds",
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
                         "Descriptors that the worker may have open, at most what its profile says, "
                         "0 for that",
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
                  "Name of the evaluator, the language of expressions; none for that of the profile",
                  NULL);
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_ARGUMENTS, "arguments", "Arguments",
                "More arguments for the program of the worker");
  install_strv (object_class, MALT_DISTRIBUTED_OPTION_ENVIRONMENT, "environment", "Environment",
                "“NAME=value” to set, “NAME” to take over from the manager, if the profile allows it");
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

/* What is set to nothing is as good as not set. (transfer full) */
static char *
dup_string_or (const GValue *value,
               const char   *fallback)
{
  const char *string = g_value_get_string (value);

  return g_strdup (string != NULL ? string : fallback);
}

void
malt_distributed_options_set (MaltDistributedOptions *self,
                              MaltDistributedOption   option,
                              const GValue           *value)
{
  switch (option)
    {
    case MALT_DISTRIBUTED_OPTION_LAUNCHER:
      self->launcher = g_value_get_enum (value);
      break;
    case MALT_DISTRIBUTED_OPTION_SERVERS:
      self->servers = g_value_dup_boxed (value);
      break;
    case MALT_DISTRIBUTED_OPTION_NAMESPACE:
      self->ns = dup_string_or (value, MALT_DISTRIBUTED_DEFAULT_NAMESPACE);
      break;
    case MALT_DISTRIBUTED_OPTION_POOL:
      self->pool = dup_string_or (value, MALT_DISTRIBUTED_DEFAULT_POOL);
      break;
    case MALT_DISTRIBUTED_OPTION_HOST:
      self->host = g_value_dup_string (value);
      break;
    case MALT_DISTRIBUTED_OPTION_PROFILE:
      self->profile = dup_string_or (value, MALT_DISTRIBUTED_DEFAULT_PROFILE);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_CERTIFICATE:
      self->tls_certificate = g_value_dup_string (value);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_KEY:
      self->tls_key = g_value_dup_string (value);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_CA:
      self->tls_ca = g_value_dup_string (value);
      break;
    case MALT_DISTRIBUTED_OPTION_SSH_DESTINATION:
      self->ssh_destination = g_value_dup_string (value);
      break;
    case MALT_DISTRIBUTED_OPTION_SSH_ARGUMENTS:
      self->ssh_arguments = g_value_dup_boxed (value);
      break;
    case MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT:
      self->spawn_timeout_ms = g_value_get_uint (value);
      break;
    case MALT_DISTRIBUTED_OPTION_LEASE:
      self->lease_ms = g_value_get_uint (value);
      break;
    case MALT_DISTRIBUTED_OPTION_ARGUMENTS:
      self->arguments = g_value_dup_boxed (value);
      break;
    case MALT_DISTRIBUTED_OPTION_ENVIRONMENT:
      self->environment = g_value_dup_boxed (value);
      break;
    case MALT_DISTRIBUTED_OPTION_MEMORY_LIMIT:
      self->memory_limit = g_value_get_uint64 (value);
      break;
    case MALT_DISTRIBUTED_OPTION_CPU_LIMIT:
      self->cpu_limit = g_value_get_uint (value);
      break;
    case MALT_DISTRIBUTED_OPTION_FD_LIMIT:
      self->fd_limit = g_value_get_uint (value);
      break;
    case MALT_DISTRIBUTED_OPTION_FILE_SIZE_LIMIT:
      self->file_size_limit = g_value_get_uint64 (value);
      break;
    case MALT_DISTRIBUTED_OPTION_TASK_LIMIT:
      self->task_limit = g_value_get_uint (value);
      break;
    case MALT_DISTRIBUTED_OPTION_STDOUT:
      self->output_modes[0] = g_value_get_enum (value);
      break;
    case MALT_DISTRIBUTED_OPTION_STDERR:
      self->output_modes[1] = g_value_get_enum (value);
      break;
    default:
      malt_worker_options_set (&self->common, (MaltWorkerOption) option, value);
    }
}

void
malt_distributed_options_get (const MaltDistributedOptions *self,
                              MaltDistributedOption         option,
                              GValue                       *value)
{
  switch (option)
    {
    case MALT_DISTRIBUTED_OPTION_LAUNCHER:
      g_value_set_enum (value, self->launcher);
      break;
    case MALT_DISTRIBUTED_OPTION_SERVERS:
      g_value_set_boxed (value, self->servers);
      break;
    case MALT_DISTRIBUTED_OPTION_NAMESPACE:
      g_value_set_string (value, self->ns);
      break;
    case MALT_DISTRIBUTED_OPTION_POOL:
      g_value_set_string (value, self->pool);
      break;
    case MALT_DISTRIBUTED_OPTION_HOST:
      g_value_set_string (value, self->host);
      break;
    case MALT_DISTRIBUTED_OPTION_PROFILE:
      g_value_set_string (value, self->profile);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_CERTIFICATE:
      g_value_set_string (value, self->tls_certificate);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_KEY:
      g_value_set_string (value, self->tls_key);
      break;
    case MALT_DISTRIBUTED_OPTION_TLS_CA:
      g_value_set_string (value, self->tls_ca);
      break;
    case MALT_DISTRIBUTED_OPTION_SSH_DESTINATION:
      g_value_set_string (value, self->ssh_destination);
      break;
    case MALT_DISTRIBUTED_OPTION_SSH_ARGUMENTS:
      g_value_set_boxed (value, self->ssh_arguments);
      break;
    case MALT_DISTRIBUTED_OPTION_SPAWN_TIMEOUT:
      g_value_set_uint (value, self->spawn_timeout_ms);
      break;
    case MALT_DISTRIBUTED_OPTION_LEASE:
      g_value_set_uint (value, self->lease_ms);
      break;
    case MALT_DISTRIBUTED_OPTION_ARGUMENTS:
      g_value_set_boxed (value, self->arguments);
      break;
    case MALT_DISTRIBUTED_OPTION_ENVIRONMENT:
      g_value_set_boxed (value, self->environment);
      break;
    case MALT_DISTRIBUTED_OPTION_MEMORY_LIMIT:
      g_value_set_uint64 (value, self->memory_limit);
      break;
    case MALT_DISTRIBUTED_OPTION_CPU_LIMIT:
      g_value_set_uint (value, self->cpu_limit);
      break;
    case MALT_DISTRIBUTED_OPTION_FD_LIMIT:
      g_value_set_uint (value, self->fd_limit);
      break;
    case MALT_DISTRIBUTED_OPTION_FILE_SIZE_LIMIT:
      g_value_set_uint64 (value, self->file_size_limit);
      break;
    case MALT_DISTRIBUTED_OPTION_TASK_LIMIT:
      g_value_set_uint (value, self->task_limit);
      break;
    case MALT_DISTRIBUTED_OPTION_STDOUT:
      g_value_set_enum (value, self->output_modes[0]);
      break;
    case MALT_DISTRIBUTED_OPTION_STDERR:
      g_value_set_enum (value, self->output_modes[1]);
      break;
    default:
      malt_worker_options_get (&self->common, (MaltWorkerOption) option, value);
    }
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
         && malt_distributed_check_name (self->pool, "pool", error)
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

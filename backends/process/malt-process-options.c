/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-options.h"

#include <stddef.h>
#include <string.h>

/* For a child that hangs silently, in milliseconds; as in Malt.jl. */
#define MALT_PROCESS_START_TIMEOUT_MSEC_DEFAULT 30000

/* Of one option. Each spare costs about a MiB. */
#define MALT_PROCESS_SPARE_MAX 16

#define OPTION_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

static void
install_program (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_EXECUTABLE,
      malt_param_spec_set_path (
          g_param_spec_string ("executable", "Executable",
                               "Program that calls malt_init() first, by path or looked for in "
                               "PATH; “self” for this program, none for malt-worker, and in a "
                               "worker for the program that it is itself",
                               NULL, OPTION_FLAGS),
          MALT_PATH_KIND_PROGRAM));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_ARGUMENTS,
      g_param_spec_boxed ("arguments", "Arguments", "More arguments for the executable",
                          G_TYPE_STRV, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_ENVIRONMENT_MODE,
      g_param_spec_enum ("environment-mode", "Environment mode",
                         "Whether the worker gets the manager's environment, or only PATH, HOME, "
                         "USER, LANG, LC_*, TZ and TMPDIR",
                         MALT_TYPE_PROCESS_ENVIRONMENT_MODE, MALT_PROCESS_ENVIRONMENT_CLEAN,
                         OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_ENVIRONMENT,
      g_param_spec_boxed ("environment", "Environment",
                          "“NAME=value” to set, “NAME” to take over from the manager",
                          G_TYPE_STRV, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_WORKING_DIRECTORY,
      malt_param_spec_set_path (
          g_param_spec_string ("working-directory", "Working directory",
                               "Where the worker starts, none for the manager's",
                               NULL, OPTION_FLAGS),
          MALT_PATH_KIND_FILE));
}

static void
install_process (GObjectClass *object_class)
{
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_STDOUT,
      g_param_spec_enum ("stdout", "Standard output", "What becomes of the worker's stdout",
                         MALT_TYPE_RELAY_MODE, MALT_RELAY_MODE_RELAY, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_STDERR,
      g_param_spec_enum ("stderr", "Standard error", "What becomes of the worker's stderr",
                         MALT_TYPE_RELAY_MODE, MALT_RELAY_MODE_RELAY, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_TRANSPORT,
      g_param_spec_enum ("transport", "Transport",
                         "Kind of the sockets that calls travel through, auto for TCP, or Unix "
                         "in a sandbox and where there is no loopback interface",
                         MALT_TYPE_PROCESS_TRANSPORT, MALT_PROCESS_TRANSPORT_AUTO, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_PROCESS_GROUP,
      g_param_spec_enum ("process-group", "Process group",
                         "Whether the worker shares the manager's process group, auto for yes but "
                         "in a sandbox, or leads a session of its own",
                         MALT_TYPE_PROCESS_GROUP, MALT_PROCESS_GROUP_AUTO, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_START_TIMEOUT,
      g_param_spec_uint ("start-timeout", "Start time-out",
                         "Time that a child that says nothing has to come up, in milliseconds",
                         1, G_MAXUINT, MALT_PROCESS_START_TIMEOUT_MSEC_DEFAULT, OPTION_FLAGS));
  g_object_class_install_property (
      object_class, MALT_PROCESS_OPTION_SPARE,
      g_param_spec_uint ("spare", "Spare workers",
                         "Processes that are started ahead for later workers with the same "
                         "options, as soon as one has come up, and kept for five minutes after "
                         "the last",
                         0, MALT_PROCESS_SPARE_MAX, 0, OPTION_FLAGS));
}

void
malt_process_options_install (GObjectClass *object_class)
{
  malt_worker_options_install (object_class);
  install_program (object_class);
  install_process (object_class);
  malt_sandbox_options_install (object_class, MALT_PROCESS_OPTION_SANDBOX);
}

/* By option. */
static const gsize offsets[] = {
  [MALT_PROCESS_OPTION_EXECUTABLE] = offsetof (MaltProcessOptions, executable),
  [MALT_PROCESS_OPTION_ARGUMENTS] = offsetof (MaltProcessOptions, arguments),
  [MALT_PROCESS_OPTION_ENVIRONMENT_MODE] = offsetof (MaltProcessOptions, environment_mode),
  [MALT_PROCESS_OPTION_ENVIRONMENT] = offsetof (MaltProcessOptions, environment),
  [MALT_PROCESS_OPTION_WORKING_DIRECTORY] = offsetof (MaltProcessOptions, working_directory),
  [MALT_PROCESS_OPTION_STDOUT] = offsetof (MaltProcessOptions, output_modes[0]),
  [MALT_PROCESS_OPTION_STDERR] = offsetof (MaltProcessOptions, output_modes[1]),
  [MALT_PROCESS_OPTION_TRANSPORT] = offsetof (MaltProcessOptions, transport),
  [MALT_PROCESS_OPTION_PROCESS_GROUP] = offsetof (MaltProcessOptions, process_group),
  [MALT_PROCESS_OPTION_START_TIMEOUT] = offsetof (MaltProcessOptions, start_timeout_ms),
  [MALT_PROCESS_OPTION_SPARE] = offsetof (MaltProcessOptions, n_spares),
};

void
malt_process_options_set (MaltProcessOptions *self,
                          MaltProcessOption   option,
                          const GValue       *value)
{
  if ((int) option <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_set (&self->common, (MaltWorkerOption) option, value);
  else if (option >= MALT_PROCESS_OPTION_SANDBOX)
    malt_sandbox_options_set (&self->sandbox, option - MALT_PROCESS_OPTION_SANDBOX, value);
  else
    malt_option_field_set (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

void
malt_process_options_get (const MaltProcessOptions *self,
                          MaltProcessOption         option,
                          GValue                   *value)
{
  if ((int) option <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_get (&self->common, (MaltWorkerOption) option, value);
  else if (option >= MALT_PROCESS_OPTION_SANDBOX)
    malt_sandbox_options_get (&self->sandbox, option - MALT_PROCESS_OPTION_SANDBOX, value);
  else
    malt_option_field_get (G_STRUCT_MEMBER_P (self, offsets[option]), value);
}

void
malt_process_options_clear (MaltProcessOptions *self)
{
  malt_worker_options_clear (&self->common);
  malt_sandbox_options_clear (&self->sandbox);
  g_clear_pointer (&self->executable, g_free);
  g_clear_pointer (&self->arguments, g_strfreev);
  g_clear_pointer (&self->environment, g_strfreev);
  g_clear_pointer (&self->working_directory, g_free);
}

static gboolean
check_environment (const char *const  *entries,
                   GError            **error)
{
  for (gsize i = 0; entries != NULL && entries[i] != NULL; i++)
    if (entries[i][0] == '\0' || entries[i][0] == '=')
      {
        g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                     "Cannot use “%s” for option “environment”: not “NAME=value” or “NAME”",
                     entries[i]);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_not_empty (const char  *option,
                 const char  *value,
                 GError     **error)
{
  if (value == NULL || *value != '\0')
    return TRUE;
  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot use “” for option “%s”: empty", option);
  return FALSE;
}

/* An open file of the manager's can be read from, if it is a terminal or was opened for that, made
 * empty, and turned to not blocking for everybody who has it. */
static gboolean
check_own_output (const MaltProcessOptions  *self,
                  GError                   **error)
{
  static const char *const options[] = { "stdout", "stderr" };

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (self->sandbox.profile >= MALT_SANDBOX_STRICT
        && self->output_modes[i] == MALT_RELAY_MODE_INHERIT)
      {
        g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                     "Cannot use “inherit” for option “%s” with “sandbox” “%s”: "
                     "expected relay, lines, stream or null",
                     options[i], malt_sandbox_get_name (self->sandbox.profile));
        return FALSE;
      }

  return TRUE;
}

/* A TCP socket can be connected to somebody else, also out of a namespace without a network. A
 * terminal of the manager's is not one of what bubblewrap starts. */
static gboolean
check_sandbox (const MaltProcessOptions  *self,
               GError                   **error)
{
  MaltSandbox profile = self->sandbox.profile;

  if (profile >= MALT_SANDBOX_STRICT && self->transport == MALT_PROCESS_TRANSPORT_TCP)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "Cannot use “tcp” for option “transport” with “sandbox” “%s”: "
                 "expected auto or unix", malt_sandbox_get_name (profile));
  else if (profile == MALT_SANDBOX_ISOLATED && self->process_group == MALT_PROCESS_GROUP_INHERIT)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "Cannot use “inherit” for option “process-group” with “sandbox” “isolated”: "
                 "expected auto or own");
  else
    return check_own_output (self, error) && malt_sandbox_options_check (&self->sandbox, error);

  return FALSE;
}

gboolean
malt_process_options_check (const MaltProcessOptions  *self,
                            GError                   **error)
{
  return malt_worker_options_check (&self->common, error)
         && check_environment ((const char *const *) self->environment, error)
         && check_not_empty ("executable", self->executable, error)
         && check_not_empty ("working-directory", self->working_directory, error)
         && check_sandbox (self, error);
}

MaltProcessTransport
malt_process_options_get_transport (const MaltProcessOptions *self)
{
  if (self->transport == MALT_PROCESS_TRANSPORT_AUTO
      && self->sandbox.profile >= MALT_SANDBOX_STRICT)
    return MALT_PROCESS_TRANSPORT_UNIX;
  return self->transport;
}

gboolean
malt_process_options_is_own_session (const MaltProcessOptions *self)
{
  if (self->process_group == MALT_PROCESS_GROUP_AUTO)
    return self->sandbox.profile >= MALT_SANDBOX_STRICT;
  return self->process_group == MALT_PROCESS_GROUP_OWN;
}

/* The worker may start in another folder, so its folders are told whole. */
static GVariant *
new_absolute_paths (char **folders)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) paths = NULL;

  for (gsize i = 0; folders != NULL && folders[i] != NULL; i++)
    {
      g_autofree char *path = g_canonicalize_filename (folders[i], NULL);

      /* The manager's own folder may have a name that is not UTF-8. */
      if (g_utf8_validate (path, -1, NULL))
        g_strv_builder_add (builder, path);
    }
  paths = g_strv_builder_end (builder);
  return g_variant_new_strv ((const char *const *) paths, -1);
}

GVariant *
malt_process_options_get_setup (const MaltProcessOptions *self,
                                const char               *executable,
                                GVariant                 *sandbox)
{
  g_auto (GVariantDict) setup = G_VARIANT_DICT_INIT (NULL);
  g_auto (GStrv) plugin_path = malt_dup_plugin_paths ();
  const char *const none[] = { NULL };
  const MaltWorkerOptions *common = &self->common;
  const char *const *modules = common->modules != NULL ? (const char *const *) common->modules
                                                       : none;

  if (common->evaluator != NULL)
    g_variant_dict_insert (&setup, "evaluator", "s", common->evaluator);
  g_variant_dict_insert_value (&setup, "module-path", new_absolute_paths (common->module_path));
  g_variant_dict_insert_value (&setup, "modules", g_variant_new_strv (modules, -1));
  g_variant_dict_insert_value (&setup, "plugin-path", new_absolute_paths (plugin_path));
  if (self->working_directory != NULL)
    {
      g_autofree char *path = g_canonicalize_filename (self->working_directory, NULL);

      g_variant_dict_insert_value (&setup, "working-directory", g_variant_new_bytestring (path));
    }
  g_variant_dict_insert (&setup, "max-message-size", "t", common->max_message_bytes);
  g_variant_dict_insert_value (&setup, "executable", g_variant_new_bytestring (executable));
  if (sandbox != NULL)
    g_variant_dict_insert_value (&setup, "sandbox", sandbox);
  g_variant_dict_insert (&setup, "depth", "u", malt_nesting_get_depth () + 1);
  return g_variant_ref_sink (g_variant_dict_end (&setup));
}

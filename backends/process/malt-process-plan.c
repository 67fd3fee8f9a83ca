/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-plan.h"

#include <string.h>
#include <sys/stat.h>

/* Enough for the environment of a worker, in bytes. */
#define MALT_PROCESS_PLAN_KEY_BYTES 2048

static guint64
to_nsec (const struct timespec *time)
{
  return (guint64) time->tv_sec * G_GUINT64_CONSTANT (1000000000) + (guint64) time->tv_nsec;
}

/* A package that is upgraded replaces the file; a compiler may write into it. */
static void
identify_program (MaltProcessPlan *self)
{
  struct stat info;

  if (stat (self->command.program, &info) != 0)
    return;
  self->program_id[0] = info.st_dev;
  self->program_id[1] = info.st_ino;
  self->program_id[2] = (guint64) info.st_size;
  self->program_id[3] = to_nsec (&info.st_mtim);
  self->program_id[4] = to_nsec (&info.st_ctim);
}

static void
add_number (GByteArray *key,
            guint64     number)
{
  g_byte_array_append (key, (const guint8 *) &number, sizeof number);
}

static void
add_text (GByteArray *key,
          const char *text)
{
  add_number (key, text != NULL);
  if (text != NULL)
    g_byte_array_append (key, (const guint8 *) text, (guint) strlen (text) + 1);
}

static void
add_texts (GByteArray        *key,
           const char *const *texts)
{
  guint n_texts = texts != NULL ? g_strv_length ((char **) texts) : 0;

  add_number (key, n_texts);
  for (guint i = 0; i < n_texts; i++)
    add_text (key, texts[i]);
}

/* What the setup is made of is in it as it was said: whatever depends on the folder of the manager
 * is the same in the same one. */
static void
make_key (MaltProcessPlan          *self,
          const MaltProcessOptions *options)
{
  g_auto (GStrv) plugin_path = malt_dup_plugin_paths ();
  g_autofree char *folder = g_get_current_dir ();

  self->key = g_byte_array_sized_new (MALT_PROCESS_PLAN_KEY_BYTES);
  g_byte_array_append (self->key, (const guint8 *) self->program_id, sizeof self->program_id);
  add_text (self->key, self->command.program);
  add_texts (self->key, (const char *const *) self->command.argv);
  add_texts (self->key, (const char *const *) self->command.environment);
  add_texts (self->key, (const char *const *) self->command.launcher);
  add_text (self->key, folder);
  add_text (self->key, options->working_directory);
  add_text (self->key, options->common.evaluator);
  add_texts (self->key, (const char *const *) options->common.module_path);
  add_texts (self->key, (const char *const *) options->common.modules);
  add_texts (self->key, (const char *const *) plugin_path);
  add_number (self->key, malt_nesting_get_depth ());
  add_number (self->key, self->limits.max_pending_bytes);
  add_number (self->key, self->limits.max_message_bytes);
  add_number (self->key, self->limits.unresponsive_timeout_ms);
  add_number (self->key, self->output_modes[0]);
  add_number (self->key, self->output_modes[1]);
  add_number (self->key, self->transport);
  add_number (self->key, (guint64) self->own_session);
  add_number (self->key, (guint64) self->profile);
  if (self->sandbox != NULL)
    g_byte_array_append (self->key, g_variant_get_data (self->sandbox),
                         (guint) g_variant_get_size (self->sandbox));
}

static void
plan_clear (MaltProcessPlan *self)
{
  malt_process_command_clear (&self->command);
  g_clear_pointer (&self->setup, g_variant_unref);
  g_clear_pointer (&self->sandbox, g_variant_unref);
  g_clear_pointer (&self->key, g_byte_array_unref);
}

/* The worker finds its modules, its evaluator and its folder where they are outside. */
static gboolean
isolate (MaltProcessPlan           *self,
         const MaltProcessOptions  *options,
         char                     **module_folders,
         GError                   **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) plugin_path = malt_dup_plugin_paths ();
  g_auto (GStrv) visible = NULL;

  g_strv_builder_addv (builder, (const char **) module_folders);
  g_strv_builder_addv (builder, (const char **) plugin_path);
  if (options->working_directory != NULL)
    g_strv_builder_add (builder, options->working_directory);
  visible = g_strv_builder_end (builder);
  return malt_process_command_isolate (&self->command, &options->sandbox,
                                       (const char *const *) visible, error);
}

/* Modules can be read from where they are looked for after the sandbox has closed. */
static gboolean
make_sandbox (MaltProcessPlan           *self,
              const MaltProcessOptions  *options,
              GError                   **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) folders = NULL;

  self->profile = options->sandbox.profile;
  self->cpu_limit = options->sandbox.cpu_limit;
  if (self->profile == MALT_SANDBOX_NONE)
    return TRUE;

  if (options->common.module_path != NULL)
    g_strv_builder_addv (builder, (const char **) options->common.module_path);
  g_strv_builder_add (builder, MALT_MODULES_DIR);
  folders = g_strv_builder_end (builder);
  self->sandbox = malt_sandbox_new_setup (&options->sandbox, (const char *const *) folders, error);
  if (self->sandbox == NULL || self->profile < MALT_SANDBOX_ISOLATED)
    return self->sandbox != NULL;
  return isolate (self, options, folders, error);
}

MaltProcessPlan *
malt_process_plan_new (const MaltProcessOptions  *options,
                       GError                   **error)
{
  g_autoptr (MaltProcessPlan) self = g_atomic_rc_box_new0 (MaltProcessPlan);

  if (!malt_process_options_check (options, error)
      || !malt_process_command_fill (&self->command, options, error)
      || !make_sandbox (self, options, error))
    return NULL;

  self->limits = (MaltConnectionLimits) {
    .max_pending_bytes = options->common.max_pending_bytes,
    .max_message_bytes = options->common.max_message_bytes,
    .unresponsive_timeout_ms = options->common.unresponsive_timeout_ms,
  };
  self->output_modes[0] = options->output_modes[0];
  self->output_modes[1] = options->output_modes[1];
  self->transport = malt_process_options_get_transport (options);
  self->own_session = malt_process_options_is_own_session (options);
  self->call_timeout_ms = options->common.call_timeout_ms;
  self->start_timeout_ms = options->start_timeout_ms;
  self->n_spares = options->n_spares;
  if (self->n_spares > 0)
    {
      identify_program (self);
      make_key (self, options);
    }
  return g_steal_pointer (&self);
}

void
malt_process_plan_complete (MaltProcessPlan          *self,
                            const MaltProcessOptions *options)
{
  self->setup = malt_process_options_get_setup (
      options, malt_process_command_get_executable (&self->command), self->sandbox);
}

MaltProcessPlan *
malt_process_plan_ref (MaltProcessPlan *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_process_plan_unref (MaltProcessPlan *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) plan_clear);
}

gboolean
malt_process_plan_is_equal (const MaltProcessPlan *self,
                            const MaltProcessPlan *other)
{
  return self->key->len == other->key->len
         && memcmp (self->key->data, other->key->data, self->key->len) == 0;
}

gboolean
malt_process_plan_is_outdated_by (const MaltProcessPlan *self,
                                  const MaltProcessPlan *other)
{
  return strcmp (self->command.program, other->command.program) == 0
         && memcmp (self->program_id, other->program_id, sizeof self->program_id) != 0;
}

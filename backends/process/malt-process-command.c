/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-command.h"

#include <gio/gio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Makes an executable run as a worker, see malt_init(). */
#define MALT_PROCESS_WORKER_ARGUMENT "--malt-worker"

/* Overrides the worker program that belongs to the library, as $MALT_PLUGIN_PATH does for plugins;
 * and as that, not in a setuid program. */
#define MALT_PROCESS_WORKER_VARIABLE "MALT_WORKER"

/* The option “executable” for the program that asks. By the link, not by what it points to: that
 * may have been replaced since. */
#define MALT_PROCESS_SELF "self"
#define MALT_PROCESS_SELF_LINK "/proc/self/exe"

/* What a clean environment takes over: where things are, who it is, and how to write for people. */
static const char *const clean_names[] = { "PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", NULL };
static const char clean_prefix[] = "LC_";

/* What a shell does not take as it stands. */
static const char special[] = " \t\n\"'\\$&|;<>()*?[]#~`!";

void
malt_process_command_clear (MaltProcessCommand *self)
{
  g_clear_pointer (&self->program, g_free);
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->environment, g_strfreev);
  g_clear_pointer (&self->launcher, g_strfreev);
}

const char *
malt_process_command_get_executable (const MaltProcessCommand *self)
{
  return strcmp (self->program, MALT_PROCESS_SELF_LINK) == 0 ? MALT_PROCESS_SELF : self->program;
}

char *
malt_process_command_show (const MaltProcessCommand *self)
{
  g_autoptr (GString) shown = g_string_new (NULL);
  char *const *argv = self->launcher != NULL ? self->launcher : self->argv;

  for (gsize i = 0; argv[i] != NULL; i++)
    {
      const char *argument = argv[i];
      gboolean plain = *argument != '\0' && strpbrk (argument, special) == NULL;
      g_autofree char *quoted = plain ? g_strdup (argument) : g_shell_quote (argument);
      g_autofree char *valid = g_utf8_make_valid (quoted, -1);

      g_string_append_printf (shown, "%s%s", i == 0 ? "" : " ", valid);
    }
  return g_string_free (g_steal_pointer (&shown), FALSE);
}

static gboolean
find_program (const char  *name,
              char       **program,
              GError     **error)
{
  /* Whether a path can be executed is for the kernel to say. */
  if (strchr (name, '/') != NULL)
    {
      *program = g_canonicalize_filename (name, NULL);
      return TRUE;
    }
  *program = g_find_program_in_path (name);
  if (*program != NULL)
    return TRUE;
  g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
               "Cannot start a worker: executable “%s” is not in PATH", name);
  return FALSE;
}

static void
use_own_program (char **program,
                 char **name)
{
  *program = g_strdup (MALT_PROCESS_SELF_LINK);
  *name = g_file_read_link (*program, NULL);
  if (*name == NULL)
    *name = g_strdup (*program);
}

static char **
build_argv (const char               *name,
            const MaltProcessOptions *options)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, name, MALT_PROCESS_WORKER_ARGUMENT, NULL);
  if (options->arguments != NULL)
    g_strv_builder_addv (builder, (const char **) options->arguments);
  return g_strv_builder_end (builder);
}

static gboolean
is_clean (const char *entry)
{
  if (g_str_has_prefix (entry, clean_prefix))
    return TRUE;
  for (gsize i = 0; clean_names[i] != NULL; i++)
    {
      gsize length = strlen (clean_names[i]);

      if (strncmp (entry, clean_names[i], length) == 0 && entry[length] == '=')
        return TRUE;
    }
  return FALSE;
}

static char **
build_environment (const MaltProcessOptions *options)
{
  g_auto (GStrv) own = g_get_environ ();
  g_auto (GStrv) environment = NULL;

  if (options->environment_mode == MALT_PROCESS_ENVIRONMENT_INHERIT)
    environment = g_strdupv (own);
  else
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

      for (gsize i = 0; own[i] != NULL; i++)
        if (is_clean (own[i]))
          g_strv_builder_add (builder, own[i]);
      environment = g_strv_builder_end (builder);
    }

  for (gsize i = 0; options->environment != NULL && options->environment[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (options->environment[i], "=", 2);
      const char *value = parts[1] != NULL ? parts[1] : g_environ_getenv (own, parts[0]);

      if (value != NULL)
        environment = g_environ_setenv (environment, parts[0], value, TRUE);
    }
  return g_steal_pointer (&environment);
}

gboolean
malt_process_command_fill (MaltProcessCommand        *self,
                           const MaltProcessOptions  *options,
                           GError                   **error)
{
  g_autofree char *name = g_strdup (options->executable);

  if (name == NULL)
    name = g_strdup (malt_nesting_get_executable ());
  if (name == NULL)
    name = g_strdup (secure_getenv (MALT_PROCESS_WORKER_VARIABLE));
  if (name == NULL)
    name = g_strdup (MALT_WORKER_PROGRAM);

  if (strcmp (name, MALT_PROCESS_SELF) == 0)
    {
      g_clear_pointer (&name, g_free);
      use_own_program (&self->program, &name);
    }
  else if (!find_program (name, &self->program, error))
    return FALSE;

  self->argv = build_argv (name, options);
  self->environment = build_environment (options);
  return TRUE;
}

/* A link to this process would be one to the launcher. */
gboolean
malt_process_command_isolate (MaltProcessCommand        *self,
                              const MaltSandboxOptions  *options,
                              const char *const         *visible,
                              GError                   **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *target = strcmp (self->program, MALT_PROCESS_SELF_LINK) == 0
                              ? g_file_read_link (self->program, NULL) : NULL;
  const char *program = target != NULL ? target : self->program;
  g_auto (GStrv) launcher = NULL;

  if (access (program, X_OK) != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                   "Cannot start a worker: “%s” cannot be executed: %s",
                   self->argv[0], g_strerror (errno));
      return FALSE;
    }

  launcher = malt_sandbox_new_launcher (options, program, visible, error);
  if (launcher == NULL)
    return FALSE;

  g_strv_builder_addv (builder, (const char **) launcher);
  g_strv_builder_addv (builder, (const char **) self->argv + 1);
  self->launcher = g_strv_builder_end (builder);
  return TRUE;
}

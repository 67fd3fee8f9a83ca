/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Another program than the installed one, for instance that of a build folder. */
#define CONFORMANCE_VARIABLE "MALT_CONFORMANCE"

typedef struct
{
  char  *backend;
  char **options;
  char **only;
  int    deadline_sec;
} Conformance;

static void
conformance_clear (Conformance *self)
{
  g_clear_pointer (&self->backend, g_free);
  g_clear_pointer (&self->options, g_strfreev);
  g_clear_pointer (&self->only, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Conformance, conformance_clear)

static void
add_each (GStrvBuilder  *builder,
          const char    *option,
          char         **values)
{
  for (guint i = 0; values != NULL && values[i] != NULL; i++)
    g_strv_builder_add_many (builder, option, values[i], NULL);
}

/* Becomes the program of the suite; returns if there is none. */
static MaltCliExit
execute (const Conformance *self)
{
  const char *chosen = secure_getenv (CONFORMANCE_VARIABLE);
  const char *program = chosen != NULL ? chosen : MALT_CONFORMANCE_PROGRAM;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) arguments = NULL;

  g_strv_builder_add_many (builder, program, "--apart", NULL);
  if (self->backend != NULL)
    g_strv_builder_add_many (builder, "--backend", self->backend, NULL);
  add_each (builder, "--option", self->options);
  add_each (builder, "--only", self->only);
  if (self->deadline_sec > 0)
    {
      g_autofree char *deadline = g_strdup_printf ("%d", self->deadline_sec);

      g_strv_builder_add_many (builder, "--deadline", deadline, NULL);
    }
  arguments = g_strv_builder_end (builder);

  execv (program, arguments);
  malt_cli_print (stderr, "malt conformance: Cannot run “%s”, the suite: %s\n", program,
                  g_strerror (errno));
  return MALT_CLI_EXIT_FAILED;
}

static gboolean
check (const Conformance  *self,
       GError            **error)
{
  if (self->deadline_sec < 0)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 "The deadline cannot be %d: expected seconds", self->deadline_sec);
  for (guint i = 0; self->only != NULL && self->only[i] != NULL && *error == NULL; i++)
    {
      if (self->only[i][0] != '/')
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     "No case begins with “%s”: expected a path, as /basic", self->only[i]);
    }

  return *error == NULL && (self->backend == NULL || malt_cli_check_utf8 (self->backend, error));
}

static int
run_conformance (int    argc,
                 char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_conformance;
  g_auto (Conformance) self = { 0 };
  const GOptionEntry entries[] = {
    { "backend", 'b', 0, G_OPTION_ARG_FILENAME, &self.backend, "The backend, see malt backends",
      "NAME" },
    { "option", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &self.options,
      "An option of every worker; may be repeated", "NAME=VALUE" },
    { "only", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self.only,
      "Only cases that begin so, as /basic; may be repeated", "/PATH" },
    { "deadline", 0, 0, G_OPTION_ARG_INT, &self.deadline_sec,
      "End a case that takes longer", "SECONDS" },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv) words = NULL;
  g_autoptr (MaltBackend) backend = NULL;
  g_autoptr (GVariant) checked = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected no argument", words[0]);

  if (!check (&self, &error))
    return malt_cli_fail_usage (verb, "%s", error->message);

  /* It may be in a folder of its plugin-path; and no worker would start with a mistake in it. */
  if (malt_config_get_default (&error) != NULL)
    backend = malt_lookup_backend (self.backend != NULL ? self.backend : "process", &error);
  if (backend != NULL)
    checked = malt_cli_parse_options (backend, self.options, &error);
  if (checked == NULL)
    {
      malt_cli_print_error (error);
      return MALT_CLI_EXIT_USAGE;
    }

  return execute (&self);
}

const MaltCliVerb malt_cli_verb_conformance = {
  .name = "conformance",
  .parameters = "",
  .summary = "Tells which cases of the contract of workers hold for a backend",
  .description =
    "Prints TAP. Each case runs in a process of its own. One that needs a capability or an option\n"
    "that the backend does not have is passed over, and says which. At the end the backend is\n"
    "measured beside the backend process, unless --only is given.\n"
    "\n"
    "Examples:\n"
    "  malt conformance --backend in-process\n"
    "  malt conformance --backend process --option transport=unix --only /channels",
  .run = run_conformance,
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

MaltCliFormat
malt_cli_format_get (const MaltCliFormatOptions *self)
{
  if (self->json)
    return MALT_CLI_FORMAT_JSON;

  return self->types ? MALT_CLI_FORMAT_TYPED_TEXT : MALT_CLI_FORMAT_TEXT;
}

void
malt_cli_worker_options_clear (MaltCliWorkerOptions *self)
{
  g_clear_pointer (&self->profile, g_free);
  g_clear_pointer (&self->options, g_strfreev);
}

MaltCliExit
malt_cli_fail_usage (const MaltCliVerb *verb,
                     const char        *format,
                     ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  fprintf (stderr, "malt %s: %s. Try “malt %s --help”.\n", verb->name, message, verb->name);
  return MALT_CLI_EXIT_USAGE;
}

static void
add_worker_entries (GOptionContext       *context,
                    MaltCliWorkerOptions *worker)
{
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_STRING, &worker->profile,
      "Where the worker comes from: a profile, see malt config list, or a backend, see malt "
      "backends", "NAME" },
    { "backend", 'b', 0, G_OPTION_ARG_STRING, &worker->profile, "The same as --profile", "NAME" },
    { "option", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &worker->options,
      "An option of the backend, instead of the profile's; may be repeated", "NAME=VALUE" },
    { "timeout", 't', 0, G_OPTION_ARG_INT, &worker->timeout_ms,
      "End each call after this many milliseconds", "MS" },
    { "no-progress", 0, 0, G_OPTION_ARG_NONE, &worker->no_progress,
      "Show no progress bar on a terminal", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

static void
add_format_entries (GOptionContext       *context,
                    MaltCliFormatOptions *format)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &format->json, "Print results as JSON", NULL },
    { "types", 'T', 0, G_OPTION_ARG_NONE, &format->types,
      "Print results with their types, so that they can be read back exactly", NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_context_add_main_entries (context, entries, NULL);
}

/* GOptionContext takes -5 for an option. A leading space hides it, and is none of a number's:
 * neither GVariant's parser nor strtol() minds. */
static void
hide_negative_numbers (char **argv)
{
  for (guint i = 1; argv[i] != NULL && strcmp (argv[i], "--") != 0; i++)
    {
      char *end;

      if (argv[i][0] != '-' || (!g_ascii_isdigit (argv[i][1]) && argv[i][1] != '.'))
        continue;

      g_ascii_strtod (argv[i], &end);
      if (*end == '\0')
        {
          char *hidden = g_strconcat (" ", argv[i], NULL);
          g_free (argv[i]);
          argv[i] = hidden;
        }
    }
}

/* Leaves the words that are no options, without the “--” that may stand before them. */
static char **
steal_positional (char **words)
{
  g_autoptr (GStrvBuilder) rest = g_strv_builder_new ();
  gboolean options_ended = FALSE;

  for (guint i = 1; words[i] != NULL; i++)
    {
      if (!options_ended && strcmp (words[i], "--") == 0)
        options_ended = TRUE;
      else
        g_strv_builder_add (rest, words[i]);
    }

  return g_strv_builder_end (rest);
}

static GOptionContext *
new_context (const MaltCliVerb    *verb,
             const GOptionEntry   *entries,
             MaltCliWorkerOptions *worker,
             MaltCliFormatOptions *format,
             gboolean             *help)
{
  const GOptionEntry help_entry[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, help, "Show this", NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (verb->parameters);

  g_option_context_set_summary (context, verb->summary);
  g_option_context_set_description (context, verb->description);
  g_option_context_set_help_enabled (context, FALSE);

  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, NULL);
  if (format != NULL)
    add_format_entries (context, format);
  if (worker != NULL)
    add_worker_entries (context, worker);
  g_option_context_add_main_entries (context, help_entry, NULL);

  return context;
}

gboolean
malt_cli_parse (const MaltCliVerb     *verb,
                const GOptionEntry    *entries,
                MaltCliWorkerOptions  *worker,
                MaltCliFormatOptions  *format,
                int                    argc,
                char                 **argv,
                char                ***positional,
                MaltCliExit           *status)
{
  gboolean help = FALSE;
  g_autoptr (GOptionContext) context = new_context (verb, entries, worker, format, &help);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = g_strdupv (argv);

  hide_negative_numbers (words);
  if (!g_option_context_parse_strv (context, &words, &error))
    {
      *status = malt_cli_fail_usage (verb, "%s", error->message);
      return FALSE;
    }

  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
      fputs (text, stdout);
      *status = malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
      return FALSE;
    }

  if (worker != NULL && worker->timeout_ms < 0)
    {
      *status = malt_cli_fail_usage (verb, "A time-out cannot be negative");
      return FALSE;
    }

  *positional = steal_positional (words);

  return TRUE;
}

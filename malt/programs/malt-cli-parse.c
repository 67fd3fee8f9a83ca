/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"
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

  malt_cli_print (stderr, "malt %s: %s%s Try “malt %s --help”.\n", verb->name, message,
                  g_str_has_suffix (message, "?") ? "" : ".", verb->name);
  return MALT_CLI_EXIT_USAGE;
}

/* What a command line may have: GOption's own list of it cannot be read. */
typedef struct
{
  GOptionContext *context; /* owned */
  GPtrArray      *names;   /* char *, owned: "--timeout" */
  GPtrArray      *flags;   /* char *, of @names: those without a value */
} Grammar;

static void
grammar_clear (Grammar *self)
{
  g_clear_pointer (&self->context, g_option_context_free);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->flags, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Grammar, grammar_clear)

static void
add_entries (Grammar            *self,
             const GOptionEntry *entries)
{
  g_option_context_add_main_entries (self->context, entries, NULL);

  for (gsize i = 0; entries[i].long_name != NULL; i++)
    {
      char *name = g_strconcat ("--", entries[i].long_name, NULL);

      g_ptr_array_add (self->names, name);
      if (entries[i].arg == G_OPTION_ARG_NONE)
        g_ptr_array_add (self->flags, name);
    }
}

/* File names are taken as they are, strings would be converted from the character set of the
 * locale: names are checked to be UTF-8 here, as all words are. */
static void
add_worker_entries (Grammar              *self,
                    MaltCliWorkerOptions *worker)
{
  const GOptionEntry entries[] = {
    { "profile", 'p', 0, G_OPTION_ARG_FILENAME, &worker->profile,
      "Where the worker comes from: a profile, see malt config list, or a backend, see malt "
      "backends", "NAME" },
    { "backend", 'b', 0, G_OPTION_ARG_FILENAME, &worker->profile, "The same as --profile", "NAME" },
    { "option", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &worker->options,
      "An option of the backend, instead of the profile's; may be repeated", "NAME=VALUE" },
    { "timeout", 't', 0, G_OPTION_ARG_INT, &worker->timeout_ms,
      "End each call after this many milliseconds", "MS" },
    { "no-progress", 0, 0, G_OPTION_ARG_NONE, &worker->no_progress,
      "Show no progress bar on a terminal", NULL },
    G_OPTION_ENTRY_NULL,
  };

  add_entries (self, entries);
}

static void
add_format_entries (Grammar              *self,
                    MaltCliFormatOptions *format)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &format->json, "Print results as JSON", NULL },
    { "types", 'T', 0, G_OPTION_ARG_NONE, &format->types,
      "Print results with their types, so that they can be read back exactly", NULL },
    G_OPTION_ENTRY_NULL,
  };

  add_entries (self, entries);
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

static void
grammar_init (Grammar              *self,
              const MaltCliVerb    *verb,
              const GOptionEntry   *entries,
              MaltCliWorkerOptions *worker,
              MaltCliFormatOptions *format,
              gboolean             *help)
{
  const GOptionEntry help_entry[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, help, "Show this", NULL },
    G_OPTION_ENTRY_NULL,
  };

  self->names = g_ptr_array_new_with_free_func (g_free);
  self->flags = g_ptr_array_new ();
  self->context = g_option_context_new (verb->parameters);
  g_option_context_set_summary (self->context, verb->summary);
  g_option_context_set_description (self->context, verb->description);
  g_option_context_set_help_enabled (self->context, FALSE);

  if (entries != NULL)
    add_entries (self, entries);
  if (format != NULL)
    add_format_entries (self, format);
  if (worker != NULL)
    add_worker_entries (self, worker);
  add_entries (self, help_entry);
  g_ptr_array_add (self->names, NULL);
}

/* GOption would take --json=no for --json. */
static gboolean
check_flags (const Grammar  *self,
             char          **words,
             GError        **error)
{
  for (guint i = 1; words[i] != NULL && strcmp (words[i], "--") != 0; i++)
    {
      gsize length = strcspn (words[i], "=");
      g_autofree char *name = g_strndup (words[i], length);

      if (words[i][length] == '=' && g_ptr_array_find_with_equal_func (self->flags, name,
                                                                       g_str_equal, NULL))
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "Option %s takes no value", name);
          return FALSE;
        }
    }

  return TRUE;
}

/* The name stands at the end of what GOption says, in whatever language. */
static void
suggest_option (const Grammar  *self,
                GError        **error)
{
  const char *start = strstr ((*error)->message, "--");
  g_autofree char *name = g_strndup (start != NULL ? start : "",
                                     start != NULL ? strcspn (start, "=") : 0);
  const char *nearest = malt_names_find_nearest (name, (const char *const *) self->names->pdata);
  g_autofree char *text = NULL;

  if (nearest == NULL)
    return;

  text = g_strdup_printf ("%s; did you mean “%s”?", (*error)->message, nearest);
  g_free ((*error)->message);
  (*error)->message = g_steal_pointer (&text);
}

static gboolean
parse (const Grammar   *self,
       char          ***words,
       GError         **error)
{
  hide_negative_numbers (*words);
  if (!check_flags (self, *words, error))
    return FALSE;
  if (g_option_context_parse_strv (self->context, words, error))
    return TRUE;

  if (g_error_matches (*error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION))
    suggest_option (self, error);
  return FALSE;
}

static gboolean
check_worker (const MaltCliWorkerOptions  *worker,
              GError                     **error)
{
  if (worker->timeout_ms < 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "A time-out cannot be negative: found %d, but it takes milliseconds, 0 for none",
                   worker->timeout_ms);
      return FALSE;
    }

  return worker->profile == NULL || malt_cli_check_utf8 (worker->profile, error);
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
  g_auto (Grammar) grammar = { 0 };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) words = g_strdupv (argv);

  grammar_init (&grammar, verb, entries, worker, format, &help);
  if (parse (&grammar, &words, &error) && !help && worker != NULL)
    check_worker (worker, &error);
  if (error != NULL)
    {
      *status = malt_cli_fail_usage (verb, "%s", error->message);
      return FALSE;
    }

  if (help)
    {
      g_autofree char *text = g_option_context_get_help (grammar.context, TRUE, NULL);

      fputs (text, stdout);
      *status = malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
      return FALSE;
    }

  *positional = steal_positional (words);

  return TRUE;
}

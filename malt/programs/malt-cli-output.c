/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define BOLD_RED "\033[1;31m"
#define PLAIN "\033[0m"

/* https://no-color.org: set and not empty means no colour. */
gboolean
malt_cli_use_colour (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR");

  if (no_color != NULL && *no_color != '\0')
    return FALSE;

  return isatty (fileno (stream)) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

/* What a person did is no exception of the worker's. (transfer full) (nullable) */
static char *
dup_interruption (const GError *error)
{
  const char *traceback = malt_error_get_remote_traceback (error);

  if (!g_error_matches (error, MALT_ERROR, MALT_ERROR_INTERRUPTED)
      || malt_error_get_remote_message (error) == NULL)
    return NULL;

  return g_strconcat (malt_error_get_remote_message (error), traceback != NULL ? "\n" : NULL,
                      traceback, NULL);
}

/* (transfer full): as it may be written to the stream, which is a terminal or not. */
static char *
dup_shown (FILE       *stream,
           const char *text)
{
  GString *shown;

  if (!isatty (fileno (stream)))
    return g_strdup (text);

  shown = g_string_new (NULL);
  malt_terminal_append (shown, text, strlen (text));

  return g_string_free (shown, FALSE);
}

/* The first error of standard output: later calls change errno, and stdio keeps only that there was
 * one. Main thread. */
static int write_error;

void
malt_cli_note_write_error (gboolean has_failed)
{
  if (has_failed && write_error == 0)
    write_error = errno;
}

void
malt_cli_print (FILE       *stream,
                const char *format,
                ...)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);

  shown = dup_shown (stream, text);
  malt_cli_note_write_error (fputs (shown, stream) == EOF && stream == stdout);
}

/* What GLib's writer shows of a record are its text and its domain. */
static GLogWriterOutput
write_record (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  g_autofree GLogField *shown_fields = g_memdup2 (fields, n_fields * sizeof *fields);
  g_autofree char *message = NULL;
  g_autofree char *domain = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      gboolean is_message = g_str_equal (fields[i].key, "MESSAGE");
      char **shown = is_message ? &message : &domain;

      if ((!is_message && !g_str_equal (fields[i].key, "GLIB_DOMAIN")) || fields[i].length >= 0)
        continue;

      *shown = dup_shown (stderr, fields[i].value);
      shown_fields[i].value = *shown;
    }

  return g_log_writer_default (level, shown_fields, n_fields, NULL);
}

void
malt_cli_guard_log (void)
{
  g_log_set_writer_func (write_record, NULL, NULL);
}

void
malt_cli_print_error (const GError *error)
{
  g_autofree char *interruption = dup_interruption (error);
  const char *message = interruption != NULL ? interruption : error->message;
  g_autofree char *text = dup_shown (stderr, message);
  gsize first_line = strcspn (text, "\n");
  const char *colour = "";
  const char *plain = "";
  g_autofree char *prefix = NULL;

  if (malt_cli_use_colour (stderr))
    {
      colour = BOLD_RED;
      plain = PLAIN;
    }

  /* The worker's errors say whose they are; what is wrong with the command line is ours. */
  if (malt_cli_exit_for_error (error) == MALT_CLI_EXIT_USAGE)
    prefix = g_strconcat (g_get_prgname (), ": ", NULL);

  malt_cli_clear_progress ();
  malt_cli_note_write_error (fflush (stdout) != 0);
  fprintf (stderr, "%s%s%.*s%s%s\n", colour, prefix != NULL ? prefix : "",
           (int) first_line, text, plain, text + first_line);
}

static MaltCliExit
exit_for_malt_error (const GError *error)
{
  switch ((MaltError) error->code)
    {
    case MALT_ERROR_INTERRUPTED:
      return MALT_CLI_EXIT_INTERRUPTED;

    case MALT_ERROR_UNKNOWN_BACKEND:
    case MALT_ERROR_INVALID_CONFIG:
      return MALT_CLI_EXIT_USAGE;

    case MALT_ERROR_START_FAILED:
    case MALT_ERROR_SANDBOX_UNAVAILABLE:
      return MALT_CLI_EXIT_START_FAILED;

    case MALT_ERROR_TERMINATED_WORKER:
    case MALT_ERROR_PROTOCOL:
      return MALT_CLI_EXIT_TERMINATED;

    case MALT_ERROR_FAILED:
    case MALT_ERROR_REMOTE_EXCEPTION:
    case MALT_ERROR_SERIALIZATION:
    case MALT_ERROR_LIMIT:
    case MALT_ERROR_NOT_A_CHANNEL:
    case MALT_ERROR_CHANNEL_CLOSED:
    case MALT_ERROR_UNKNOWN_FUNCTION:
    default:
      return MALT_CLI_EXIT_FAILED;
    }
}

MaltCliExit
malt_cli_exit_for_error (const GError *error)
{
  if (error->domain == MALT_ERROR)
    return exit_for_malt_error (error);
  if (error->domain == G_OPTION_ERROR)
    return MALT_CLI_EXIT_USAGE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return MALT_CLI_EXIT_TIMED_OUT;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return MALT_CLI_EXIT_INTERRUPTED;

  return MALT_CLI_EXIT_FAILED;
}

MaltCliExit
malt_cli_finish_output (MaltCliExit status)
{
  malt_cli_note_write_error (fflush (stdout) != 0 || ferror (stdout));
  if (write_error == 0)
    return status;

  /* A reader that has seen enough, as head(1), is not told that we noticed. */
  if (write_error != EPIPE)
    fprintf (stderr, "%s: Cannot write to standard output: %s\n",
             g_get_prgname (), g_strerror (write_error));

  return status == MALT_CLI_EXIT_SUCCESS ? MALT_CLI_EXIT_FAILED : status;
}

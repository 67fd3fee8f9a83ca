/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BOLD_RED "\033[1;31m"
#define PLAIN "\033[0m"
#define CLEAR_LINE "\r\033[K"

#define PROGRESS_BAR_COLUMNS 30

/* A function may report more often than anybody reads. */
#define PROGRESS_INTERVAL_USEC (50 * 1000)

/* https://no-color.org: set and not empty means no colour. */
gboolean
malt_cli_use_colour (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR");

  if (no_color != NULL && *no_color != '\0')
    return FALSE;

  return isatty (fileno (stream)) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

void
malt_cli_print_error (const GError *error)
{
  gsize first_line = strcspn (error->message, "\n");
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
  fflush (stdout);
  fprintf (stderr, "%s%s%.*s%s%s\n", colour, prefix != NULL ? prefix : "",
           (int) first_line, error->message, plain, error->message + first_line);
}

static gboolean
has_progress_line (void)
{
  return isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

static gboolean progress_is_shown;

/* A bar on a terminal, nothing elsewhere: a log would fill with it. */
void
malt_cli_print_progress (double      fraction,
                         const char *message)
{
  static gint64 shown_us;
  gint64 now_us = g_get_monotonic_time ();
  char bar[PROGRESS_BAR_COLUMNS + 1];
  double done = CLAMP (fraction, 0.0, 1.0);

  if (now_us - shown_us < PROGRESS_INTERVAL_USEC || !has_progress_line ())
    return;

  memset (bar, '.', PROGRESS_BAR_COLUMNS);
  memset (bar, '#', (gsize) (done * PROGRESS_BAR_COLUMNS));
  bar[PROGRESS_BAR_COLUMNS] = '\0';

  fprintf (stderr, CLEAR_LINE "[%s] %3.0f %% %s",
           bar, done * 100.0, message != NULL ? message : "");
  fflush (stderr);
  shown_us = now_us;
  progress_is_shown = TRUE;
}

void
malt_cli_clear_progress (void)
{
  if (progress_is_shown)
    fputs (CLEAR_LINE, stderr);
  progress_is_shown = FALSE;
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
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;

  /* A reader that has seen enough, as head(1), is not told that we noticed. */
  if (errno != EPIPE)
    fprintf (stderr, "%s: Cannot write to standard output: %s\n",
             g_get_prgname (), g_strerror (errno));

  return status == MALT_CLI_EXIT_SUCCESS ? MALT_CLI_EXIT_FAILED : status;
}

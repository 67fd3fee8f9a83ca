/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The progress of a call, in the last line of the terminal. The worker may print to the same
 * terminal meanwhile, past us, so that line is taken out of what scrolls (DECSTBM), and each
 * drawing puts the cursor back to where the worker has it. Everything happens in the main
 * thread. */

/* Smooth for people, whatever a worker sends. */
#define PROGRESS_INTERVAL_MSEC 50

#define PROGRESS_MIN_ROWS 3
#define PROGRESS_MIN_COLUMNS 20
#define PROGRESS_MIN_BAR_COLUMNS 8
#define PROGRESS_MAX_BAR_COLUMNS 30

#define CYAN "\033[36m"
#define GREY "\033[90m"
#define PLAIN "\033[0m"

static struct
{
  double        fraction;
  char         *message;  /* owned */
  gboolean      is_news;  /* has not been drawn */
  guint         timer;    /* runs for an interval after each drawing */
  int           rows;     /* of the terminal, when the line was taken */
} progress;

/* What gives the line back; in a signal handler, too. */
static char release_sequence[64];
static volatile sig_atomic_t is_line_taken;

static const int ending_signals[] = { SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };

/* Leaves or stops as the signal means, with the terminal as it was. A later drawing takes the line
 * again. */
static void
on_ending_signal (int signum)
{
  if (is_line_taken)
    (void) !write (STDERR_FILENO, release_sequence, strlen (release_sequence));
  is_line_taken = FALSE;
  signal (signum, SIG_DFL);
  raise (signum);
}

static void
release_line (void)
{
  if (!is_line_taken)
    return;

  fputs (release_sequence, stderr);
  is_line_taken = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (ending_signals); i++)
    signal (ending_signals[i], SIG_DFL);
}

/* Makes room below the cursor, which stays in its column. Setting the margins moves it. */
static void
take_line (int rows)
{
  fprintf (stderr, "\033D\033[A\0337\033[1;%dr\0338", rows - 1);
  g_snprintf (release_sequence, sizeof release_sequence, "\0337\033[%d;1H\033[2K\033[r\0338", rows);
  progress.rows = rows;
  is_line_taken = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (ending_signals); i++)
    signal (ending_signals[i], on_ending_signal);
}

static gboolean
get_terminal_size (int *rows,
                   int *columns)
{
  struct winsize size;

  if (!isatty (STDERR_FILENO) || g_strcmp0 (g_getenv ("TERM"), "dumb") == 0
      || ioctl (STDERR_FILENO, TIOCGWINSZ, &size) < 0)
    return FALSE;

  *rows = size.ws_row;
  *columns = size.ws_col;
  return *rows >= PROGRESS_MIN_ROWS && *columns >= PROGRESS_MIN_COLUMNS;
}

/* Half columns are shown where the character set has them. */
static void
append_bar (GString  *line,
            int       columns,
            gboolean  is_utf8)
{
  gboolean use_colour = malt_cli_use_colour (stderr);
  int halves = (int) (progress.fraction * columns * 2);
  int n = halves / 2;

  g_string_append (line, use_colour ? CYAN : "");
  for (int i = 0; i < n; i++)
    g_string_append (line, is_utf8 ? "━" : "#");
  if (is_utf8 && halves % 2 == 1)
    {
      g_string_append (line, "╸");
      n++;
    }
  g_string_append (line, use_colour ? GREY : "");
  for (int i = n; i < columns; i++)
    g_string_append (line, !is_utf8 ? "." : use_colour ? "━" : "─");
  g_string_append (line, use_colour ? PLAIN : "");
}

static int
get_width (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

/* What a terminal would act on is none of the worker's business: newlines and tabs are blanks,
 * other controls and marks of direction are nothing. */
static gunichar
make_harmless (gunichar character,
               gboolean is_utf8)
{
  if (g_unichar_isspace (character))
    return ' ';
  if (!g_unichar_isprint (character) || g_unichar_type (character) == G_UNICODE_FORMAT)
    return 0;
  return is_utf8 || character < 0x80 ? character : '?';
}

/* Appends as much of the message as fits; an ellipsis says when that is not all. */
static void
append_message (GString  *line,
                int       columns,
                gboolean  is_utf8)
{
  const char *ellipsis = is_utf8 ? "…" : "~";
  gsize cut = line->len;
  int width = 0;

  for (const char *p = progress.message; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar character = make_harmless (g_utf8_get_char (p), is_utf8);

      if (character == 0)
        continue;
      width += get_width (character);
      if (width > columns)
        {
          g_string_truncate (line, cut);
          g_string_append (line, ellipsis);
          return;
        }
      g_string_append_unichar (line, character);
      if (width < columns)
        cut = line->len;
    }
}

static void
draw (void)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gboolean is_utf8 = g_get_charset (NULL);
  int rows, columns, bar_columns;

  progress.is_news = FALSE;
  if (!get_terminal_size (&rows, &columns))
    return;

  if (rows != progress.rows)
    release_line ();
  if (!is_line_taken)
    take_line (rows);

  /* The last column stays free: some terminals wrap there. */
  bar_columns = CLAMP (columns / 3, PROGRESS_MIN_BAR_COLUMNS, PROGRESS_MAX_BAR_COLUMNS);
  g_string_printf (line, "\0337\033[%d;1H\033[0m\033[2K%3d %% ", rows,
                   (int) (progress.fraction * 100.0));
  append_bar (line, bar_columns, is_utf8);
  g_string_append_c (line, ' ');
  append_message (line, columns - bar_columns - (int) strlen ("100 %  ") - 1, is_utf8);
  g_string_append (line, "\0338");
  fputs (line->str, stderr);
}

static gboolean
on_interval (gpointer user_data)
{
  if (progress.is_news)
    {
      draw ();
      return G_SOURCE_CONTINUE;
    }

  progress.timer = 0;
  return G_SOURCE_REMOVE;
}

void
malt_cli_print_progress (double      fraction,
                         const char *message)
{
  progress.fraction = fraction;
  g_free (progress.message);
  progress.message = g_strdup (message);
  progress.is_news = TRUE;

  if (progress.timer == 0)
    {
      draw ();
      progress.timer = g_timeout_add (PROGRESS_INTERVAL_MSEC, on_interval, NULL);
    }
}

void
malt_cli_clear_progress (void)
{
  g_clear_handle_id (&progress.timer, g_source_remove);
  g_clear_pointer (&progress.message, g_free);
  release_line ();
}

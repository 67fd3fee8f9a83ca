/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-sink-private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The manager's stderr is a terminal whose other end is read when the test wants to. */

#define WATCHDOG_SECONDS 60

/* Far more than a terminal takes. */
#define N_LINES 2000
#define LINE_BYTES 100

static int reader_fd;

/* What is there now. */
static gsize
read_terminal (GString *text)
{
  char buffer[4096];
  gssize n = read (reader_fd, buffer, sizeof buffer);

  if (n > 0)
    g_string_append_len (text, buffer, n);
  return n > 0 ? (gsize) n : 0;
}

static guint
count_whole_lines (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  guint n = 0;

  /* What follows the last end of a line is not whole. */
  for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++)
    {
      const char *line = strchr (lines[i], 'x');

      g_assert_nonnull (line);
      g_assert_cmpuint (strlen (line), ==, LINE_BYTES);
      n++;
    }
  return n;
}

static void
test_not_read (void)
{
  MaltRelaySink *sink = malt_relay_sink_get (STDERR_FILENO);
  g_autoptr (GString) text = g_string_new (NULL);
  char line[LINE_BYTES];
  guint64 ticket = 0;

  g_test_summary ("A terminal that takes nothing blocks nobody, and gets whole lines afterwards");
  memset (line, 'x', sizeof line);
  g_assert_true (malt_relay_sink_is_ready (sink));
  for (guint i = 0; i < N_LINES; i++)
    ticket = malt_relay_sink_write_line (sink, 1, line, sizeof line);
  g_assert_false (malt_relay_sink_is_ready (sink));
  g_assert_cmpuint (ticket, >, 0);
  /* Not for ever. */
  malt_relay_sink_wait (sink, ticket);

  while (count_whole_lines (text->str) < N_LINES)
    if (read_terminal (text) == 0)
      g_usleep (1000);
  malt_relay_sink_wait (sink, ticket);
  g_assert_true (malt_relay_sink_is_ready (sink));
}

static void
test_other_programs (void)
{
  g_test_summary ("Whoever else writes to the terminal may rely on it to block");
  g_assert_cmpint (fcntl (STDERR_FILENO, F_GETFL) & O_NONBLOCK, ==, 0);
}

int
main (int    argc,
      char **argv)
{
  int terminal_fd, status;

  g_test_init (&argc, &argv, NULL);
  reader_fd = posix_openpt (O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  g_assert_no_errno (reader_fd);
  g_assert_no_errno (grantpt (reader_fd));
  g_assert_no_errno (unlockpt (reader_fd));
  terminal_fd = open (ptsname (reader_fd), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  g_assert_no_errno (terminal_fd);
  g_assert_no_errno (dup2 (terminal_fd, STDERR_FILENO));
  close (terminal_fd);
  alarm (WATCHDOG_SECONDS);

  g_test_add_func ("/malt/relay/terminal/not-read", test_not_read);
  g_test_add_func ("/malt/relay/terminal/other-programs", test_other_programs);

  status = g_test_run ();
  close (reader_fd);

  return status;
}

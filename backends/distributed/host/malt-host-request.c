/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-request.h"

#include "backends/distributed/malt-distributed-line.h"

#include <malt/malt.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* Milliseconds for a line that is on its way when this program is started. */
#define REQUEST_DEADLINE_MSEC 30000

/* FALSE: an error, the end, or too late. */
static gboolean
read_byte (int      fd,
           gint64   end_us,
           char    *byte,
           GError **error)
{
  struct pollfd pollfd = { .fd = fd, .events = POLLIN };
  gint64 left_ms = (end_us - g_get_monotonic_time ()) / 1000;
  ssize_t n_read;

  if (left_ms <= 0 || TEMP_FAILURE_RETRY (poll (&pollfd, 1, (int) left_ms)) == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "No request came on standard input for %d ms", REQUEST_DEADLINE_MSEC);
      return FALSE;
    }

  n_read = TEMP_FAILURE_RETRY (read (fd, byte, 1));
  if (n_read == 1)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "No request came on standard input: %s",
               n_read == 0 ? "it is at its end" : g_strerror (errno));
  return FALSE;
}

/* Byte by byte: what comes behind the line is not for us to take. (transfer full) */
static char *
read_line (int      fd,
           GError **error)
{
  g_autoptr (GString) line = g_string_new (NULL);
  gint64 end_us = g_get_monotonic_time () + REQUEST_DEADLINE_MSEC * G_GINT64_CONSTANT (1000);
  char byte;

  while (line->len < MALT_DISTRIBUTED_MAX_LINE_BYTES)
    {
      if (!read_byte (fd, end_us, &byte, error))
        return NULL;
      if (byte == '\n')
        return g_string_free (g_steal_pointer (&line), FALSE);

      g_string_append_c (line, byte);
    }

  g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
               "The request on standard input has more than %u bytes",
               MALT_DISTRIBUTED_MAX_LINE_BYTES);
  return NULL;
}

MaltSpawnRequest *
malt_host_read_request (int      fd,
                        GError **error)
{
  g_autofree char *line = read_line (fd, error);
  g_autoptr (GBytes) message = NULL;

  if (line == NULL)
    return NULL;

  message = malt_distributed_line_parse (line);
  if (message == NULL)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "What came on standard input is no request");
      return NULL;
    }

  return malt_spawn_request_from_bytes (message, error);
}

void
malt_host_write_answer (int     fd,
                        GBytes *message)
{
  g_autoptr (GBytes) owned = message;
  g_autofree char *line = malt_distributed_line_new (owned);
  const char *rest = line;

  while (*rest != '\0')
    {
      ssize_t n_written = TEMP_FAILURE_RETRY (write (fd, rest, strlen (rest)));

      if (n_written <= 0)
        return;
      rest += n_written;
    }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-pipe-private.h"

#include "malt/malt-clear-source.h"
#include "malt/malt-raise-fd.h"
#include "malt/wire/malt-monitor.h"

#include <glib-unix.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Read at once, in bytes: a whole pipe. */
#define READ_BYTES 65536

/* How often a full stream is looked at while its reader is given time, in milliseconds. */
#define PAUSE_MSEC 20

/* Below the sources of calls: a worker that prints without end costs its neighbours 1 µs a call
 * instead of 25 (measured), and its output still passes at 1.7 GB/s. */
#define READ_PRIORITY G_PRIORITY_DEFAULT_IDLE

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (g_steal_fd (fd));
}

void
malt_relay_pipe_init (MaltRelayPipe   *self,
                      MaltRelayOutput *output,
                      guint            number,
                      MaltRelayMode    mode)
{
  self->output = output;
  self->number = number;
  self->mode = mode;
  self->fd = self->worker_fd = -1;
  self->is_open = mode != MALT_RELAY_MODE_NULL;
  if (mode == MALT_RELAY_MODE_RELAY || mode == MALT_RELAY_MODE_INHERIT)
    self->sink = malt_relay_sink_get ((int) number);
  if (mode == MALT_RELAY_MODE_STREAM)
    self->stream = malt_relay_stream_new ();
}

static void
set_pipe_error (GError     **error,
                const char  *what)
{
  int saved_errno = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno), "Cannot %s a pipe: %s",
               what, g_strerror (saved_errno));
}

gboolean
malt_relay_pipe_open (MaltRelayPipe  *self,
                      GError        **error)
{
  int fds[2];

  self->is_open = self->mode != MALT_RELAY_MODE_INHERIT && self->mode != MALT_RELAY_MODE_NULL;
  if (!self->is_open)
    return TRUE;

  if (pipe2 (fds, O_CLOEXEC) < 0)
    {
      set_pipe_error (error, "make");
      return FALSE;
    }
  self->worker_fd = fds[1];
  self->fd = malt_raise_fd (fds[0]);
  if (self->fd < 0 || fcntl (self->fd, F_SETFL, O_NONBLOCK) < 0)
    {
      set_pipe_error (error, "set up");
      return FALSE;
    }
  return TRUE;
}

void
malt_relay_pipe_close_worker_fd (MaltRelayPipe *self)
{
  close_fd (&self->worker_fd);
}

void
malt_relay_pipe_clear (MaltRelayPipe *self)
{
  g_assert (self->source == NULL);

  close_fd (&self->fd);
  close_fd (&self->worker_fd);
  if (self->stream != NULL)
    malt_relay_stream_end (self->stream);
  g_clear_object (&self->stream);
}

static void
on_line (const char *line,
         gsize       length,
         gpointer    user_data)
{
  MaltRelayPipe *self = user_data;
  MaltRelayOutput *output = self->output;

  if (self->sink != NULL)
    self->ticket = malt_relay_sink_write_line (self->sink, output->pid, line, length);
  if (output->emits_lines
      && !malt_relay_events_push_line (output->events, self->number, line, length))
    output->dropped += length;
}

void
malt_relay_pipe_bring_on_locked (MaltRelayPipe *self,
                                 const char    *bytes,
                                 gsize          length)
{
  MaltRelayOutput *output = self->output;

  if (self->number == STDERR_FILENO)
    malt_relay_tail_feed (&self->tail, bytes, length);
  if (self->stream != NULL)
    output->dropped += malt_relay_stream_push (self->stream, bytes, length);
  else if (self->mode == MALT_RELAY_MODE_INHERIT)
    self->ticket = malt_relay_sink_write (self->sink, bytes, length);
  else
    {
      output->emits_lines = malt_relay_events_wants_lines (output->events);
      malt_relay_lines_feed (&self->lines, bytes, length, on_line, self);
    }
}

/* Reads at most `limit` bytes. FALSE: the end of the file. */
static gboolean
read_locked (MaltRelayPipe *self,
             gsize          limit)
{
  MaltRelayOutput *output = self->output;
  gssize n_read;

  if (output->buffer == NULL)
    output->buffer = g_malloc (READ_BYTES);
  n_read = read (self->fd, output->buffer, MIN (limit, READ_BYTES));
  if (n_read <= 0)
    return n_read < 0 && (errno == EAGAIN || errno == EINTR);

  malt_relay_pipe_bring_on_locked (self, output->buffer, (gsize) n_read);
  return TRUE;
}

static int
count_bytes_locked (MaltRelayPipe *self)
{
  int n_bytes = 0;

  return self->fd >= 0 && ioctl (self->fd, FIONREAD, &n_bytes) == 0 ? n_bytes : 0;
}

/* What is there now and no more, so that one who prints without end does not keep us. */
static void
drain_locked (MaltRelayPipe *self)
{
  int n_bytes = count_bytes_locked (self);

  while (n_bytes > 0)
    {
      int chunk = MIN (n_bytes, READ_BYTES);

      if (!read_locked (self, (gsize) chunk))
        return;
      n_bytes -= chunk;
    }
}

static void
end_locked (MaltRelayPipe *self)
{
  malt_relay_lines_flush (&self->lines, on_line, self);
  if (self->stream != NULL)
    malt_relay_stream_end (self->stream);
  close_fd (&self->fd);
  self->is_open = FALSE;
}

void
malt_relay_pipe_finish_locked (MaltRelayPipe *self)
{
  if (!self->is_open)
    return;
  drain_locked (self);
  end_locked (self);
}

gboolean
malt_relay_pipe_wants_pause (MaltRelayPipe *self)
{
  if (self->sink != NULL)
    return !malt_relay_sink_is_ready (self->sink);
  return self->stream != NULL && malt_relay_stream_wants_pause (self->stream);
}

void
malt_relay_pipe_stop_reading (MaltRelayPipe *self)
{
  malt_clear_source (&self->source);
}

static void
set_source (MaltRelayPipe *self,
            GSource       *source,
            GSourceFunc    func)
{
  malt_relay_pipe_stop_reading (self);
  self->source = source;
  g_source_set_priority (source, READ_PRIORITY);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, malt_monitor_get_context ());
}

/* Runs in the monitor thread. */
static gboolean
on_pause_over (gpointer user_data)
{
  malt_relay_pipe_start_reading (user_data);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_sink_ready (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  malt_relay_pipe_start_reading (user_data);
  return G_SOURCE_REMOVE;
}

/* Leaves the pipe to fill up: the worker waits for whoever takes its output, and nobody else
 * does. */
static void
pause_reading (MaltRelayPipe *self)
{
  if (self->sink != NULL)
    set_source (self, g_unix_fd_source_new (malt_relay_sink_get_fd (self->sink), G_IO_OUT),
                G_SOURCE_FUNC (on_sink_ready));
  else
    set_source (self, g_timeout_source_new (PAUSE_MSEC), on_pause_over);
}

/* Runs in the monitor thread. */
static gboolean
on_readable (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  MaltRelayPipe *self = user_data;
  gboolean at_end;

  if (malt_relay_pipe_wants_pause (self))
    {
      pause_reading (self);
      return G_SOURCE_REMOVE;
    }
  g_mutex_lock (&self->output->lock);
  at_end = !read_locked (self, READ_BYTES);
  if (at_end)
    end_locked (self);
  g_mutex_unlock (&self->output->lock);
  if (at_end)
    malt_relay_pipe_stop_reading (self);
  return at_end ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void
malt_relay_pipe_start_reading (MaltRelayPipe *self)
{
  if (self->fd >= 0)
    set_source (self, g_unix_fd_source_new (self->fd, G_IO_IN), G_SOURCE_FUNC (on_readable));
}

/* The caller waits for its own output here, as it would in printf(), and not under the lock,
 * which the monitor may want. */
static void
wait_until_shown (MaltRelayPipe *self,
                  guint64        ticket)
{
  malt_relay_sink_wait (self->sink, ticket);
  g_mutex_lock (&self->output->lock);
  if (self->ticket == ticket)
    self->ticket = 0;
  g_mutex_unlock (&self->output->lock);
}

void
malt_relay_pipe_drain (MaltRelayPipe *self)
{
  GMutex *lock = &self->output->lock;
  gboolean may_wait = self->sink != NULL && !g_main_context_is_owner (malt_monitor_get_context ());
  guint64 ticket;

  g_mutex_lock (lock);
  if (count_bytes_locked (self) > 0)
    {
      g_mutex_unlock (lock);
      if (may_wait)
        malt_relay_sink_wait_for_room (self->sink);
      gboolean pauses = malt_relay_pipe_wants_pause (self);
      g_mutex_lock (lock);
      if (!pauses)
        drain_locked (self);
    }
  ticket = self->ticket;
  g_mutex_unlock (lock);

  if (ticket != 0 && may_wait)
    wait_until_shown (self, ticket);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-output.h"

#include "malt/malt-raise-fd.h"
#include "malt/relay/malt-relay-lines-private.h"
#include "malt/relay/malt-relay-sink-private.h"
#include "malt/relay/malt-relay-stream-private.h"
#include "malt/wire/malt-monitor.h"

#include <glib-unix.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Read at once, in bytes: a whole pipe. */
#define MALT_RELAY_OUTPUT_READ_BYTES 65536

/* How often a full stream is looked at while its reader is given time, in milliseconds. */
#define MALT_RELAY_OUTPUT_PAUSE_MSEC 20

/* Below the sources of calls: a worker that prints without end costs its neighbours 1 µs a call
 * instead of 25 (measured), and its output still passes at 1.7 GB/s. */
#define MALT_RELAY_OUTPUT_PRIORITY G_PRIORITY_DEFAULT_IDLE

typedef struct
{
  MaltRelayOutput *output;    /* the one that this is in */
  guint            number;    /* immutable: 1 or 2 */
  MaltRelayMode    mode;      /* immutable */
  MaltRelaySink   *sink;      /* immutable; of modes relay and inherit */
  MaltRelayStream *stream;    /* immutable; of mode stream, owned */
  int              worker_fd; /* monitor thread; −1 after the start */
  GSource         *source;    /* monitor thread; reads, or ends a pause */
  int              fd;        /* protected by the lock; changed by the monitor thread only */
  gboolean         is_open;   /* protected by the lock; the end has not come */
  MaltRelayLines   lines;     /* protected by the lock */
  MaltRelayTail    tail;      /* protected by the lock */
  guint64          ticket;    /* protected by the lock; of the last line, 0: shown */
} Pipe;

/* Whoever is about to hand over results drains both pipes first, under the lock, so that output
 * is brought on in its order, and before the results of the calls that printed it. Only the
 * monitor closes a pipe. */
struct _MaltRelayOutput
{
  MaltRelayEvents *events;      /* immutable; owned */
  int              pid;         /* immutable after the start */
  GMutex           lock;
  char            *buffer;      /* protected by @lock; MALT_RELAY_OUTPUT_READ_BYTES, or NULL */
  gboolean         emits_lines; /* protected by @lock; of what is being read */
  guint64          dropped;     /* protected by @lock; bytes */
  Pipe             pipes[2];
};

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (g_steal_fd (fd));
}

static gboolean
is_piped (MaltRelayMode mode)
{
  return mode != MALT_RELAY_MODE_INHERIT && mode != MALT_RELAY_MODE_NULL;
}

static gboolean
pipe_open (Pipe    *self,
           GError **error)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Cannot make a pipe: %s", g_strerror (saved_errno));
      return FALSE;
    }
  self->worker_fd = fds[1];
  self->fd = malt_raise_fd (fds[0]);
  if (self->fd < 0 || fcntl (self->fd, F_SETFL, O_NONBLOCK) < 0)
    {
      int saved_errno = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Cannot set up a pipe: %s", g_strerror (saved_errno));
      return FALSE;
    }
  return TRUE;
}

/**
 * malt_relay_output_new_fed: (skip)
 * @modes: (array fixed-size=2): of stdout, of stderr
 * @events: where lines go to
 *
 * Creates what brings on the output of a worker that is not a child of this
 * process: its bytes come by [func@Malt.RelayOutput.feed]. There is nothing that
 * it could inherit, so what it says in that mode is written on this process's own
 * stdout or stderr.
 *
 * Returns: (transfer full): the output
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_new_fed (const MaltRelayMode  modes[2],
                           MaltRelayEvents     *events)
{
  MaltRelayOutput *self = g_atomic_rc_box_new0 (MaltRelayOutput);

  g_mutex_init (&self->lock);
  self->events = malt_relay_events_ref (events);
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    {
      Pipe *pipe = &self->pipes[i];

      pipe->output = self;
      pipe->number = i + 1;
      pipe->mode = modes[i];
      pipe->fd = pipe->worker_fd = -1;
      pipe->is_open = modes[i] != MALT_RELAY_MODE_NULL;
      if (pipe->mode == MALT_RELAY_MODE_RELAY || pipe->mode == MALT_RELAY_MODE_INHERIT)
        pipe->sink = malt_relay_sink_get ((int) pipe->number);
      if (pipe->mode == MALT_RELAY_MODE_STREAM)
        pipe->stream = malt_relay_stream_new ();
    }
  return self;
}

/**
 * malt_relay_output_new: (skip)
 * @modes: (array fixed-size=2): of stdout, of stderr
 * @events: where lines go to
 * @error: return location for an error
 *
 * Creates what brings on the output of a child, and the pipes for it. Nothing is
 * read before [func@Malt.RelayOutput.read].
 *
 * Errors: what the system says when there are no pipes left.
 *
 * Returns: (transfer full): the output, %NULL with @error set
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_new (const MaltRelayMode   modes[2],
                       MaltRelayEvents      *events,
                       GError              **error)
{
  g_autoptr (MaltRelayOutput) self = malt_relay_output_new_fed (modes, events);

  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    {
      self->pipes[i].is_open = is_piped (modes[i]);
      if (self->pipes[i].is_open && !pipe_open (&self->pipes[i], error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * malt_relay_output_ref: (skip)
 * @self: the output of a worker
 *
 * Takes a reference. Any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
MaltRelayOutput *
malt_relay_output_ref (MaltRelayOutput *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
output_clear (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    {
      Pipe *pipe = &self->pipes[i];

      g_assert (pipe->source == NULL);
      close_fd (&pipe->fd);
      close_fd (&pipe->worker_fd);
      if (pipe->stream != NULL)
        malt_relay_stream_end (pipe->stream);
      g_clear_object (&pipe->stream);
    }
  g_clear_pointer (&self->buffer, g_free);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_mutex_clear (&self->lock);
}

/**
 * malt_relay_output_unref: (skip)
 * @self: (transfer full): the output of a worker
 *
 * Drops a reference, of one that has been finished or has not been started. Any
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_unref (MaltRelayOutput *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) output_clear);
}

/**
 * malt_relay_output_get_worker_fd: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Gets what the worker is to have as that descriptor.
 *
 * Returns: a borrowed descriptor, −1 for /dev/null
 *
 * Since: 0.1
 */
int
malt_relay_output_get_worker_fd (MaltRelayOutput *self,
                                 guint            number)
{
  Pipe *pipe = &self->pipes[number - 1];

  if (pipe->mode == MALT_RELAY_MODE_INHERIT && fcntl ((int) number, F_GETFD) >= 0)
    return (int) number;
  return pipe->worker_fd;
}

static void
on_line (const char *line,
         gsize       length,
         gpointer    user_data)
{
  Pipe *pipe = user_data;
  MaltRelayOutput *self = pipe->output;

  if (pipe->sink != NULL)
    pipe->ticket = malt_relay_sink_write_line (pipe->sink, self->pid, line, length);
  if (self->emits_lines
      && !malt_relay_events_push_line (self->events, pipe->number, line, length))
    self->dropped += length;
}

static void
pipe_bring_on_locked (Pipe       *pipe,
                      const char *bytes,
                      gsize       length)
{
  MaltRelayOutput *self = pipe->output;

  if (pipe->number == STDERR_FILENO)
    malt_relay_tail_feed (&pipe->tail, bytes, length);
  if (pipe->stream != NULL)
    self->dropped += malt_relay_stream_push (pipe->stream, bytes, length);
  else if (pipe->mode == MALT_RELAY_MODE_INHERIT)
    pipe->ticket = malt_relay_sink_write (pipe->sink, bytes, length);
  else
    {
      self->emits_lines = malt_relay_events_wants_lines (self->events);
      malt_relay_lines_feed (&pipe->lines, bytes, length, on_line, pipe);
    }
}

/* Reads at most `limit` bytes. FALSE: the end of the file. */
static gboolean
pipe_read_locked (Pipe *pipe,
                  gsize limit)
{
  MaltRelayOutput *self = pipe->output;
  gssize n_read;

  if (self->buffer == NULL)
    self->buffer = g_malloc (MALT_RELAY_OUTPUT_READ_BYTES);
  n_read = read (pipe->fd, self->buffer, MIN (limit, MALT_RELAY_OUTPUT_READ_BYTES));
  if (n_read <= 0)
    return n_read < 0 && (errno == EAGAIN || errno == EINTR);

  pipe_bring_on_locked (pipe, self->buffer, (gsize) n_read);
  return TRUE;
}

static gboolean
pipe_has_bytes_locked (Pipe *pipe)
{
  int n_bytes = 0;

  return pipe->fd >= 0 && ioctl (pipe->fd, FIONREAD, &n_bytes) == 0 && n_bytes > 0;
}

/* What is there now and no more, so that one who prints without end does not keep us. */
static void
pipe_drain_locked (Pipe *pipe)
{
  int n_bytes = 0;

  if (pipe->fd < 0 || ioctl (pipe->fd, FIONREAD, &n_bytes) < 0)
    return;
  while (n_bytes > 0)
    {
      int chunk = MIN (n_bytes, MALT_RELAY_OUTPUT_READ_BYTES);

      if (!pipe_read_locked (pipe, (gsize) chunk))
        return;
      n_bytes -= chunk;
    }
}

static gboolean
pipe_wants_pause (Pipe *pipe)
{
  if (pipe->sink != NULL)
    return !malt_relay_sink_is_ready (pipe->sink);
  return pipe->stream != NULL && malt_relay_stream_wants_pause (pipe->stream);
}

static void
pipe_end_locked (Pipe *pipe)
{
  malt_relay_lines_flush (&pipe->lines, on_line, pipe);
  if (pipe->stream != NULL)
    malt_relay_stream_end (pipe->stream);
  close_fd (&pipe->fd);
  pipe->is_open = FALSE;
}

static void
pipe_set_source (Pipe        *pipe,
                 GSource     *source,
                 GSourceFunc  func)
{
  if (pipe->source != NULL)
    g_source_destroy (pipe->source);
  g_clear_pointer (&pipe->source, g_source_unref);
  if (source == NULL)
    return;
  pipe->source = source;
  g_source_set_priority (source, MALT_RELAY_OUTPUT_PRIORITY);
  g_source_set_callback (source, func, pipe, NULL);
  g_source_attach (source, malt_monitor_get_context ());
}

static void pipe_resume (Pipe *pipe);

/* Runs in the monitor thread. */
static gboolean
on_pause_over (gpointer user_data)
{
  pipe_resume (user_data);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_sink_ready (int          fd,
               GIOCondition condition,
               gpointer     user_data)
{
  pipe_resume (user_data);
  return G_SOURCE_REMOVE;
}

/* Leaves the pipe to fill up: the worker waits for whoever takes its output, and nobody else
 * does. */
static void
pipe_pause (Pipe *pipe)
{
  if (pipe->sink != NULL)
    pipe_set_source (pipe, g_unix_fd_source_new (malt_relay_sink_get_fd (pipe->sink), G_IO_OUT),
                     G_SOURCE_FUNC (on_sink_ready));
  else
    pipe_set_source (pipe, g_timeout_source_new (MALT_RELAY_OUTPUT_PAUSE_MSEC), on_pause_over);
}

/* Runs in the monitor thread. */
static gboolean
on_pipe_readable (int          fd,
                  GIOCondition condition,
                  gpointer     user_data)
{
  Pipe *pipe = user_data;
  MaltRelayOutput *self = pipe->output;
  gboolean at_end = FALSE;

  if (pipe_wants_pause (pipe))
    {
      pipe_pause (pipe);
      return G_SOURCE_REMOVE;
    }
  g_mutex_lock (&self->lock);
  at_end = !pipe_read_locked (pipe, MALT_RELAY_OUTPUT_READ_BYTES);
  if (at_end)
    pipe_end_locked (pipe);
  g_mutex_unlock (&self->lock);
  if (at_end)
    pipe_set_source (pipe, NULL, NULL);
  return at_end ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void
pipe_resume (Pipe *pipe)
{
  pipe_set_source (pipe, g_unix_fd_source_new (pipe->fd, G_IO_IN),
                   G_SOURCE_FUNC (on_pipe_readable));
}

/**
 * malt_relay_output_start: (skip)
 * @self: the output of a worker
 * @pid: of the worker, for what is shown
 *
 * Says that the worker has been started, and closes the worker’s ends. Monitor
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_start (MaltRelayOutput *self,
                         int              pid)
{
  self->pid = pid;
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    close_fd (&self->pipes[i].worker_fd);
}

/**
 * malt_relay_output_read: (skip)
 * @self: the output of a worker
 *
 * Reads the pipes from here on, until malt_relay_output_finish(). Monitor
 * thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_read (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (self->pipes[i].fd >= 0)
      pipe_resume (&self->pipes[i]);
}

/**
 * malt_relay_output_hold: (skip)
 * @self: the output of a worker
 *
 * Has the worker wait for whoever reads its streams, however long that takes, where
 * otherwise a reader that has not been seen for a second loses the oldest bytes. For
 * one that cannot go away without the worker. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_hold (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (self->pipes[i].stream != NULL)
      malt_relay_stream_hold (self->pipes[i].stream);
}

/**
 * malt_relay_output_wants_pause: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Checks whether a terminal, or a reader of the stream, had better be given
 * time. Output that is fed all the same may be dropped. Monitor thread.
 *
 * Returns: whether malt_relay_output_feed() had better wait
 *
 * Since: 0.1
 */
gboolean
malt_relay_output_wants_pause (MaltRelayOutput *self,
                               guint            number)
{
  return pipe_wants_pause (&self->pipes[number - 1]);
}

/**
 * malt_relay_output_feed: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 * @bytes: what the worker wrote
 * @length: of @bytes
 *
 * Brings on what a worker wrote that has no pipe of ours; before or after
 * malt_relay_output_start(). What comes after malt_relay_output_finish() is
 * dropped. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_feed (MaltRelayOutput *self,
                        guint            number,
                        const char      *bytes,
                        gsize            length)
{
  Pipe *pipe = &self->pipes[number - 1];

  g_mutex_lock (&self->lock);
  if (pipe->is_open)
    pipe_bring_on_locked (pipe, bytes, length);
  g_mutex_unlock (&self->lock);
}

/* The caller waits for its own output here, as it would in printf(), and not under the lock,
 * which the monitor may want. */
static void
pipe_wait (Pipe    *pipe,
           guint64  ticket)
{
  MaltRelayOutput *self = pipe->output;

  malt_relay_sink_wait (pipe->sink, ticket);
  g_mutex_lock (&self->lock);
  if (pipe->ticket == ticket)
    pipe->ticket = 0;
  g_mutex_unlock (&self->lock);
}

static void
pipe_drain (Pipe *pipe)
{
  MaltRelayOutput *self = pipe->output;
  gboolean may_wait = pipe->sink != NULL && !g_main_context_is_owner (malt_monitor_get_context ());
  guint64 ticket;

  g_mutex_lock (&self->lock);
  if (pipe_has_bytes_locked (pipe))
    {
      g_mutex_unlock (&self->lock);
      if (may_wait)
        malt_relay_sink_wait_for_room (pipe->sink);
      gboolean pauses = pipe_wants_pause (pipe);
      g_mutex_lock (&self->lock);
      if (!pauses)
        pipe_drain_locked (pipe);
    }
  ticket = pipe->ticket;
  g_mutex_unlock (&self->lock);

  if (ticket != 0 && may_wait)
    pipe_wait (pipe, ticket);
}

/**
 * malt_relay_output_drain: (skip)
 * @self: the output of a worker
 *
 * Brings on what is in the pipes now, and waits until it is shown, within
 * reason: before results are handed over that belong after it. Any thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_drain (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    pipe_drain (&self->pipes[i]);
}

/**
 * malt_relay_output_finish: (skip)
 * @self: the output of a worker
 *
 * Brings on what is in the pipes, and a last line without newline, and closes
 * them, whoever else holds them. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_relay_output_finish (MaltRelayOutput *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    pipe_set_source (&self->pipes[i], NULL, NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (self->pipes); i++)
    if (self->pipes[i].is_open)
      {
        pipe_drain_locked (&self->pipes[i]);
        pipe_end_locked (&self->pipes[i]);
      }
  g_clear_pointer (&self->buffer, g_free);
  g_mutex_unlock (&self->lock);
}

/**
 * malt_relay_output_dup_tail: (skip)
 * @self: the output of a worker
 *
 * Gets the end of stderr. Any thread.
 *
 * Returns: (transfer full): at most 4 KiB of any bytes but NUL
 *
 * Since: 0.1
 */
char *
malt_relay_output_dup_tail (MaltRelayOutput *self)
{
  char *tail;

  g_mutex_lock (&self->lock);
  tail = malt_relay_tail_dup (&self->pipes[1].tail);
  g_mutex_unlock (&self->lock);
  return tail;
}

/**
 * malt_relay_output_dup_stream: (skip)
 * @self: the output of a worker
 * @number: 1 for stdout, 2 for stderr
 *
 * Gets the stream of mode `stream`. Any thread.
 *
 * Returns: (transfer full) (nullable): the stream, %NULL in other modes
 *
 * Since: 0.1
 */
GInputStream *
malt_relay_output_dup_stream (MaltRelayOutput *self,
                              guint            number)
{
  MaltRelayStream *stream = self->pipes[number - 1].stream;

  return stream != NULL ? G_INPUT_STREAM (g_object_ref (stream)) : NULL;
}

/**
 * malt_relay_output_get_dropped: (skip)
 * @self: the output of a worker
 *
 * Gets how much nobody took in time. Any thread.
 *
 * Returns: bytes
 *
 * Since: 0.1
 */
guint64
malt_relay_output_get_dropped (MaltRelayOutput *self)
{
  guint64 dropped;

  g_mutex_lock (&self->lock);
  dropped = self->dropped;
  g_mutex_unlock (&self->lock);
  return dropped;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-watch.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "backends/distributed/malt-distributed-tls.h"

#include <glib-unix.h>

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Bytes of a read: many frames of a manager, the longest of which has 16. */
#define WATCH_READ_BYTES 4096

/* How often a manager may ask for the end of one worker: each time is remembered until that
 * comes. */
#define WATCH_MAX_STOPS 1024u

struct _MaltHostWatch
{
  GIOStream                *stream;    /* owned */
  const MaltHostWatchFuncs *funcs;
  gpointer                  user_data;
  GMainContext             *context;   /* owned */
  MaltWatchReader          *reader;    /* owned */
  GByteArray               *queued;    /* owned; what waits to be written */
  guint64                   n_untaken; /* bytes of output that the manager has not said it took */
  guint                     n_stops;   /* that the manager has asked for */
  GSource                  *reading;   /* owned (nullable) */
  GSource                  *writing;   /* owned (nullable) */
  int                       timer_fd;
  GSource                  *timer;     /* owned (nullable) */
  MaltHostLease             lease;
  gint64                    next_beat;
  gboolean                  is_lost;
};

/* Takes the error. */
static void
lose (MaltHostWatch *self,
      GError        *error)
{
  g_autoptr (GError) owned = error;

  if (self->is_lost)
    return;

  self->is_lost = TRUE;
  malt_clear_source (&self->reading);
  malt_clear_source (&self->writing);
  malt_clear_source (&self->timer);
  g_byte_array_set_size (self->queued, 0);
  self->funcs->lost (self, owned, self->user_data);
}

static gboolean
has_lease (MaltHostWatch *self)
{
  if (!malt_host_lease_is_over (&self->lease, malt_host_lease_get_time ()))
    return TRUE;

  lose (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "its manager has been silent for %" G_GINT64_FORMAT " ms",
                           self->lease.lease_us / 1000));
  return FALSE;
}

static void
arm_timer (MaltHostWatch *self)
{
  gint64 when = MIN (self->next_beat, malt_host_lease_get_deadline (&self->lease));
  struct itimerspec spec = {
    .it_value.tv_sec = when / G_USEC_PER_SEC,
    .it_value.tv_nsec = when % G_USEC_PER_SEC * 1000,
  };

  timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static GSource *
attach (MaltHostWatch *self,
        GSource       *source,
        GSourceFunc    func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);

  return source;
}

static gboolean on_writable (GObject  *stream,
                             gpointer  user_data);

static void
flush (MaltHostWatch *self)
{
  GPollableOutputStream *output =
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));
  g_autoptr (GError) error = NULL;

  while (self->queued->len > 0 && self->writing == NULL && !self->is_lost)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (output, self->queued->data,
                                                             self->queued->len, NULL, &error);

      if (n >= 0)
        g_byte_array_remove_range (self->queued, 0, (guint) n);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        self->writing = attach (self, g_pollable_output_stream_create_source (output, NULL),
                                G_SOURCE_FUNC (on_writable));
      else
        lose (self, g_steal_pointer (&error));
    }
}

static gboolean
on_writable (GObject  *stream,
             gpointer  user_data)
{
  MaltHostWatch *self = user_data;
  malt_clear_source (&self->writing);
  if (!has_lease (self))
    return G_SOURCE_REMOVE;

  flush (self);
  if (!self->is_lost && self->queued->len == 0)
    self->funcs->drained (self, self->user_data);

  return G_SOURCE_REMOVE;
}

static gboolean
on_timer (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  MaltHostWatch *self = user_data;
  gint64 now = malt_host_lease_get_time ();
  guint64 n_expired;

  (void) !read (fd, &n_expired, sizeof n_expired);
  if (!has_lease (self))
    return G_SOURCE_REMOVE;

  if (now >= self->next_beat)
    {
      self->next_beat = now + MALT_LEASE_BEAT_MSEC * G_TIME_SPAN_MILLISECOND;
      malt_watch_append_beat (self->queued, malt_host_lease_beat (&self->lease, now));
      flush (self);
    }
  if (self->is_lost)
    return G_SOURCE_REMOVE;

  arm_timer (self);
  return G_SOURCE_CONTINUE;
}

/* A terminal that is slow holds the worker up, or it loses what it prints, as with any manager; and
 * beats do not wait behind output. */
static void
handle_taken (MaltHostWatch *self,
              guint64        n_bytes)
{
  if (n_bytes > self->n_untaken)
    {
      lose (self, g_error_new_literal (MALT_ERROR, MALT_ERROR_PROTOCOL,
                                       "its manager took output that was not sent"));
      return;
    }

  self->n_untaken -= n_bytes;
  self->funcs->drained (self, self->user_data);
}

static void
handle (MaltHostWatch        *self,
        const MaltWatchFrame *frame)
{
  if (frame->type == MALT_WATCH_TAKEN)
    handle_taken (self, frame->number);
  else if (frame->type == MALT_WATCH_STOP && ++self->n_stops > WATCH_MAX_STOPS)
    lose (self, g_error_new (MALT_ERROR, MALT_ERROR_PROTOCOL,
                             "its manager asked for its end more than %u times", WATCH_MAX_STOPS));
  else if (frame->type != MALT_WATCH_BEAT)
    self->funcs->asked (self, frame, self->user_data);
  else if (malt_host_lease_echo (&self->lease, frame->number, malt_host_lease_get_time ()))
    arm_timer (self);
  else
    lose (self, g_error_new_literal (MALT_ERROR, MALT_ERROR_PROTOCOL,
                                     "its manager echoed a beat that was not sent"));
}

static void
take_frames (MaltHostWatch *self)
{
  GError *error = NULL;

  while (!self->is_lost)
    {
      g_auto (MaltWatchFrame) frame = { 0 };

      if (!malt_watch_reader_next (self->reader, &frame, &error))
        break;
      handle (self, &frame);
    }

  if (error != NULL)
    lose (self, error);
}

static gboolean
on_readable (GObject  *stream,
             gpointer  user_data)
{
  MaltHostWatch *self = user_data;
  guint8 buffer[WATCH_READ_BYTES];
  g_autoptr (GError) error = NULL;
  gssize n;

  if (!has_lease (self))
    return G_SOURCE_REMOVE;

  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer,
                                                sizeof buffer, NULL, &error);
  if (n > 0)
    {
      malt_watch_reader_feed (self->reader, buffer, (gsize) n);
      take_frames (self);
    }
  else if (n == 0)
    lose (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED, "its manager has let it go"));
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    lose (self, g_steal_pointer (&error));

  return self->is_lost ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

MaltHostWatch *
malt_host_watch_new (GIOStream                *stream,
                     guint                     lease_ms,
                     const MaltHostWatchFuncs *funcs,
                     gpointer                  user_data,
                     GError                  **error)
{
  GPollableInputStream *input =
    G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  int timer_fd = timerfd_create (CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  MaltHostWatch *self;

  if (timer_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "Cannot keep a lease: %s", g_strerror (errno));
      return NULL;
    }

  self = g_new0 (MaltHostWatch, 1);
  self->stream = g_object_ref (stream);
  self->funcs = funcs;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->reader = malt_watch_reader_new (MALT_WATCH_FROM_MANAGER);
  self->queued = g_byte_array_new ();
  self->timer_fd = timer_fd;
  self->next_beat = malt_host_lease_get_time ();
  malt_host_lease_init (&self->lease, (gint64) lease_ms * G_TIME_SPAN_MILLISECOND,
                        self->next_beat);
  self->timer = attach (self, g_unix_fd_source_new (timer_fd, G_IO_IN), G_SOURCE_FUNC (on_timer));
  self->reading = attach (self, g_pollable_input_stream_create_source (input, NULL),
                          G_SOURCE_FUNC (on_readable));
  arm_timer (self);

  return self;
}

void
malt_host_watch_free (MaltHostWatch *self)
{
  malt_clear_source (&self->reading);
  malt_clear_source (&self->writing);
  malt_clear_source (&self->timer);
  close (self->timer_fd);
  /* Without a farewell of TLS, for which one might have to wait. */
  g_socket_shutdown (malt_distributed_get_socket (self->stream), TRUE, TRUE, NULL);
  g_object_unref (self->stream);
  malt_watch_reader_free (self->reader);
  g_byte_array_unref (self->queued);
  g_main_context_unref (self->context);
  g_free (self);
}

/* There is no room for another read. That the manager took it is what it says; what waits here is
 * certain. */
gboolean
malt_host_watch_is_full (MaltHostWatch *self)
{
  return MAX (self->n_untaken, self->queued->len) + MALT_HOST_WATCH_OUTPUT_MAX_BYTES
         > MALT_WATCH_OUTPUT_WINDOW_BYTES;
}

gboolean
malt_host_watch_is_taken (MaltHostWatch *self)
{
  return self->n_untaken == 0;
}

gboolean
malt_host_watch_is_lost (MaltHostWatch *self)
{
  return self->is_lost;
}

void
malt_host_watch_send_output (MaltHostWatch *self,
                             int            fd,
                             const guint8  *data,
                             gsize          size)
{
  if (self->is_lost)
    return;

  self->n_untaken += size;
  malt_watch_append_output (self->queued, fd, data, size);
  flush (self);
}

void
malt_host_watch_send_exited (MaltHostWatch  *self,
                             MaltExitReport *report)
{
  if (self->is_lost)
    return;

  malt_watch_append_exited (self->queued, report);
  flush (self);
}

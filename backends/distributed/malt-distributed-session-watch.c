/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-session-private.h"

#include <string.h>

/* Bytes of a read: the largest frame. */
#define WATCH_READ_BYTES (64u * 1024)

/* Reads in one turn of the monitor, which has other workers. */
#define WATCH_MAX_READS 16

/* What waits for a host that reads nothing, in bytes: a day of stops and kills. One that does not
 * read hears no echo of its beats either, and has ended the worker long before. */
#define WATCH_MAX_OUTGOING_BYTES (64u * 1024)

/* What is given at once to a stream or terminal that takes anything, in bytes. */
#define WATCH_PIECE_BYTES (64u * 1024)

/* How often a full stream or terminal is looked at, in milliseconds. */
#define WATCH_PAUSE_MSEC 20

/* TRUE: nothing is held any more. */
static gboolean
let_out_what_is_wanted (MaltDistributedSession *self,
                        gboolean                is_forced)
{
  MaltRelayOutput *output = MALT_PEER (self)->output;

  for (guint i = 0; i < G_N_ELEMENTS (self->held); i++)
    {
      GByteArray *held = self->held[i];
      guint n_out = 0;

      while (n_out < held->len
             && (is_forced || !malt_relay_output_wants_pause (output, i + 1)))
        {
          guint n = MIN (held->len - n_out, WATCH_PIECE_BYTES);

          malt_relay_output_feed (output, i + 1, (const char *) held->data + n_out, n);
          n_out += n;
        }
      if (n_out > 0)
        g_byte_array_remove_range (held, 0, n_out);
      self->n_taken += n_out;
    }
  return self->held[0]->len + self->held[1]->len == 0;
}

/* Runs in the monitor thread. */
static gboolean
on_output_time (gpointer user_data)
{
  MaltDistributedSession *self = user_data;
  gboolean is_done = let_out_what_is_wanted (self, FALSE);

  if (is_done)
    malt_clear_source (&self->output_source);
  malt_distributed_session_flush (self);
  return is_done ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

void
malt_distributed_session_let_out (MaltDistributedSession *self)
{
  malt_clear_source (&self->output_source);
  let_out_what_is_wanted (self, TRUE);
}

static void
on_output (MaltDistributedSession *self,
           const MaltWatchFrame   *frame)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (frame->output, &size);

  g_byte_array_append (self->held[frame->fd - 1], data, (guint) size);
  if (self->held[0]->len + self->held[1]->len > MALT_WATCH_OUTPUT_WINDOW_BYTES)
    malt_distributed_session_lose (
        self,
        g_strdup_printf ("malt-host on “%s” broke the protocol: it sent output that it was not "
                         "asked for",
                         self->host));
  /* A stream that is full does not hold up the other one. */
  else if (!let_out_what_is_wanted (self, FALSE) && self->output_source == NULL)
    self->output_source = malt_peer_attach (
        MALT_PEER (self), g_timeout_source_new (WATCH_PAUSE_MSEC), on_output_time);
}

static void
handle_frame (MaltDistributedSession *self,
              const MaltWatchFrame   *frame)
{
  switch ((int) frame->type)
    {
    case MALT_WATCH_BEAT:
      if (malt_manager_lease_beat (&self->lease, frame->number, g_get_monotonic_time ()))
        malt_watch_append_beat (self->outgoing, frame->number);
      break;
    case MALT_WATCH_OUTPUT:
      on_output (self, frame);
      break;
    case MALT_WATCH_EXITED:
      malt_distributed_session_on_exited (self, frame->report);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
take_frames (MaltDistributedSession *self)
{
  g_autoptr (GError) error = NULL;

  while (self->watch != NULL)
    {
      g_auto (MaltWatchFrame) frame = { 0 };

      if (!malt_watch_reader_next (self->reader, &frame, &error))
        break;
      handle_frame (self, &frame);
    }
  if (error != NULL)
    malt_distributed_session_lose (
        self, g_strdup_printf ("malt-host on “%s” broke the protocol: %s", self->host,
                               error->message));
}

/* (transfer full) */
static char *
describe_loss (MaltDistributedSession *self,
               const GError           *error)
{
  if (error == NULL
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)
      || error->domain == G_TLS_ERROR)
    return g_strdup_printf ("malt-host on “%s” has ended or was killed, and the worker with it",
                            self->host);
  return g_strdup_printf ("the host “%s” cannot be reached any more: %s", self->host,
                          error->message);
}

static gboolean
check_lease (MaltDistributedSession *self)
{
  if (!malt_manager_lease_is_over (&self->lease, g_get_monotonic_time ()))
    return TRUE;

  malt_distributed_session_lose (
      self,
      g_strdup_printf ("nothing was heard from the host “%s” for %u ms, the lease and a second: "
                       "what is left of the worker is ended there",
                       self->host, self->lease_ms + MALT_LEASE_MARGIN_MSEC));
  return FALSE;
}

/* FALSE: there is no more for now. */
static gboolean
read_some (MaltDistributedSession *self)
{
  /* The monitor is one thread. */
  static guint8 buffer[WATCH_READ_BYTES];
  GInputStream *input = g_io_stream_get_input_stream (self->watch);
  g_autoptr (GError) error = NULL;
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer,
                                                       sizeof buffer, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  if (n > 0)
    {
      malt_watch_reader_feed (self->reader, buffer, (gsize) n);
      take_frames (self);
    }
  else
    malt_distributed_session_lose (self, describe_loss (self, error));
  return self->watch != NULL;
}

void
malt_distributed_session_read (MaltDistributedSession *self)
{
  if (self->watch == NULL || self->is_reading || !check_lease (self))
    return;

  g_atomic_int_set (&self->is_reading, TRUE);
  for (guint i = 0; i < WATCH_MAX_READS; i++)
    if (!read_some (self))
      break;
  g_atomic_int_set (&self->is_reading, FALSE);
  malt_distributed_session_flush (self);
}

/* Runs in the monitor thread. */
static gboolean
on_readable (GObject  *stream,
             gpointer  user_data)
{
  g_autoptr (MaltDistributedSession) self = g_object_ref (user_data);

  malt_distributed_session_read (self);
  return self->watch != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_writable (GObject  *stream,
             gpointer  user_data)
{
  g_autoptr (MaltDistributedSession) self = g_object_ref (user_data);

  malt_clear_source (&self->write_source);
  malt_distributed_session_flush (self);
  return G_SOURCE_REMOVE;
}

static gboolean on_lease (gpointer user_data);

/* A source of GLib's that goes on begins its interval anew: so it is another one each time. */
static void
wait_for_lease (MaltDistributedSession *self)
{
  malt_clear_source (&self->lease_source);
  self->lease_source = malt_peer_attach (MALT_PEER (self), g_timeout_source_new (0), on_lease);
  g_source_set_ready_time (self->lease_source, malt_manager_lease_get_deadline (&self->lease));
}

/* Runs in the monitor thread. */
static gboolean
on_lease (gpointer user_data)
{
  g_autoptr (MaltDistributedSession) self = g_object_ref (user_data);

  if (check_lease (self))
    wait_for_lease (self);
  return G_SOURCE_REMOVE;
}

void
malt_distributed_session_flush (MaltDistributedSession *self)
{
  g_autoptr (GError) error = NULL;
  GPollableOutputStream *output;

  if (self->watch == NULL)
    return;

  if (self->n_taken > 0)
    malt_watch_append_taken (self->outgoing, self->n_taken);
  self->n_taken = 0;
  output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->watch));
  while (self->outgoing->len > 0 && self->write_source == NULL && error == NULL)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (output, self->outgoing->data,
                                                             self->outgoing->len, NULL, &error);

      if (n > 0)
        g_byte_array_remove_range (self->outgoing, 0, (guint) n);
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    self->write_source = malt_peer_attach (
        MALT_PEER (self), g_pollable_output_stream_create_source (output, NULL),
        G_SOURCE_FUNC (on_writable));
  /* What it has said before it went may still be there to be read: the reader tells its end. */
  else if (error != NULL)
    g_byte_array_set_size (self->outgoing, 0);
  if (self->outgoing->len > WATCH_MAX_OUTGOING_BYTES)
    malt_distributed_session_lose (
        self, g_strdup_printf ("malt-host on “%s” does not read what it is told", self->host));
}

void
malt_distributed_session_open (MaltDistributedSession *self,
                               GIOStream              *watch,
                               gint64                  watch_time)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (watch));

  self->watch = g_object_ref (watch);
  g_atomic_int_set (&self->watch_fd, g_socket_get_fd (malt_distributed_get_socket (watch)));
  self->reader = malt_watch_reader_new (MALT_WATCH_FROM_HOST);
  self->outgoing = g_byte_array_new ();
  malt_manager_lease_init (&self->lease, (gint64) self->lease_ms * G_TIME_SPAN_MILLISECOND,
                           watch_time);
  self->read_source = malt_peer_attach (
      MALT_PEER (self), g_pollable_input_stream_create_source (input, NULL),
      G_SOURCE_FUNC (on_readable));
  wait_for_lease (self);
}

/* Without a farewell of TLS, for which one might have to wait. */
void
malt_distributed_session_close (MaltDistributedSession *self)
{
  g_autoptr (GIOStream) watch = g_steal_pointer (&self->watch);

  malt_clear_source (&self->read_source);
  malt_clear_source (&self->write_source);
  malt_clear_source (&self->lease_source);
  malt_clear_source (&self->output_source);
  g_atomic_int_set (&self->watch_fd, -1);
  if (watch != NULL)
    g_socket_shutdown (malt_distributed_get_socket (watch), TRUE, TRUE, NULL);
}

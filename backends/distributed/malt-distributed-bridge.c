/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-bridge.h"

#include "backends/distributed/malt-distributed-tls.h"

#include <malt/malt-plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of a read, a buffer a direction. What a socket holds fits; of memory that is never written
 * to nothing is taken, so that one which only carries small calls costs a page. */
#define BRIDGE_BUFFER_BYTES (256u * 1024)

/* Two threads carry, each with blocking reads and writes, which is one wake-up a hop and no system
 * call besides. Each holds a reference. Without TLS they use the descriptors themselves. */
struct _MaltBridge
{
  GIOStream      *stream;    /* owned; immutable, as is everything */
  gboolean        is_plain;
  int             stream_fd; /* of the stream, which owns it */
  int             fd;        /* owned */
  MaltBridgeFunc  before;
  MaltBridgeFunc  ended;
  gpointer        user_data;
  GDestroyNotify  destroy;
};

static void
bridge_clear (gpointer data)
{
  MaltBridge *self = data;

  /* Nothing waits in it any more, and nobody is to wait for a farewell. */
  shutdown (self->stream_fd, SHUT_RDWR);
  g_object_unref (self->stream);
  close (self->fd);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

void
malt_bridge_unref (MaltBridge *self)
{
  g_atomic_rc_box_release_full (self, bridge_clear);
}

void
malt_bridge_close (MaltBridge *self)
{
  shutdown (self->stream_fd, SHUT_RDWR);
  shutdown (self->fd, SHUT_RDWR);
}

/* Bytes, 0 at the end, −1 when it is broken. */
static gssize
receive (int     fd,
         guint8 *buffer)
{
  gssize n;

  do
    n = recv (fd, buffer, BRIDGE_BUFFER_BYTES, 0);
  while (n < 0 && errno == EINTR);

  return n;
}

static gboolean
send_all (int           fd,
          const guint8 *data,
          gsize         size)
{
  while (size > 0)
    {
      gssize n = send (fd, data, size, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }

  return TRUE;
}

/* Does not wait inside of GIO, which would keep the other thread from saying farewell meanwhile. */
static gssize
receive_from_tls (MaltBridge *self,
                  guint8     *buffer)
{
  GInputStream *input = g_io_stream_get_input_stream (self->stream);

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      struct pollfd readable = { self->stream_fd, POLLIN, 0 };
      gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer,
                                                           BRIDGE_BUFFER_BYTES, NULL, &error);

      if (n >= 0 || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        return n;
      if (poll (&readable, 1, -1) < 0 && errno != EINTR)
        return -1;
    }
}

static gssize
receive_from_stream (MaltBridge *self,
                     guint8     *buffer)
{
  return self->is_plain ? receive (self->stream_fd, buffer) : receive_from_tls (self, buffer);
}

static gboolean
send_to_stream (MaltBridge   *self,
                const guint8 *data,
                gsize         size)
{
  return self->is_plain
         ? send_all (self->stream_fd, data, size)
         : g_output_stream_write_all (g_io_stream_get_output_stream (self->stream), data, size,
                                      NULL, NULL, NULL);
}

/* A side that has ended in good order may still be told something; one that is broken may not. */
static void
end_direction (MaltBridge          *self,
               MaltBridgeDirection  direction,
               gboolean             is_broken)
{
  if (is_broken)
    malt_bridge_close (self);
  else if (direction == MALT_BRIDGE_FROM_STREAM)
    shutdown (self->fd, SHUT_WR);
  else if (self->is_plain)
    shutdown (self->stream_fd, SHUT_WR);
  else
    {
      g_output_stream_close (g_io_stream_get_output_stream (self->stream), NULL, NULL);
      shutdown (self->stream_fd, SHUT_WR);
    }

  if (self->ended != NULL)
    self->ended (direction, self->user_data);
}

static gpointer
carry_from_stream (gpointer data)
{
  g_autoptr (MaltBridge) self = data;
  g_autofree guint8 *buffer = g_malloc (BRIDGE_BUFFER_BYTES);
  gssize n;

  do
    n = receive_from_stream (self, buffer);
  while (n > 0 && send_all (self->fd, buffer, (gsize) n));

  end_direction (self, MALT_BRIDGE_FROM_STREAM, n != 0);
  return NULL;
}

static gpointer
carry_to_stream (gpointer data)
{
  g_autoptr (MaltBridge) self = data;
  g_autofree guint8 *buffer = g_malloc (BRIDGE_BUFFER_BYTES);
  gssize n;

  do
    {
      n = receive (self->fd, buffer);
      if (n > 0 && self->before != NULL)
        self->before (MALT_BRIDGE_TO_STREAM, self->user_data);
    }
  while (n > 0 && send_to_stream (self, buffer, (gsize) n));

  end_direction (self, MALT_BRIDGE_TO_STREAM, n != 0);
  return NULL;
}

/* What is read and written here directly has to wait in the kernel; GIO waits by itself. */
static void
set_blocking (int fd)
{
  int flags = fcntl (fd, F_GETFL);

  fcntl (fd, F_SETFL, flags & ~O_NONBLOCK);
}

static GThread *
start_thread (MaltBridge   *self,
              GThreadFunc   func,
              GError      **error)
{
  g_autoptr (GError) thread_error = NULL;
  GThread *thread = g_thread_try_new ("malt-bridge", func, g_atomic_rc_box_acquire (self),
                                       &thread_error);

  if (thread != NULL)
    return thread;

  malt_bridge_unref (self);
  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT, "Cannot carry the bytes of a worker: %s",
               thread_error->message);
  return NULL;
}

MaltBridge *
malt_bridge_new (GIOStream       *stream,
                 int              fd,
                 MaltBridgeFunc   ended,
                 gpointer         user_data,
                 GDestroyNotify   destroy,
                 GError         **error)
{
  return malt_bridge_new_full (stream, fd, NULL, ended, user_data, destroy, error);
}

MaltBridge *
malt_bridge_new_full (GIOStream       *stream,
                      int              fd,
                      MaltBridgeFunc   before,
                      MaltBridgeFunc   ended,
                      gpointer         user_data,
                      GDestroyNotify   destroy,
                      GError         **error)
{
  g_autoptr (MaltBridge) self = g_atomic_rc_box_new0 (MaltBridge);
  GThread *from, *to;

  self->stream = g_object_ref (stream);
  self->is_plain = G_IS_SOCKET_CONNECTION (stream);
  self->stream_fd = g_socket_get_fd (malt_distributed_get_socket (stream));
  self->fd = fd;
  self->before = before;
  self->ended = ended;
  self->user_data = user_data;
  self->destroy = destroy;
  set_blocking (self->fd);
  if (self->is_plain)
    set_blocking (self->stream_fd);

  from = start_thread (self, carry_from_stream, error);
  if (from == NULL)
    return NULL;

  to = start_thread (self, carry_to_stream, error);
  if (to == NULL)
    {
      /* Whoever owns the stream may close it now. */
      malt_bridge_close (self);
      g_thread_join (from);
      return NULL;
    }
  g_thread_unref (from);
  g_thread_unref (to);

  return g_steal_pointer (&self);
}

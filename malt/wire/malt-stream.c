/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-stream-state-private.h"

#include "malt/malt-error.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean
is_unix_socket (int fd)
{
  int domain = 0;
  socklen_t length = sizeof domain;

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

MaltStream *
malt_stream_new (int   fd,
                 gsize max_message_bytes)
{
  MaltStream *self = g_new0 (MaltStream, 1);
  const int is_inline = 1;

  self->fd = fd;
  self->is_unix = is_unix_socket (fd);
  /* Else the kernel leaves out what is sent out of band, and closes the descriptors that come with
   * it. Where it knows of no such thing, that fails. */
  if (self->is_unix)
    setsockopt (fd, SOL_SOCKET, SO_OOBINLINE, &is_inline, sizeof is_inline);
  g_mutex_init (&self->lock);
  malt_outbox_init (&self->outbox);
  malt_stream_set_max_message_bytes (self, max_message_bytes);

  return self;
}

/* With what nobody has read the kernel closes the descriptors that came with it. Once it is shut
 * down there is no more. */
static void
close_socket (MaltStream *self)
{
  int n_unread = 0;

  if (self->is_unix)
    {
      shutdown (self->fd, SHUT_RDWR);
      ioctl (self->fd, SIOCINQ, &n_unread);
    }

  if (n_unread > 0)
    malt_memory_discard (&self->fd, 1);
  else
    close (self->fd);
}

void
malt_stream_free (MaltStream *self)
{
  malt_outbox_clear (&self->outbox);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->taken, g_bytes_unref);
  g_clear_pointer (&self->body, malt_block_free);
  malt_descriptors_clear (&self->descriptors);
  g_free (self->buffer);
  close_socket (self);
  g_free (self);
}

int
malt_stream_get_fd (MaltStream *self)
{
  return self->fd;
}

void
malt_stream_shut_down (MaltStream *self)
{
  shutdown (self->fd, SHUT_RDWR);
}

gboolean
malt_stream_is_empty (MaltStream *self)
{
  return self->start == self->end && self->body == NULL && self->descriptors.n_fds == 0
         && self->unwanted_bytes == 0 && malt_stream_get_queued_bytes (self) == 0;
}

/* Everybody who has the descriptor's number, a main context among them, may go on using it. */
int
malt_stream_steal_fd (MaltStream  *self,
                      GError     **error)
{
  int pair[2];
  int fd;
  int saved_errno;

  g_return_val_if_fail (malt_stream_is_empty (self), -1);

  fd = fcntl (self->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0 || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    {
      saved_errno = errno;
      if (fd >= 0)
        close (fd);
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                   "Cannot hand on a connection: %s", g_strerror (saved_errno));
      return -1;
    }

  g_mutex_lock (&self->lock);
  dup3 (pair[0], self->fd, O_CLOEXEC);
  g_mutex_unlock (&self->lock);
  close (pair[0]);
  close (pair[1]);

  return fd;
}

void
malt_stream_set_max_message_bytes (MaltStream *self,
                                   gsize       max_message_bytes)
{
  /* Lengths have 32 bits on the wire. */
  max_message_bytes = MIN (max_message_bytes, G_MAXUINT32);
  g_atomic_pointer_set (&self->max_message_bytes, max_message_bytes);
}

gsize
malt_stream_get_max_message_bytes (MaltStream *self)
{
  return (gsize) g_atomic_pointer_get (&self->max_message_bytes);
}

void
malt_stream_set_swap (MaltStream *self,
                      gboolean    swap)
{
  self->swap = swap;
}

void
malt_stream_set_filter (MaltStream       *self,
                        MaltStreamFilter  filter,
                        gpointer          data)
{
  self->filter = filter;
  self->filter_data = data;
}

GVariant *
malt_stream_new_features (MaltStream *self)
{
  const char *const features[] = { MALT_PROTOCOL_FEATURE_DESCRIPTORS, NULL };

  return g_variant_new_strv (features, self->is_unix && !self->has_no_features ? 1 : 0);
}

void
malt_stream_use_features (MaltStream *self,
                          GVariant   *peer)
{
  g_autofree const char **features = NULL;

  self->descriptors.are_taken = self->is_unix;
  if (self->is_unix
      && g_variant_lookup (peer, "features", "^a&s", &features)
      && g_strv_contains (features, MALT_PROTOCOL_FEATURE_DESCRIPTORS))
    g_atomic_int_set (&self->gives_descriptors, TRUE);
}

void
malt_stream_drop_features (MaltStream *self)
{
  self->has_no_features = TRUE;
  self->descriptors.are_taken = FALSE;
  g_atomic_int_set (&self->gives_descriptors, FALSE);
}

static gboolean
may_pass (MaltStream *self,
          gsize       size)
{
  gboolean may;

  if (size < MALT_MEMORY_MIN_BYTES || !g_atomic_int_get (&self->gives_descriptors))
    return FALSE;

  g_mutex_lock (&self->lock);
  may = malt_outbox_may_pass (&self->outbox, self->fd, size);
  g_mutex_unlock (&self->lock);

  return may;
}

void
malt_stream_prepare (MaltStream  *self,
                     MaltMessage *message,
                     gboolean     may_come_again)
{
  gsize size = message->value != NULL ? g_variant_get_size (message->value) : 0;
  g_autoptr (GVariant) serialized = NULL;

  if (size < MALT_STREAM_BIG_BYTES)
    return;

  serialized = malt_value_dup_serialized (message->value);
  /* What is in the body all the same is no big body. */
  if (malt_message_get_frame_size (message) - size >= MALT_STREAM_BIG_BYTES
      || !may_pass (self, size))
    return;

  message->memory = malt_memory_find (g_variant_get_data (serialized), size);
  if (message->memory == NULL && may_come_again)
    message->memory = malt_memory_new_for_value (serialized);
  else if (message->memory == NULL)
    message->memory = malt_memory_new (g_variant_get_data (serialized), size);
}

gboolean
malt_stream_queue (MaltStream         *self,
                   const MaltMessage  *message,
                   GError            **error)
{
  gsize max_bytes = (gsize) g_atomic_pointer_get (&self->max_message_bytes);
  gsize size = malt_message_get_frame_size (message);

  if (size - MALT_FRAME_HEADER_BYTES > max_bytes)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot send a message of “%" G_GSIZE_FORMAT "” bytes: at most %"
                   G_GSIZE_FORMAT, size, max_bytes);
      return FALSE;
    }

  g_mutex_lock (&self->lock);
  if (message->memory != NULL && malt_outbox_may_pass (&self->outbox, self->fd, size))
    malt_outbox_push_with_memory (&self->outbox, message, size);
  else
    malt_outbox_push (&self->outbox, message, size);
  g_mutex_unlock (&self->lock);

  return TRUE;
}

MaltStreamStatus
malt_stream_flush (MaltStream  *self,
                   GError     **error)
{
  MaltStreamStatus status;
  int saved_errno;

  g_mutex_lock (&self->lock);
  status = malt_outbox_write (&self->outbox, self->fd);
  saved_errno = errno;
  g_mutex_unlock (&self->lock);

  if (status == MALT_STREAM_ERROR)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                 "Cannot send to the peer: %s", g_strerror (saved_errno));

  return status;
}

gsize
malt_stream_get_queued_bytes (MaltStream *self)
{
  gsize queued;

  g_mutex_lock (&self->lock);
  queued = self->outbox.queued_bytes;
  g_mutex_unlock (&self->lock);

  return queued;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-stream-state-private.h"

#include "malt/malt-error.h"

#include <gio/gio.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for the largest small frame and as much again, so that one read takes many small ones and
 * what is left of a frame is seldom moved. Memory that is never written to is never taken. */
#define STREAM_BUFFER_BYTES (2 * MALT_STREAM_BIG_BYTES)

/* How long to ask again before sleeping: about what it takes to wake a thread on a processor that
 * idles, so that one turn in vain costs no more than the sleep it saves. */
#define STREAM_SPIN_USEC 50

/* A peer that is slow, or on the same processor, is spun for once in a thousand times. */
#define STREAM_SPIN_MAX_PAUSE 1023u

/* recv() without waiting, and what came of it. */
static MaltStreamStatus
receive (MaltStream  *self,
         guint8      *target,
         gsize        room,
         gsize       *filled,
         GError     **error)
{
  ssize_t n;

  do
    n = self->is_unix ? malt_descriptors_receive (&self->descriptors, self->fd, target, room)
                      : recv (self->fd, target, room, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);

  if (n > 0)
    {
      *filled += (gsize) n;
      return MALT_STREAM_OK;
    }

  /* A peer that ends with unread bytes resets the connection: it is gone all the same. */
  if (n == 0 || errno == ECONNRESET)
    return MALT_STREAM_EOF;

  if (errno == EAGAIN || errno == EWOULDBLOCK)
    return MALT_STREAM_WOULD_BLOCK;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Cannot receive from the peer: %s", g_strerror (errno));
  return MALT_STREAM_ERROR;
}

static MaltStreamStatus
fill_body (MaltStream  *self,
           GError     **error)
{
  gsize room = malt_block_make_room (self->body, self->body_filled, error);

  if (room == 0)
    return MALT_STREAM_ERROR;

  return receive (self, malt_block_get_data (self->body) + self->body_filled,
                  room - self->body_filled, &self->body_filled, error);
}

MaltStreamStatus
malt_stream_fill (MaltStream  *self,
                  GError     **error)
{
  if (self->body != NULL && self->body_filled < self->header.body_length)
    return fill_body (self, error);

  if (self->buffer == NULL)
    self->buffer = g_malloc (STREAM_BUFFER_BYTES);

  if (self->start == self->end)
    self->start = self->end = 0;
  else if (self->start > 0 && STREAM_BUFFER_BYTES - self->end < MALT_STREAM_BIG_BYTES)
    {
      memmove (self->buffer, self->buffer + self->start, self->end - self->start);
      self->end -= self->start;
      self->start = 0;
    }

  /* Full of frames that nobody has taken. */
  if (self->end == STREAM_BUFFER_BYTES)
    return MALT_STREAM_OK;

  return receive (self, self->buffer + self->end, STREAM_BUFFER_BYTES - self->end,
                  &self->end, error);
}

/* On a single processor the peer runs only when we do not. */
static gboolean
has_processor_to_spare (void)
{
  static gsize n_processors;

  if (g_once_init_enter (&n_processors))
    g_once_init_leave (&n_processors, g_get_num_processors ());

  return n_processors > 1;
}

MaltStreamStatus
malt_stream_fill_spinning (MaltStream  *self,
                           GError     **error)
{
  MaltStreamStatus status;
  gint64 end_us;

  if (!has_processor_to_spare ())
    return MALT_STREAM_WOULD_BLOCK;

  if (self->spin_pause_left > 0)
    {
      self->spin_pause_left--;
      return MALT_STREAM_WOULD_BLOCK;
    }

  end_us = g_get_monotonic_time () + STREAM_SPIN_USEC;
  do
    status = malt_stream_fill (self, error);
  while (status == MALT_STREAM_WOULD_BLOCK && g_get_monotonic_time () < end_us);

  self->spin_pause = status == MALT_STREAM_WOULD_BLOCK
                     ? MIN (2 * self->spin_pause + 1, STREAM_SPIN_MAX_PAUSE) : 0;
  self->spin_pause_left = self->spin_pause;
  return status;
}

/* What is left is not a complete frame. A descriptor comes with the first byte of its frame:
 * one that cannot be of that frame is of none. */
static void
check_descriptors (MaltStream  *self,
                   GError     **error)
{
  gsize left = self->end - self->start;
  gboolean is_expected = left > 0;

  if (left >= MALT_FRAME_HEADER_BYTES)
    is_expected = (self->header.flags & MALT_MESSAGE_FLAGS_DESCRIPTOR) != 0;

  if (self->descriptors.n_fds <= (is_expected ? 1 : 0))
    return;

  self->is_broken = TRUE;
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                       "The peer passed a descriptor that belongs to no frame");
}

/* Moves what has come of a big body out of the buffer. */
static gboolean
begin_big_body (MaltStream  *self,
                GError     **error)
{
  gsize room;

  if (self->header.flags & MALT_MESSAGE_FLAGS_DESCRIPTOR)
    {
      self->is_broken = TRUE;
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame with a descriptor has a body of “%u” bytes: less than %u are taken",
                   self->header.body_length, MALT_STREAM_BIG_BYTES);
      return FALSE;
    }

  self->body = malt_block_new (self->header.body_length, error);
  room = self->body != NULL ? malt_block_make_room (self->body, 0, error) : 0;
  if (room == 0)
    {
      self->is_broken = TRUE;
      return FALSE;
    }

  self->body_filled = MIN (self->end - self->start, room);
  memcpy (malt_block_get_data (self->body), self->buffer + self->start, self->body_filled);
  self->start += self->body_filled;
  return TRUE;
}

static gboolean
decode (MaltStream       *self,
        MaltMessage      *message,
        const guint8     *body,
        GBytes           *bytes,
        GError          **message_error,
        GError          **error)
{
  g_autoptr (GError) decode_error = NULL;
  gboolean swap = self->swap;

  /* The first message of a peer says what byte order all of its values have, its own included. */
  if (self->header.type == MALT_MESSAGE_SETUP || self->header.type == MALT_MESSAGE_HELLO)
    swap = (self->header.flags & MALT_MESSAGE_FLAGS_BIG_ENDIAN) != MALT_MESSAGE_FLAGS_NATIVE_ORDER;

  if (malt_message_decode (message, &self->header, body, bytes, swap, &decode_error))
    {
      self->swap = swap;
      return TRUE;
    }

  if (!g_error_matches (decode_error, MALT_ERROR, MALT_ERROR_PROTOCOL))
    {
      g_propagate_error (message_error, g_steal_pointer (&decode_error));
      return TRUE;
    }

  self->is_broken = TRUE;
  g_propagate_error (error, g_steal_pointer (&decode_error));
  return FALSE;
}

static gboolean
take_big_body (MaltStream   *self,
               MaltMessage  *message,
               GError      **message_error,
               GError      **error)
{
  if (self->body_filled < self->header.body_length)
    {
      check_descriptors (self, error);
      return FALSE;
    }

  self->taken = malt_block_take_bytes (g_steal_pointer (&self->body));
  return decode (self, message, g_bytes_get_data (self->taken, NULL), self->taken,
                 message_error, error);
}

static gboolean
take_small_frame (MaltStream    *self,
                  gsize          max_bytes,
                  MaltMessage   *message,
                  GError       **message_error,
                  GError       **error)
{
  const guint8 *body = self->buffer + self->start + MALT_FRAME_HEADER_BYTES;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) map_error = NULL;

  self->start += MALT_FRAME_HEADER_BYTES + self->header.body_length;
  if (self->header.flags & MALT_MESSAGE_FLAGS_DESCRIPTOR)
    bytes = malt_descriptors_map (&self->descriptors,
                                  max_bytes - MIN (max_bytes, self->header.body_length),
                                  &map_error);

  if (map_error == NULL)
    return decode (self, message, body, bytes, message_error, error);

  if (g_error_matches (map_error, MALT_ERROR, MALT_ERROR_PROTOCOL))
    {
      self->is_broken = TRUE;
      g_propagate_error (error, g_steal_pointer (&map_error));
      return FALSE;
    }

  *message = (MaltMessage) { .type = self->header.type, .id = self->header.id,
                             .number = self->header.number };
  g_propagate_error (message_error, g_steal_pointer (&map_error));
  return TRUE;
}

/* The header of the next frame that is wanted; FALSE without an error: it is not there yet. */
static gboolean
find_frame (MaltStream  *self,
            gsize        max_bytes,
            GError     **error)
{
  gboolean is_wanted;

  do
    {
      gsize n_passed = MIN (self->end - self->start, self->unwanted_bytes);

      self->start += n_passed;
      self->unwanted_bytes -= n_passed;
      if (self->end - self->start < MALT_FRAME_HEADER_BYTES)
        {
          check_descriptors (self, error);
          return FALSE;
        }

      if (!malt_frame_header_decode (self->buffer + self->start, max_bytes, &self->header, error))
        {
          self->is_broken = TRUE;
          return FALSE;
        }

      is_wanted = self->filter == NULL || self->filter (&self->header, self->filter_data);
      if (!is_wanted)
        {
          self->start += MALT_FRAME_HEADER_BYTES;
          self->unwanted_bytes = self->header.body_length;
          if (self->header.flags & MALT_MESSAGE_FLAGS_DESCRIPTOR)
            malt_descriptors_drop (&self->descriptors);
        }
    }
  while (!is_wanted);

  return TRUE;
}

gboolean
malt_stream_next (MaltStream   *self,
                  MaltMessage  *message,
                  GError      **message_error,
                  GError      **error)
{
  gsize max_bytes = (gsize) g_atomic_pointer_get (&self->max_message_bytes);

  g_clear_pointer (&self->taken, g_bytes_unref);

  if (self->is_broken || self->descriptors.has_excess)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           self->is_broken ? "The peer broke the protocol before"
                                           : "The peer passed descriptors that it must not");
      self->is_broken = TRUE;
      return FALSE;
    }

  if (self->body != NULL)
    return take_big_body (self, message, message_error, error);

  if (!find_frame (self, max_bytes, error))
    return FALSE;

  if (self->header.body_length >= MALT_STREAM_BIG_BYTES)
    {
      self->start += MALT_FRAME_HEADER_BYTES;
      return begin_big_body (self, error)
             && take_big_body (self, message, message_error, error);
    }

  if (self->end - self->start - MALT_FRAME_HEADER_BYTES < self->header.body_length)
    {
      check_descriptors (self, error);
      return FALSE;
    }

  return take_small_frame (self, max_bytes, message, message_error, error);
}

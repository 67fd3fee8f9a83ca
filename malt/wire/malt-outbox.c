/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-outbox-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Segments that one sendmsg() takes; a big value is one, what stands between two of them another.
 */
#define OUTBOX_MAX_IOVECS 16

/* What an empty outbox keeps for next time. */
#define OUTBOX_MAX_IDLE_BYTES (64u * 1024)

#define OUTBOX_FIRST_BYTES 512u

/* Either small frames and heads in a buffer of its own that more is appended to, or the bytes of
 * `value`. */
typedef struct
{
  guint8   *data;     /* owned unless there is a value */
  gsize     length;
  gsize     capacity;
  GVariant *value;    /* owned (nullable) */
} MaltOutboxSegment;

static void
segment_clear (gpointer data)
{
  MaltOutboxSegment *segment = data;

  if (segment->value == NULL)
    g_free (segment->data);
  g_clear_pointer (&segment->value, g_variant_unref);
}

void
malt_outbox_init (MaltOutbox *self)
{
  *self = (MaltOutbox) { 0 };
  self->segments = g_array_new (FALSE, TRUE, sizeof (MaltOutboxSegment));
  g_array_set_clear_func (self->segments, segment_clear);
}

void
malt_outbox_clear (MaltOutbox *self)
{
  g_clear_pointer (&self->segments, g_array_unref);
}

static MaltOutboxSegment *
get_segment (MaltOutbox *self,
             guint       i)
{
  return &g_array_index (self->segments, MaltOutboxSegment, i);
}

/* A peer that reads slowly, but always a little, never lets the outbox become empty: what it has
 * read must not add up in front of what is left. */
static void
drop_written (MaltOutbox        *self,
              MaltOutboxSegment *last)
{
  if (self->offset == 0 || self->offset < last->length / 2
      || last != get_segment (self, self->first))
    return;

  memmove (last->data, last->data + self->offset, last->length - self->offset);
  last->length -= self->offset;
  self->offset = 0;
}

/* Room for `size` bytes at the end of the last segment that can be appended to. */
static MaltOutboxSegment *
make_room (MaltOutbox *self,
           gsize       size)
{
  MaltOutboxSegment *last = NULL;

  if (self->segments->len > 0)
    last = get_segment (self, self->segments->len - 1);

  if (last == NULL || last->value != NULL)
    {
      g_array_set_size (self->segments, self->segments->len + 1);
      last = get_segment (self, self->segments->len - 1);
    }

  if (last->capacity - last->length < size)
    drop_written (self, last);

  if (last->capacity - last->length < size)
    {
      last->capacity = MAX (MAX (2 * last->capacity, last->length + size), OUTBOX_FIRST_BYTES);
      last->data = g_realloc (last->data, last->capacity);
    }

  return last;
}

/* Everything of the frame up to its value. */
static void
push_head (MaltOutbox        *self,
           const MaltMessage *message,
           gsize              size,
           gsize              value_size)
{
  gsize head_size = size - value_size;
  MaltOutboxSegment *segment = make_room (self, head_size);
  guint8 *head = segment->data + segment->length;
  guint8 *end = head + MALT_FRAME_HEADER_BYTES;
  MaltFrameHeader header = {
    .body_length = size - MALT_FRAME_HEADER_BYTES,
    .type = message->type,
    .flags = message->flags,
    .id = message->id,
    .number = message->number,
  };

  if (message->name != NULL)
    {
      header.name_length = message->name_length + 1;
      memcpy (end, message->name, message->name_length);
      end[message->name_length] = '\0';
      end += header.name_length;
    }

  if (message->value != NULL)
    {
      const char *type_string = g_variant_get_type_string (message->value);

      header.type_length = strlen (type_string) + 1;
      memcpy (end, type_string, header.type_length);
      end += header.type_length;
    }

  memset (end, 0, head_size - (gsize) (end - head));
  malt_frame_header_encode (&header, head);
  segment->length += head_size;
}

/* GVariant serializes to aligned memory only, and frames end anywhere: write a little further on,
 * then move. */
static void
push_small_value (MaltOutbox *self,
                  GVariant   *value,
                  gsize       value_size)
{
  MaltOutboxSegment *segment = make_room (self, value_size + 8);
  guint8 *end = segment->data + segment->length;
  guint8 *aligned = segment->data + MALT_FRAME_ALIGN (segment->length);

  g_variant_store (value, aligned);
  if (aligned != end)
    memmove (end, aligned, value_size);
  segment->length += value_size;
}

static void
push_big_value (MaltOutbox *self,
                GVariant   *value,
                gsize       value_size)
{
  const MaltOutboxSegment segment = {
    .data = (guint8 *) g_variant_get_data (value),
    .length = value_size,
    .value = g_variant_ref (value),
  };

  g_array_append_val (self->segments, segment);
}

void
malt_outbox_push (MaltOutbox        *self,
                  const MaltMessage *message,
                  gsize              size)
{
  gsize value_size = message->value != NULL ? g_variant_get_size (message->value) : 0;

  if (self->is_broken)
    return;

  push_head (self, message, size, value_size);
  if (value_size >= MALT_STREAM_BIG_BYTES)
    push_big_value (self, message->value, value_size);
  else if (value_size > 0)
    push_small_value (self, message->value, value_size);

  self->queued_bytes += size;
}

/* Nothing is left: keeps one small buffer. */
static void
reset (MaltOutbox *self)
{
  guint keep = 0;

  if (self->segments->len > 0)
    {
      MaltOutboxSegment *segment = get_segment (self, 0);

      segment->length = 0;
      keep = segment->value == NULL && segment->capacity <= OUTBOX_MAX_IDLE_BYTES ? 1 : 0;
    }

  g_array_set_size (self->segments, keep);
  self->first = 0;
  self->offset = 0;
  self->queued_bytes = 0;
}

/* Segments that are written are let go of at once: they may be big. */
static void
advance (MaltOutbox *self,
         gsize       written)
{
  self->queued_bytes -= written;
  self->offset += written;

  while (self->first < self->segments->len
         && self->offset >= get_segment (self, self->first)->length)
    {
      MaltOutboxSegment *segment = get_segment (self, self->first);

      self->offset -= segment->length;
      if (self->first > 0 || segment->value != NULL)
        {
          segment_clear (segment);
          *segment = (MaltOutboxSegment) { 0 };
        }
      self->first++;
    }
}

/* Done segments at the front go when there are more of them than of others. */
static void
compact (MaltOutbox *self)
{
  if (self->first > OUTBOX_MAX_IOVECS && self->first > self->segments->len / 2)
    {
      g_array_remove_range (self->segments, 0, self->first);
      self->first = 0;
    }
}

static int
fill_iovecs (MaltOutbox   *self,
             struct iovec  iovecs[OUTBOX_MAX_IOVECS])
{
  int n = 0;

  for (guint i = self->first; i < self->segments->len && n < OUTBOX_MAX_IOVECS; i++)
    {
      MaltOutboxSegment *segment = get_segment (self, i);
      gsize skip = i == self->first ? self->offset : 0;

      if (segment->length == skip)
        continue;
      iovecs[n].iov_base = segment->data + skip;
      iovecs[n].iov_len = segment->length - skip;
      n++;
    }

  return n;
}

/* Drops everything; errno goes on to the caller. */
static MaltStreamStatus
fail (MaltOutbox *self)
{
  int saved_errno = errno;

  self->is_broken = TRUE;
  reset (self);

  errno = saved_errno;
  return errno == EPIPE || errno == ECONNRESET ? MALT_STREAM_EOF : MALT_STREAM_ERROR;
}

MaltStreamStatus
malt_outbox_write (MaltOutbox *self,
                   int         fd)
{
  struct iovec iovecs[OUTBOX_MAX_IOVECS];
  struct msghdr message = { .msg_iov = iovecs };

  while (self->queued_bytes > 0)
    {
      ssize_t n;

      message.msg_iovlen = fill_iovecs (self, iovecs);
      n = sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0)
        {
          advance (self, (gsize) n);
          continue;
        }

      if (errno == EINTR)
        continue;

      if (errno == EAGAIN || errno == EWOULDBLOCK)
        {
          compact (self);
          return MALT_STREAM_WOULD_BLOCK;
        }

      return fail (self);
    }

  if (self->is_broken)
    return MALT_STREAM_EOF;

  reset (self);
  return MALT_STREAM_OK;
}

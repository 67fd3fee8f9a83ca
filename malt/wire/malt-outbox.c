/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-outbox-private.h"

#include "malt/wire/malt-value-private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdalign.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Segments that one sendmsg() takes; a big value is one, what stands between two of them another.
 */
#define OUTBOX_MAX_IOVECS 16

/* What an empty outbox keeps for next time. */
#define OUTBOX_MAX_IDLE_BYTES (64u * 1024)

#define OUTBOX_FIRST_BYTES 512u

/* Values in memory that the peer has not read: about as much as a connection may have unanswered,
 * one alone may be larger. */
#define OUTBOX_MAX_PASSED_BYTES (64u * 1024 * 1024)

/* Descriptors that the peer has not read. The kernel lets a user have as many on their way as a
 * process may have open; the least limit that malt sets is 64. */
#define OUTBOX_MAX_PASSED 16u

/* Either small frames and heads in a buffer of its own that more is appended to, or the bytes of
 * `value`. The head of a frame whose value leaves as a descriptor stands alone, for a descriptor
 * goes with the first byte of what is sent at once; the value that follows has a length of 0, and
 * is only there in case that the kernel refuses. */
typedef struct
{
  guint8     *data;     /* owned unless there is a value */
  gsize       length;
  gsize       capacity;
  GVariant   *value;    /* owned (nullable) */
  MaltMemory *memory;   /* owned (nullable): to be passed with the first byte */
} MaltOutboxSegment;

static void
segment_clear (gpointer data)
{
  MaltOutboxSegment *segment = data;

  if (segment->value == NULL)
    g_free (segment->data);
  g_clear_pointer (&segment->value, g_variant_unref);
  g_clear_pointer (&segment->memory, malt_memory_unref);
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

/* Whether the frame that begins here has its value of so many bytes in its body or in memory. */
static void
describe_value (MaltOutboxSegment *head,
                gsize              value_size,
                gboolean           is_in_memory)
{
  MaltFrameHeader header;

  malt_frame_header_decode (head->data, G_MAXUINT32, &header, NULL);
  header.flags ^= MALT_MESSAGE_FLAGS_DESCRIPTOR;
  header.body_length += is_in_memory ? -value_size : value_size;
  malt_frame_header_encode (&header, head->data);
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
  GVariant *serialized = malt_value_dup_serialized (value);
  const MaltOutboxSegment segment = {
    .data = (guint8 *) g_variant_get_data (serialized),
    .length = value_size,
    .value = serialized,
  };

  g_array_append_val (self->segments, segment);
}

gboolean
malt_outbox_may_pass (MaltOutbox *self,
                      int         fd,
                      gsize       size)
{
  int n_unread;

  if (self->n_passed == 0
      || (self->n_passed < OUTBOX_MAX_PASSED && self->passed_bytes <= OUTBOX_MAX_PASSED_BYTES
          && size <= OUTBOX_MAX_PASSED_BYTES - self->passed_bytes))
    return TRUE;

  /* 0 once the peer has read everything, whatever of it were descriptors. */
  if (self->queued_bytes > 0 || ioctl (fd, SIOCOUTQ, &n_unread) < 0 || n_unread != 0)
    return FALSE;

  self->n_passed = 0;
  self->passed_bytes = 0;
  return TRUE;
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

void
malt_outbox_push_with_memory (MaltOutbox        *self,
                              const MaltMessage *message,
                              gsize              size)
{
  gsize value_size = g_variant_get_size (message->value);
  MaltOutboxSegment *value;
  MaltOutboxSegment *head;

  if (self->is_broken)
    return;

  g_array_set_size (self->segments, self->segments->len + 1);
  push_head (self, message, size, value_size);
  push_big_value (self, message->value, value_size);
  value = get_segment (self, self->segments->len - 1);
  value->length = 0;
  head = value - 1;
  head->memory = malt_memory_ref (message->memory);
  describe_value (head, value_size, TRUE);

  self->n_passed++;
  self->passed_bytes += value_size;
  self->queued_bytes += size - value_size;
}

/* Nothing is left: keeps one small buffer. */
static void
reset (MaltOutbox *self)
{
  guint keep = 0;

  if (self->segments->len > 0)
    {
      MaltOutboxSegment *segment = get_segment (self, 0);

      g_clear_pointer (&segment->memory, malt_memory_unref);
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

      if (segment->memory != NULL && i > self->first)
        break;

      if (segment->length == skip)
        continue;
      iovecs[n].iov_base = segment->data + skip;
      iovecs[n].iov_len = segment->length - skip;
      n++;
    }

  return n;
}

/* A descriptor goes with the bytes of the first segment; room for one. */
static void
attach_descriptor (MaltOutboxSegment *segment,
                   struct msghdr     *message,
                   guint8             control[CMSG_SPACE (sizeof (int))])
{
  int fd = malt_memory_get_fd (segment->memory);
  struct cmsghdr *header;

  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE (sizeof (int));
  header = CMSG_FIRSTHDR (message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (sizeof fd);
  memcpy (CMSG_DATA (header), &fd, sizeof fd);
}

/* Too many descriptors of this user are on their way: the bytes of the first frame's value itself,
 * then. */
static void
send_inline (MaltOutbox *self)
{
  MaltOutboxSegment *head = get_segment (self, self->first);
  MaltOutboxSegment *value = head + 1;

  value->length = g_variant_get_size (value->value);
  describe_value (head, value->length, FALSE);
  g_clear_pointer (&head->memory, malt_memory_unref);
  self->queued_bytes += value->length;
}

/* One sendmsg(); a descriptor that has left is ours no more. */
static ssize_t
send_some (MaltOutbox *self,
           int         fd)
{
  struct iovec iovecs[OUTBOX_MAX_IOVECS];
  alignas (struct cmsghdr) guint8 control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct msghdr message = { .msg_iov = iovecs };
  MaltOutboxSegment *first;
  ssize_t n;

  /* Past what is empty. */
  advance (self, 0);
  first = get_segment (self, self->first);
  message.msg_iovlen = fill_iovecs (self, iovecs);
  if (first->memory != NULL)
    attach_descriptor (first, &message, control);

  n = sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0)
    {
      g_clear_pointer (&first->memory, malt_memory_unref);
      advance (self, (gsize) n);
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
  while (self->queued_bytes > 0)
    {
      if (send_some (self, fd) >= 0 || errno == EINTR)
        continue;

      if (errno == ETOOMANYREFS && get_segment (self, self->first)->memory != NULL)
        {
          send_inline (self);
          continue;
        }

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

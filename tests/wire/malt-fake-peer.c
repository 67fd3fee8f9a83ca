/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-peer-private.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PEER_MAX_MESSAGE_BYTES (256u * 1024 * 1024)

static void
held_call_free (gpointer data)
{
  HeldCall *held = data;

  g_free (held->function);
  g_variant_unref (held->value);
  g_free (held);
}

static void
note (MaltFakePeer      *self,
      const MaltMessage *message)
{
  g_mutex_lock (&self->lock);
  self->counts[message->type]++;
  self->last_ids[message->type] = message->id;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

static void
send_greeting (MaltFakePeer *self,
               guint64       id)
{
  MaltMessage hello = { .type = MALT_MESSAGE_HELLO, .flags = MALT_MESSAGE_FLAGS_NATIVE_ORDER };

  hello.id = id;
  hello.value = g_variant_ref_sink (g_variant_new_parsed ("{'version': <'0.1'>}"));
  malt_stream_queue (self->data, &hello, NULL);
  malt_message_clear (&hello);
}

static void
greet_badly (MaltFakePeer *self)
{
  const guint8 half[MALT_FRAME_HEADER_BYTES] = { 64, 0, 0, 0, MALT_MESSAGE_HELLO, [28] = 6 };
  const guint8 huge[MALT_FRAME_HEADER_BYTES] = { 0, 0, 0, 64, MALT_MESSAGE_HELLO };
  const char garbage[] = "Julia v1.11, have fun! And some more of it.";
  g_autoptr (GVariant) args = NULL;

  args = g_variant_ref_sink (g_variant_new ("(uss)", 5, "no such evaluator", ""));
  switch (self->greeting)
    {
    case MALT_FAKE_GREETING_FAILURE:
      malt_fake_peer_send_failure (self, 0, args);
      malt_fake_peer_leave (self);
      break;
    case MALT_FAKE_GREETING_OTHER_TYPE:
      malt_fake_peer_answer (self, 1, args);
      break;
    case MALT_FAKE_GREETING_GARBAGE:
      malt_fake_peer_write_all (self->data, (const guint8 *) garbage, sizeof garbage,
                                sizeof garbage);
      break;
    case MALT_FAKE_GREETING_HUGE:
      malt_fake_peer_write_all (self->data, huge, sizeof huge, sizeof huge);
      break;
    case MALT_FAKE_GREETING_TRUNCATED:
      malt_fake_peer_write_all (self->data, half, sizeof half, sizeof half);
      malt_fake_peer_leave (self);
      break;
    case MALT_FAKE_GREETING_LEAVE:
      malt_fake_peer_leave (self);
      break;
    default:
      break;
    }
}

static void
greet (MaltFakePeer *self)
{
  switch (self->greeting)
    {
    case MALT_FAKE_GREETING_HELLO:
      send_greeting (self, MALT_PROTOCOL_ID);
      break;
    case MALT_FAKE_GREETING_OTHER_MAJOR:
      send_greeting (self, MALT_PROTOCOL_ID + (1 << 16));
      break;
    case MALT_FAKE_GREETING_OTHER_MAGIC:
      send_greeting (self, MALT_PROTOCOL_ID ^ (G_GUINT64_CONSTANT (1) << 40));
      break;
    case MALT_FAKE_GREETING_OTHER_MINOR:
      send_greeting (self, MALT_PROTOCOL_ID + 1);
      break;
    case MALT_FAKE_GREETING_TOO_MUCH:
      send_greeting (self, MALT_PROTOCOL_ID);
      malt_fake_peer_answer (self, 1, NULL);
      break;
    default:
      greet_badly (self);
      break;
    }
}

static void
handle (MaltFakePeer      *self,
        const MaltMessage *message)
{
  switch ((int) message->type)
    {
    case MALT_MESSAGE_SETUP:
      greet (self);
      break;
    case MALT_MESSAGE_CALL:
    case MALT_MESSAGE_POST:
      malt_fake_peer_handle_call (self, message);
      break;
    case MALT_MESSAGE_PROBE:
      malt_fake_peer_handle_probe (self, message->id);
      break;
    case MALT_MESSAGE_STOP:
      malt_fake_peer_leave (self);
      break;
    default:
      break;
    }

  note (self, message);
}

static gboolean
read_stream (MaltFakePeer *self,
             MaltStream   *stream)
{
  MaltMessage message = { 0 };
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;
  MaltStreamStatus status = malt_stream_fill (stream, &error);

  if (status == MALT_STREAM_EOF || status == MALT_STREAM_ERROR)
    return FALSE;

  while (malt_stream_next (stream, &message, &message_error, &error))
    {
      g_assert_no_error (message_error);
      handle (self, &message);
      malt_message_clear (&message);
    }
  g_assert_no_error (error);

  return TRUE;
}

static void
release_all (MaltFakePeer *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->held);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HeldCall *held = value;

      malt_fake_peer_answer (self, held->id, held->value);
      g_hash_table_iter_remove (&iter);
    }
}

static struct pollfd
get_poll_fd (MaltStream *stream,
             gboolean    is_paused)
{
  short events = is_paused ? 0 : POLLIN;

  if (malt_stream_get_queued_bytes (stream) > 0)
    events |= POLLOUT;

  return (struct pollfd) { malt_stream_get_fd (stream), events, 0 };
}

static gpointer
peer_thread (gpointer user_data)
{
  MaltFakePeer *self = user_data;
  guint n_released = 0;

  for (;;)
    {
      struct pollfd fds[3];
      gboolean is_over;
      gboolean is_paused;
      guint n_releases;
      guint64 count;

      g_mutex_lock (&self->lock);
      is_over = self->is_over;
      is_paused = self->is_paused;
      n_releases = self->n_releases;
      g_mutex_unlock (&self->lock);
      if (is_over)
        return NULL;

      if (n_releases != n_released)
        release_all (self);
      n_released = n_releases;

      malt_stream_flush (self->data, NULL);
      malt_stream_flush (self->control, NULL);
      fds[0] = (struct pollfd) { self->wake_fd, POLLIN, 0 };
      fds[1] = get_poll_fd (self->data, is_paused);
      fds[2] = get_poll_fd (self->control, is_paused);
      poll (fds, self->has_left ? 1 : 3, -1);

      if (fds[0].revents != 0)
        (void) !read (self->wake_fd, &count, sizeof count);
      if (!self->has_left && fds[1].revents & ~POLLOUT)
        self->has_left = !read_stream (self, self->data);
      if (!self->has_left && fds[2].revents & ~POLLOUT)
        self->has_left = !read_stream (self, self->control);
    }
}

MaltFakePeer *
malt_fake_peer_new (int              data_fd,
                    int              control_fd,
                    MaltFakeGreeting greeting)
{
  MaltFakePeer *self = g_new0 (MaltFakePeer, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->data = malt_stream_new (data_fd, PEER_MAX_MESSAGE_BYTES);
  self->control = malt_stream_new (control_fd, MALT_MESSAGE_MAX_CONTROL_BYTES);
  self->greeting = greeting;
  self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  self->held = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, held_call_free);
  self->thread = g_thread_new ("fake peer", peer_thread, self);

  return self;
}

static void
wake (MaltFakePeer *self)
{
  const guint64 one = 1;

  (void) !write (self->wake_fd, &one, sizeof one);
}

void
malt_fake_peer_free (MaltFakePeer *self)
{
  g_mutex_lock (&self->lock);
  self->is_over = TRUE;
  g_mutex_unlock (&self->lock);
  wake (self);
  g_thread_join (self->thread);

  malt_stream_free (self->data);
  malt_stream_free (self->control);
  g_hash_table_unref (self->held);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  close (self->wake_fd);
  g_free (self);
}

void
malt_fake_peer_release (MaltFakePeer *self)
{
  g_mutex_lock (&self->lock);
  self->n_releases++;
  g_mutex_unlock (&self->lock);
  wake (self);
}

void
malt_fake_peer_set_paused (MaltFakePeer *self,
                           gboolean      paused)
{
  g_mutex_lock (&self->lock);
  self->is_paused = paused;
  g_mutex_unlock (&self->lock);
  wake (self);
}

guint64
malt_fake_peer_wait_for (MaltFakePeer    *self,
                         MaltMessageType  type,
                         guint            n)
{
  guint64 id;

  g_mutex_lock (&self->lock);
  while (self->counts[type] < n)
    g_cond_wait (&self->cond, &self->lock);
  id = self->last_ids[type];
  g_mutex_unlock (&self->lock);

  return id;
}

guint
malt_fake_peer_count (MaltFakePeer    *self,
                      MaltMessageType  type)
{
  guint count;

  g_mutex_lock (&self->lock);
  count = self->counts[type];
  g_mutex_unlock (&self->lock);

  return count;
}

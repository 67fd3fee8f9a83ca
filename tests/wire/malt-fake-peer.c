/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-peer.h"

#include "malt/malt-error.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_MAX_MESSAGE_BYTES (256u * 1024 * 1024)

struct _MaltFakePeer
{
  GThread          *thread;
  MaltStream       *data;      /* owned; its thread only */
  MaltStream       *control;   /* owned; its thread only */
  MaltFakeGreeting  greeting;
  int               wake_fd;
  GHashTable       *held;      /* id → owned HeldCall; its thread only */
  gboolean          has_left;

  GMutex            lock;
  GCond             cond;
  gboolean          is_over;   /* protected by @lock, as is what follows */
  gboolean          is_paused;
  guint             n_releases;
  guint             counts[MALT_MESSAGE_LAST + 1];
  guint64           last_ids[MALT_MESSAGE_LAST + 1];
};

typedef struct
{
  guint64   id;
  char     *function;
  GVariant *value;
} HeldCall;

static void
held_call_free (gpointer data)
{
  HeldCall *held = data;

  g_free (held->function);
  g_variant_unref (held->value);
  g_free (held);
}

static void
write_all (MaltStream   *stream,
           const guint8 *bytes,
           gsize         length,
           gsize         step)
{
  int fd = malt_stream_get_fd (stream);

  for (gsize i = 0; i < length; )
    {
      ssize_t n = send (fd, bytes + i, MIN (step, length - i), MSG_NOSIGNAL);

      if (n <= 0)
        return;
      i += (gsize) n;
    }
}

static void
answer (MaltFakePeer *self,
        guint64       id,
        GVariant     *value)
{
  const MaltMessage message = {
    .type = MALT_MESSAGE_RESULT, .id = id, .number = 7, .value = value,
  };

  malt_stream_queue (self->data, &message, NULL);
}

static void
answer_slowly (MaltFakePeer *self,
               guint64       id,
               GVariant     *value)
{
  const MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = id, .value = value };
  gsize size = malt_message_get_frame_size (&message);
  g_autofree guint8 *bytes = g_malloc0 (size);
  const char *type_string = g_variant_get_type_string (value);
  const MaltFrameHeader header = {
    .body_length = size - MALT_FRAME_HEADER_BYTES,
    .type = MALT_MESSAGE_RESULT,
    .id = id,
    .type_length = strlen (type_string) + 1,
  };

  malt_frame_header_encode (&header, bytes);
  memcpy (bytes + MALT_FRAME_HEADER_BYTES, type_string, header.type_length);
  memcpy (bytes + size - g_variant_get_size (value), g_variant_get_data (value),
          g_variant_get_size (value));
  write_all (self->data, bytes, size, 1);
}

static void
send_failure (MaltFakePeer *self,
              guint64       id,
              GVariant     *args)
{
  MaltMessage message = { .type = MALT_MESSAGE_FAILURE, .id = id };
  guint32 code;
  const char *text;
  const char *type;

  g_variant_get (args, "(u&s&s)", &code, &text, &type);
  message.value = g_variant_ref_sink (g_variant_new ("(usss)", code, text, type, "chunk:1"));
  malt_stream_queue (self->data, &message, NULL);
  malt_message_clear (&message);
}

static void
send_progress (MaltFakePeer *self,
               guint64       id,
               guint32       n)
{
  for (guint32 i = 1; i <= n; i++)
    {
      MaltMessage message = {
        .type = MALT_MESSAGE_PROGRESS,
        .id = id,
        .name = "at work",
        .name_length = strlen ("at work"),
        .value = g_variant_ref_sink (g_variant_new_double ((double) i / n)),
      };

      malt_stream_queue (self->data, &message, NULL);
      malt_message_clear (&message);
    }
}

static void
send_log (MaltFakePeer *self,
          GVariant     *args)
{
  MaltMessage message = { .type = MALT_MESSAGE_LOG };
  guint32 level;
  const char *text;

  g_variant_get (args, "(u&s&s)", &level, &message.name, &text);
  message.name_length = strlen (message.name);
  message.number = level;
  message.value = g_variant_ref_sink (g_variant_new ("(sua{sv})", text, 0, NULL));
  malt_stream_queue (self->control, &message, NULL);
  malt_message_clear (&message);
}

static void
send_last_words (MaltFakePeer *self,
                 guint64       id,
                 guint32       length)
{
  g_autofree char *traceback = g_strnfill (length, 'x');
  MaltMessage message = {
    .type = MALT_MESSAGE_FAILURE,
    .flags = MALT_MESSAGE_FLAGS_CUT_SHORT,
    .id = id,
    .value = g_variant_ref_sink (g_variant_new ("(usss)", MALT_ERROR_TERMINATED_WORKER, "leaves", "",
                                                traceback)),
  };

  malt_stream_queue (self->data, &message, NULL);
  malt_message_clear (&message);
}

static void
leave (MaltFakePeer *self)
{
  malt_stream_flush (self->data, NULL);
  malt_stream_shut_down (self->data);
  malt_stream_shut_down (self->control);
  self->has_left = TRUE;
}

static void
hold (MaltFakePeer      *self,
      const MaltMessage *message,
      GVariant          *value)
{
  HeldCall *held = g_new0 (HeldCall, 1);

  held->id = message->id;
  held->function = g_strdup (message->name);
  held->value = g_variant_ref (value);
  g_hash_table_replace (self->held, &held->id, held);
}

/* What is written around the stream goes behind what is in it. */
static void
misbehave (MaltFakePeer      *self,
           const MaltMessage *message,
           GVariant          *args,
           GVariant          *first)
{
  const char *function = message->name;

  malt_stream_flush (self->data, NULL);
  if (g_str_equal (function, "raw"))
    write_all (self->data, g_variant_get_data (first), g_variant_get_size (first), G_MAXSSIZE);
  else if (g_str_equal (function, "raw-control"))
    write_all (self->control, g_variant_get_data (first), g_variant_get_size (first), G_MAXSSIZE);
  else if (g_str_equal (function, "slowly"))
    answer_slowly (self, message->id, first);
  else if (g_str_equal (function, "twice"))
    {
      answer (self, message->id, first);
      answer (self, message->id, first);
    }
  else if (g_str_equal (function, "stranger"))
    {
      answer (self, message->id + 1000, first);
      answer (self, message->id, first);
    }
  else if (g_str_equal (function, "last-words"))
    {
      send_last_words (self, message->id + 1000, 1);
      send_last_words (self, message->id, g_variant_get_uint32 (first));
      hold (self, message, args);
    }
  else if (g_str_equal (function, "leave"))
    leave (self);
  else
    hold (self, message, args);
}

static void
handle_call (MaltFakePeer      *self,
             const MaltMessage *message)
{
  const char *function;
  const GVariantType *result_type;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) kwargs = NULL;
  g_autoptr (GVariant) first = NULL;
  g_autoptr (GError) error = NULL;

  malt_message_parse_call (message, &function, &args, &kwargs, &result_type, &error);
  g_assert_no_error (error);
  first = g_variant_n_children (args) > 0 ? g_variant_get_child_value (args, 0)
                                          : g_variant_ref (args);

  if (message->type == MALT_MESSAGE_POST)
    return;

  if (g_str_equal (function, "echo"))
    answer (self, message->id, first);
  else if (g_str_equal (function, "kwargs"))
    answer (self, message->id, kwargs);
  else if (g_str_equal (function, "nothing"))
    answer (self, message->id, NULL);
  else if (g_str_equal (function, "raise"))
    send_failure (self, message->id, args);
  else if (g_str_equal (function, "progress"))
    {
      send_progress (self, message->id, g_variant_get_uint32 (first));
      answer (self, message->id, first);
    }
  else if (g_str_equal (function, "log"))
    {
      send_log (self, args);
      answer (self, message->id, NULL);
    }
  else
    misbehave (self, message, args, first);
}

static void
handle_probe (MaltFakePeer *self,
              guint64       id)
{
  MaltMessage status = { .type = MALT_MESSAGE_STATUS, .id = id };
  HeldCall *held = g_hash_table_lookup (self->held, &id);

  if (held != NULL && g_str_equal (held->function, "mute"))
    return;

  if (held != NULL && g_str_equal (held->function, "late"))
    {
      answer (self, id, held->value);
      malt_stream_flush (self->data, NULL);
    }
  else if (held != NULL && g_str_equal (held->function, "queue"))
    status.number = MALT_CALL_STATE_QUEUED;
  else if (held != NULL && !g_str_equal (held->function, "lose"))
    status.number = MALT_CALL_STATE_RUNNING;

  if (held != NULL && g_str_equal (held->function, "last-words"))
    {
      status.name = "chunk:1";
      status.name_length = strlen (status.name);
    }

  malt_stream_queue (self->control, &status, NULL);
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
      send_failure (self, 0, args);
      leave (self);
      break;
    case MALT_FAKE_GREETING_OTHER_TYPE:
      answer (self, 1, args);
      break;
    case MALT_FAKE_GREETING_GARBAGE:
      write_all (self->data, (const guint8 *) garbage, sizeof garbage, sizeof garbage);
      break;
    case MALT_FAKE_GREETING_HUGE:
      write_all (self->data, huge, sizeof huge, sizeof huge);
      break;
    case MALT_FAKE_GREETING_TRUNCATED:
      write_all (self->data, half, sizeof half, sizeof half);
      leave (self);
      break;
    case MALT_FAKE_GREETING_LEAVE:
      leave (self);
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
      answer (self, 1, NULL);
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
      handle_call (self, message);
      break;
    case MALT_MESSAGE_PROBE:
      handle_probe (self, message->id);
      break;
    case MALT_MESSAGE_STOP:
      leave (self);
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

      answer (self, held->id, held->value);
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

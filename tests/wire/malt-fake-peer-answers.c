/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-peer-private.h"

#include "malt/malt-error.h"

#include <string.h>
#include <sys/socket.h>

void
malt_fake_peer_write_all (MaltStream   *stream,
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

void
malt_fake_peer_answer (MaltFakePeer *self,
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
  malt_fake_peer_write_all (self->data, bytes, size, 1);
}

void
malt_fake_peer_send_failure (MaltFakePeer *self,
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
    .value = g_variant_ref_sink (g_variant_new ("(usss)", MALT_ERROR_TERMINATED_WORKER, "leaves",
                                                "", traceback)),
  };

  malt_stream_queue (self->data, &message, NULL);
  malt_message_clear (&message);
}

void
malt_fake_peer_leave (MaltFakePeer *self)
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
    malt_fake_peer_write_all (self->data, g_variant_get_data (first), g_variant_get_size (first),
                              G_MAXSSIZE);
  else if (g_str_equal (function, "raw-control"))
    malt_fake_peer_write_all (self->control, g_variant_get_data (first), g_variant_get_size (first),
                              G_MAXSSIZE);
  else if (g_str_equal (function, "slowly"))
    answer_slowly (self, message->id, first);
  else if (g_str_equal (function, "twice"))
    {
      malt_fake_peer_answer (self, message->id, first);
      malt_fake_peer_answer (self, message->id, first);
    }
  else if (g_str_equal (function, "stranger"))
    {
      malt_fake_peer_answer (self, message->id + 1000, first);
      malt_fake_peer_answer (self, message->id, first);
    }
  else if (g_str_equal (function, "last-words"))
    {
      send_last_words (self, message->id + 1000, 1);
      send_last_words (self, message->id, g_variant_get_uint32 (first));
      hold (self, message, args);
    }
  else if (g_str_equal (function, "leave"))
    malt_fake_peer_leave (self);
  else
    hold (self, message, args);
}

void
malt_fake_peer_handle_call (MaltFakePeer      *self,
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
    malt_fake_peer_answer (self, message->id, first);
  else if (g_str_equal (function, "kwargs"))
    malt_fake_peer_answer (self, message->id, kwargs);
  else if (g_str_equal (function, "nothing"))
    malt_fake_peer_answer (self, message->id, NULL);
  else if (g_str_equal (function, "raise"))
    malt_fake_peer_send_failure (self, message->id, args);
  else if (g_str_equal (function, "progress"))
    {
      send_progress (self, message->id, g_variant_get_uint32 (first));
      malt_fake_peer_answer (self, message->id, first);
    }
  else if (g_str_equal (function, "log"))
    {
      send_log (self, args);
      malt_fake_peer_answer (self, message->id, NULL);
    }
  else
    misbehave (self, message, args, first);
}

void
malt_fake_peer_handle_probe (MaltFakePeer *self,
                             guint64       id)
{
  MaltMessage status = { .type = MALT_MESSAGE_STATUS, .id = id };
  HeldCall *held = g_hash_table_lookup (self->held, &id);

  if (held != NULL && g_str_equal (held->function, "mute"))
    return;

  if (held != NULL && g_str_equal (held->function, "late"))
    {
      malt_fake_peer_answer (self, id, held->value);
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

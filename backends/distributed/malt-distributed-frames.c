/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-frames.h"

#include "backends/distributed/malt-distributed-message.h"

#include <string.h>

#define OPENING_MAGIC "MALTHOST"
#define OPENING_MAGIC_BYTES 8u
#define OPENING_VERSION 1u

/* Where its fields are. */
#define OPENING_AT_VERSION 8u
#define OPENING_AT_STREAM 9u
#define OPENING_AT_ZEROS 10u
#define OPENING_AT_ID 16u
#define OPENING_AT_TOKEN 32u

/* Length, type and three zeros. */
#define WATCH_HEADER_BYTES 8u

/* Bytes of a payload: what a pipe holds, so that what was read at once can be sent at once. */
#define WATCH_MAX_PAYLOAD_BYTES (64u * 1024)

/* Of output in one frame: beside it is the byte that tells which. */
#define WATCH_MAX_OUTPUT_BYTES (WATCH_MAX_PAYLOAD_BYTES - 1)

/* Of either text of a report, in bytes: together they are a payload, with room for the rest. */
#define WATCH_MAX_TEXT_BYTES (16u * 1024)

/* Beyond them a number is no signal. */
#define WATCH_MAX_SIGNAL 64

void
malt_host_opening_encode (const MaltHostOpening *self,
                          guint8                 bytes[MALT_HOST_OPENING_BYTES])
{
  memset (bytes, 0, MALT_HOST_OPENING_BYTES);
  memcpy (bytes, OPENING_MAGIC, OPENING_MAGIC_BYTES);
  bytes[OPENING_AT_VERSION] = OPENING_VERSION;
  bytes[OPENING_AT_STREAM] = (guint8) self->stream;
  memcpy (bytes + OPENING_AT_ID, self->id, MALT_HOST_ID_BYTES);
  memcpy (bytes + OPENING_AT_TOKEN, self->token, MALT_HOST_TOKEN_BYTES);
}

gboolean
malt_host_opening_decode (MaltHostOpening  *self,
                          const guint8      bytes[MALT_HOST_OPENING_BYTES],
                          GError          **error)
{
  static const guint8 zeros[OPENING_AT_ID - OPENING_AT_ZEROS];

  if (memcmp (bytes, OPENING_MAGIC, OPENING_MAGIC_BYTES) != 0)
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                           "A stream was opened by somebody who is no manager");
      return FALSE;
    }
  if (bytes[OPENING_AT_VERSION] != OPENING_VERSION)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "A manager speaks version “%u” to hosts: expected %u",
                   bytes[OPENING_AT_VERSION], OPENING_VERSION);
      return FALSE;
    }
  if (bytes[OPENING_AT_STREAM] >= MALT_HOST_N_STREAMS
      || memcmp (bytes + OPENING_AT_ZEROS, zeros, sizeof zeros) != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "A manager opened a stream of kind “%u” that nobody knows",
                   bytes[OPENING_AT_STREAM]);
      return FALSE;
    }

  self->stream = (MaltHostStream) bytes[OPENING_AT_STREAM];
  memcpy (self->id, bytes + OPENING_AT_ID, MALT_HOST_ID_BYTES);
  memcpy (self->token, bytes + OPENING_AT_TOKEN, MALT_HOST_TOKEN_BYTES);
  return TRUE;
}

gboolean
malt_host_token_is_equal (const guint8 a[MALT_HOST_TOKEN_BYTES],
                          const guint8 b[MALT_HOST_TOKEN_BYTES])
{
  volatile guint8 difference = 0;

  for (guint i = 0; i < MALT_HOST_TOKEN_BYTES; i++)
    difference |= a[i] ^ b[i];

  return difference == 0;
}

char *
malt_host_to_hex (const guint8 *bytes,
                  gsize         size)
{
  GString *hex = g_string_sized_new (2 * size + 1);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hex, "%02x", bytes[i]);

  return g_string_free (hex, FALSE);
}

gboolean
malt_host_from_hex (const char *hex,
                    guint8     *bytes,
                    gsize       size)
{
  for (gsize i = 0; i < size; i++)
    {
      if (!g_ascii_isxdigit (hex[2 * i]) || !g_ascii_isxdigit (hex[2 * i + 1]))
        return FALSE;
      bytes[i] = (guint8) (g_ascii_xdigit_value (hex[2 * i]) << 4
                           | g_ascii_xdigit_value (hex[2 * i + 1]));
    }

  return hex[2 * size] == '\0';
}

/* The types on the wire, which have one number in one direction and another in the other. */
static const struct
{
  guint8        number;
  MaltWatchType type;
  gsize         min_bytes;
  gsize         max_bytes;
} types[2][4] = {
  [MALT_WATCH_FROM_MANAGER] = {
    { 1, MALT_WATCH_BEAT, 8, 8 },
    { 2, MALT_WATCH_STOP, 8, 8 },
    { 3, MALT_WATCH_KILL, 4, 4 },
    { 4, MALT_WATCH_TAKEN, 4, 4 },
  },
  [MALT_WATCH_FROM_HOST] = {
    { 1, MALT_WATCH_BEAT, 8, 8 },
    /* Never empty: what is counted in bytes is not to cost anything else. */
    { 2, MALT_WATCH_OUTPUT, 2, WATCH_MAX_PAYLOAD_BYTES },
    { 3, MALT_WATCH_EXITED, 1, WATCH_MAX_PAYLOAD_BYTES },
  },
};

void
malt_watch_frame_clear (MaltWatchFrame *self)
{
  g_clear_pointer (&self->output, g_bytes_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  *self = (MaltWatchFrame) { 0 };
}

static void
append_number (GByteArray *bytes,
               guint64     number,
               guint       size)
{
  guint64 little = GUINT64_TO_LE (number);

  g_byte_array_append (bytes, (const guint8 *) &little, size);
}

static guint64
read_number (const guint8 *data,
             guint         size)
{
  guint64 little = 0;

  memcpy (&little, data, size);
  return GUINT64_FROM_LE (little);
}

static void
append_header (GByteArray *bytes,
               guint8      type,
               gsize       size)
{
  append_number (bytes, size, 4);
  append_number (bytes, type, 4);
}

void
malt_watch_append_beat (GByteArray *bytes,
                        guint64     number)
{
  append_header (bytes, 1, 8);
  append_number (bytes, number, 8);
}

void
malt_watch_append_stop (GByteArray *bytes,
                        guint       exit_timeout_ms,
                        guint       term_timeout_ms)
{
  append_header (bytes, 2, 8);
  append_number (bytes, exit_timeout_ms, 4);
  append_number (bytes, term_timeout_ms, 4);
}

void
malt_watch_append_kill (GByteArray *bytes,
                        int         signum)
{
  append_header (bytes, 3, 4);
  append_number (bytes, (guint32) signum, 4);
}

void
malt_watch_append_taken (GByteArray *bytes,
                         guint32     n_bytes)
{
  append_header (bytes, 4, 4);
  append_number (bytes, n_bytes, 4);
}

void
malt_watch_append_output (GByteArray   *bytes,
                          int           fd,
                          const guint8 *data,
                          gsize         size)
{
  while (size > 0)
    {
      gsize n = MIN (size, WATCH_MAX_OUTPUT_BYTES);

      append_header (bytes, 2, n + 1);
      append_number (bytes, (guint64) fd, 1);
      g_byte_array_append (bytes, data, (guint) n);
      data += n;
      size -= n;
    }
}

/* The end of a text that may be too long, from a whole character on if it is UTF-8. */
static const char *
get_end (const char *text)
{
  gsize length = text != NULL ? strlen (text) : 0;

  if (length <= WATCH_MAX_TEXT_BYTES)
    return text;

  text += length - WATCH_MAX_TEXT_BYTES;
  while (((guint8) *text & 0xc0) == 0x80)
    text++;
  return text;
}

void
malt_watch_append_exited (GByteArray     *bytes,
                          MaltExitReport *report)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  const char *tail = get_end (malt_exit_report_get_stderr_tail (report));
  const char *detail = get_end (malt_exit_report_get_detail (report));
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) little = NULL;

  g_variant_dict_insert (&dict, "reason", "u", (guint32) malt_exit_report_get_reason (report));
  g_variant_dict_insert (&dict, "exit-status", "i", malt_exit_report_get_exit_status (report));
  g_variant_dict_insert (&dict, "signal", "i", malt_exit_report_get_signal (report));
  if (tail != NULL)
    g_variant_dict_insert (&dict, "stderr-tail", "^ay", tail);
  if (detail != NULL)
    g_variant_dict_insert (&dict, "detail", "^ay", detail);

  value = g_variant_ref_sink (g_variant_dict_end (&dict));
  little = G_BYTE_ORDER == G_LITTLE_ENDIAN ? g_variant_ref (value) : g_variant_byteswap (value);
  append_header (bytes, 3, g_variant_get_size (little));
  g_byte_array_append (bytes, g_variant_get_data (little), (guint) g_variant_get_size (little));
}

struct _MaltWatchReader
{
  MaltWatchDirection  direction;
  GByteArray         *buffer; /* owned */
  gsize               offset; /* of what has not been taken */
};

MaltWatchReader *
malt_watch_reader_new (MaltWatchDirection direction)
{
  MaltWatchReader *self = g_new0 (MaltWatchReader, 1);

  self->direction = direction;
  self->buffer = g_byte_array_new ();

  return self;
}

void
malt_watch_reader_free (MaltWatchReader *self)
{
  g_byte_array_unref (self->buffer);
  g_free (self);
}

void
malt_watch_reader_feed (MaltWatchReader *self,
                        const guint8    *data,
                        gsize            size)
{
  if (self->offset > 0)
    g_byte_array_remove_range (self->buffer, 0, (guint) self->offset);
  self->offset = 0;
  g_byte_array_append (self->buffer, data, (guint) size);
}

static char *
dup_text (GVariant   *dict,
          const char *name)
{
  const char *text = NULL;

  g_variant_lookup (dict, name, "^&ay", &text);
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

/* NULL: it is none. */
static MaltExitReport *
read_report (const guint8 *data,
             gsize         size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) dict = malt_distributed_message_from_bytes (bytes, NULL);
  g_autofree char *tail = NULL;
  g_autofree char *detail = NULL;
  guint32 reason;
  gint32 exit_status = -1;
  gint32 signum = 0;

  if (dict == NULL)
    return NULL;

  g_variant_lookup (dict, "exit-status", "i", &exit_status);
  g_variant_lookup (dict, "signal", "i", &signum);
  if (!g_variant_lookup (dict, "reason", "u", &reason)
      || reason > MALT_EXIT_REASON_CONNECTION_LOST
      || exit_status < -1 || exit_status > 255
      || signum < 0 || signum > WATCH_MAX_SIGNAL)
    return NULL;

  tail = dup_text (dict, "stderr-tail");
  detail = dup_text (dict, "detail");
  return malt_exit_report_new ((MaltExitReason) reason, exit_status, signum, tail, detail, NULL);
}

/* FALSE: what is in it cannot be. */
static gboolean
read_payload (MaltWatchFrame *frame,
              const guint8   *data,
              gsize           size)
{
  switch (frame->type)
    {
    case MALT_WATCH_BEAT:
      frame->number = read_number (data, 8);
      return TRUE;

    case MALT_WATCH_STOP:
      frame->exit_timeout_ms = (guint) read_number (data, 4);
      frame->term_timeout_ms = (guint) read_number (data + 4, 4);
      return TRUE;

    case MALT_WATCH_KILL:
      frame->signum = (int) (gint32) read_number (data, 4);
      return frame->signum > 0 && frame->signum <= WATCH_MAX_SIGNAL;

    case MALT_WATCH_TAKEN:
      frame->number = read_number (data, 4);
      return TRUE;

    case MALT_WATCH_OUTPUT:
      frame->fd = data[0];
      frame->output = g_bytes_new (data + 1, size - 1);
      return frame->fd == 1 || frame->fd == 2;

    case MALT_WATCH_EXITED:
    default:
      frame->report = read_report (data, size);
      return frame->report != NULL;
    }
}

static gboolean
fail (MaltWatchFrame  *frame,
      guint8           number,
      gsize            size,
      GError         **error)
{
  malt_watch_frame_clear (frame);
  g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
               "A frame of type “%u” and “%" G_GSIZE_FORMAT "” bytes is none", number, size);
  return FALSE;
}

gboolean
malt_watch_reader_next (MaltWatchReader  *self,
                        MaltWatchFrame   *frame,
                        GError          **error)
{
  *frame = (MaltWatchFrame) { 0 };
  for (;;)
    {
      const guint8 *header = self->buffer->data + self->offset;
      gsize left = self->buffer->len - self->offset;
      gsize size;
      guint i;

      if (left < WATCH_HEADER_BYTES)
        return FALSE;

      size = (gsize) read_number (header, 4);
      if (size > WATCH_MAX_PAYLOAD_BYTES || read_number (header + 5, 3) != 0)
        return fail (frame, header[4], size, error);

      for (i = 0; i < G_N_ELEMENTS (types[0]); i++)
        if (types[self->direction][i].number == header[4] && header[4] != 0)
          break;
      if (i < G_N_ELEMENTS (types[0])
          && (size < types[self->direction][i].min_bytes
              || size > types[self->direction][i].max_bytes))
        return fail (frame, header[4], size, error);

      if (left - WATCH_HEADER_BYTES < size)
        return FALSE;

      self->offset += WATCH_HEADER_BYTES + size;
      if (i == G_N_ELEMENTS (types[0]))
        continue;

      frame->type = types[self->direction][i].type;
      return read_payload (frame, header + WATCH_HEADER_BYTES, size)
             || fail (frame, header[4], size, error);
    }
}

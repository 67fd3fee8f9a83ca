/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-frame-private.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-message-private.h"

#include <string.h>

static void
put_u32 (guint8  *bytes,
         guint32  value)
{
  value = GUINT32_TO_LE (value);
  memcpy (bytes, &value, sizeof value);
}

static void
put_u64 (guint8  *bytes,
         guint64  value)
{
  value = GUINT64_TO_LE (value);
  memcpy (bytes, &value, sizeof value);
}

static guint32
get_u32 (const guint8 *bytes)
{
  guint32 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint64
get_u64 (const guint8 *bytes)
{
  guint64 value;

  memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_LE (value);
}

void
malt_frame_header_encode (const MaltFrameHeader *header,
                          guint8                 bytes[MALT_FRAME_HEADER_BYTES])
{
  put_u32 (bytes, header->body_length);
  bytes[4] = header->type;
  bytes[5] = header->flags;
  bytes[6] = 0;
  bytes[7] = 0;
  put_u64 (bytes + 8, header->id);
  put_u64 (bytes + 16, header->number);
  put_u32 (bytes + 24, header->name_length);
  put_u32 (bytes + 28, header->type_length);
}

/* The lengths are sums of what a stranger wrote: 64 bits hold them whatever they are. */
static gboolean
check_lengths (const MaltFrameHeader  *header,
               gsize                   max_body_bytes,
               GError                **error)
{
  guint64 strings = (guint64) header->name_length + header->type_length;

  if (header->body_length > max_body_bytes)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame of “%u” bytes is too large: at most %" G_GSIZE_FORMAT " are taken",
                   header->body_length, max_body_bytes);
      return FALSE;
    }

  if (header->type_length == 0 && strings != header->body_length)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame without a value has a body of “%u” bytes: expected %u, its name",
                   header->body_length, header->name_length);
      return FALSE;
    }

  if (header->type_length != 0 && MALT_FRAME_ALIGN (strings) > header->body_length)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame has a body of “%u” bytes: its strings alone need %" G_GUINT64_FORMAT,
                   header->body_length, MALT_FRAME_ALIGN (strings));
      return FALSE;
    }

  return TRUE;
}

gboolean
malt_frame_header_decode (const guint8      bytes[MALT_FRAME_HEADER_BYTES],
                          gsize             max_body_bytes,
                          MaltFrameHeader  *header,
                          GError          **error)
{
  header->body_length = get_u32 (bytes);
  header->type = bytes[4];
  header->flags = bytes[5];
  header->id = get_u64 (bytes + 8);
  header->number = get_u64 (bytes + 16);
  header->name_length = get_u32 (bytes + 24);
  header->type_length = get_u32 (bytes + 28);

  if (header->type < MALT_MESSAGE_SETUP || header->type > MALT_MESSAGE_LAST)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame has type “%u”: expected %d to %d",
                   header->type, MALT_MESSAGE_SETUP, MALT_MESSAGE_LAST);
      return FALSE;
    }

  if ((header->flags & ~MALT_MESSAGE_FLAGS_ALL) != 0 || bytes[6] != 0 || bytes[7] != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "Frame has reserved bits “%02x%02x%02x”: expected zeros",
                   header->flags & ~MALT_MESSAGE_FLAGS_ALL, bytes[6], bytes[7]);
      return FALSE;
    }

  return check_lengths (header, max_body_bytes, error);
}

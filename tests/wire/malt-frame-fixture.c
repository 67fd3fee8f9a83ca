/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-frame-fixture.h"

#include "malt/wire/malt-value-private.h"

#include <string.h>

const guint8 golden_call[GOLDEN_CALL_BYTES] = {
  0x24, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0,
  100, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0,
  'e', 'c', 'h', 'o', 0, '(', 'x', 's', ')', 0, 0, 0, 0, 0, 0, 0,
  42, 0, 0, 0, 0, 0, 0, 0, 'h', 'e', 'l', 'l', 'o', ',', ' ', 'm', 'a', 'l', 't', 0,
};

gboolean
decode_frame (const guint8  *bytes,
              gsize          length,
              gboolean       shared,
              gboolean       swap,
              MaltMessage   *message,
              GError       **error)
{
  g_autoptr (GBytes) body = NULL;
  MaltFrameHeader header;
  guint8 *copy;

  g_assert_cmpuint (length, >=, MALT_FRAME_HEADER_BYTES);
  if (!malt_frame_header_decode (bytes, NO_LIMIT, &header, error))
    return FALSE;

  /* A copy of its own, so that reading too far is noticed by a sanitizer. */
  g_assert_cmpuint (header.body_length, ==, length - MALT_FRAME_HEADER_BYTES);
  copy = g_malloc0 (header.body_length + (shared ? MALT_VALUE_SLACK_BYTES : 1));
  memcpy (copy, bytes + MALT_FRAME_HEADER_BYTES, header.body_length);
  body = g_bytes_new_take (copy, header.body_length);
  if (!malt_message_decode (message, &header, g_bytes_get_data (body, NULL),
                            shared ? body : NULL, swap, error))
    {
      message->name = NULL;
      return FALSE;
    }

  /* The name is a part of what goes now. */
  message->name = message->name != NULL ? g_intern_string (message->name) : NULL;
  return TRUE;
}

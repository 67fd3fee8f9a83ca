/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include "backends/distributed/malt-nats-parser.h"
#include "malt/malt-error.h"

/* What a NATS server sends: it says the same in one piece and in small ones, whose size is the
 * first byte. */

static void
append_operation (GString                 *said,
                  const MaltNatsOperation *operation)
{
  g_assert_true (operation->text == NULL || g_utf8_validate (operation->text, -1, NULL));
  g_assert_true (operation->reply == NULL || g_utf8_validate (operation->reply, -1, NULL));
  g_assert_true ((operation->subject != NULL) == (operation->type == MALT_NATS_MESSAGE));
  g_assert_true ((operation->payload != NULL) == (operation->type == MALT_NATS_MESSAGE));

  g_string_append_printf (said, "%d %s %s %s %u %" G_GUINT64_FORMAT "\n", operation->type,
                          operation->text != NULL ? operation->text : "",
                          operation->subject != NULL ? operation->subject : "",
                          operation->reply != NULL ? operation->reply : "",
                          operation->status, operation->sid);
  if (operation->payload != NULL)
    {
      gsize size;
      const char *payload = g_bytes_get_data (operation->payload, &size);

      g_string_append_len (said, payload, (gssize) size);
    }
}

static GString *
parse (const guint8 *data,
       gsize         size,
       gsize         step)
{
  g_autoptr (MaltNatsParser) parser = malt_nats_parser_new ();
  g_autoptr (GError) error = NULL;
  GString *said = g_string_new (NULL);

  for (gsize i = 0; i < size && error == NULL; i += step)
    {
      malt_nats_parser_feed (parser, data + i, MIN (step, size - i));
      for (;;)
        {
          g_auto (MaltNatsOperation) operation = { 0 };

          if (!malt_nats_parser_next (parser, &operation, &error))
            break;

          append_operation (said, &operation);
        }
    }

  if (error != NULL)
    {
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_string_append_c (said, '!');
    }

  return said;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GString) whole = NULL;
  g_autoptr (GString) pieces = NULL;

  if (size < 2)
    return 0;

  whole = parse (data + 1, size - 1, size - 1);
  pieces = parse (data + 1, size - 1, 1 + data[0] % 16);
  g_assert_true (g_string_equal (whole, pieces));

  return 0;
}

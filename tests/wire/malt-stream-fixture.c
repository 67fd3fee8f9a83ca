/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-stream-fixture.h"

#include <string.h>
#include <sys/socket.h>

/* How long a descriptor may take to be closed by its thread, and how often that is looked at. */
#define CLOSE_TIMEOUT_USEC (20 * G_USEC_PER_SEC)
#define CLOSE_POLL_USEC 1000

StreamPair
stream_pair_new (gsize limit)
{
  StreamPair pair;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  pair.a = malt_stream_new (fds[0], limit);
  pair.b = malt_stream_new (fds[1], limit);

  return pair;
}

StreamPair
stream_pair_new_descriptors (gboolean a_knows,
                             gboolean b_knows)
{
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GVariant) features =
    g_variant_ref_sink (g_variant_new_parsed ("{'features': <['new', 'descriptors']>}"));
  StreamPair pair = stream_pair_new (STREAM_LIMIT_BYTES);

  if (a_knows)
    malt_stream_use_features (pair.a, b_knows ? features : nothing);
  if (b_knows)
    malt_stream_use_features (pair.b, a_knows ? features : nothing);

  return pair;
}

void
stream_pair_clear (StreamPair *pair)
{
  g_clear_pointer (&pair->a, malt_stream_free);
  g_clear_pointer (&pair->b, malt_stream_free);
}

void
stream_pair_transfer (StreamPair  *pair,
                      MaltMessage *message)
{
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;

  while (!malt_stream_next (pair->b, message, &message_error, &error))
    {
      g_assert_no_error (error);
      malt_stream_flush (pair->a, NULL);
      g_assert_cmpint (malt_stream_fill (pair->b, &error), <=, MALT_STREAM_WOULD_BLOCK);
    }
  g_assert_no_error (error);
  g_assert_no_error (message_error);
}

GVariant *
stream_new_blob (gsize  size,
                 guint8 fill)
{
  guint8 *bytes = g_malloc (size + 1);

  memset (bytes, fill, size);
  return g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size, TRUE, g_free, bytes);
}

gsize
stream_send_value (MaltStream *stream,
                   guint64     id,
                   GVariant   *value)
{
  MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = id, .value = g_variant_ref (value) };
  g_autoptr (GError) error = NULL;
  gsize before = malt_stream_get_queued_bytes (stream);
  gsize size;

  malt_stream_prepare (stream, &message, FALSE);
  g_assert_true (malt_stream_queue (stream, &message, &error));
  g_assert_no_error (error);
  malt_message_clear (&message);
  size = malt_stream_get_queued_bytes (stream) - before;
  malt_stream_flush (stream, NULL);

  return size;
}

guint
stream_count_open_files (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

void
stream_wait_for_open_files (guint n)
{
  gint64 end = g_get_monotonic_time () + CLOSE_TIMEOUT_USEC;

  while (stream_count_open_files () != n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (CLOSE_POLL_USEC);
    }
}

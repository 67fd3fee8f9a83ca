/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-stream-fixture.h"

#include <gio/gio.h>

#include <string.h>
#include <unistd.h>

/* Of the frames, every second one is wanted. Their sizes are of all the ways a body can come: alone
 * or with others in one read, in several, in memory of its own. */
static const gsize sizes[] = { 0, 8, 100, 65000, 65536, 200000, 1 << 20 };
#define N_FRAMES 40

static gboolean
is_odd (const MaltFrameHeader *header,
        gpointer               data)
{
  guint64 *last_id = data;

  g_assert_cmpuint (header->type, ==, MALT_MESSAGE_RESULT);
  g_assert_cmpuint (header->id, >=, *last_id);
  g_assert_cmpuint (header->id, <=, *last_id + 1);
  *last_id = header->id;
  return header->id % 2 == 1;
}

static gsize
get_size (guint64 id,
          guint   round)
{
  return sizes[(id * (round + 1) + round) % G_N_ELEMENTS (sizes)];
}

static void
queue_frames (MaltStream *stream,
              guint       round)
{
  for (guint64 id = 0; id <= N_FRAMES; id++)
    {
      MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = id };
      g_autoptr (GError) error = NULL;

      message.value = g_variant_ref_sink (stream_new_blob (get_size (id, round), id));
      malt_stream_prepare (stream, &message, FALSE);
      malt_stream_queue (stream, &message, &error);
      g_assert_no_error (error);
      malt_message_clear (&message);
    }
}

static void
check_message (MaltMessage *message,
               guint64      id,
               guint        round)
{
  gsize n;
  const guint8 *bytes = g_variant_get_fixed_array (message->value, &n, 1);

  g_assert_cmpuint (message->id, ==, id);
  g_assert_cmpuint (n, ==, get_size (id, round));
  for (gsize i = 0; i < n; i++)
    g_assert_cmpuint (bytes[i], ==, id);
  malt_message_clear (message);
}

static void
test_passes_over (gconstpointer has_descriptors)
{
  for (guint round = 0; round < G_N_ELEMENTS (sizes); round++)
    {
      guint n_files = stream_count_open_files ();
      StreamPair pair = stream_pair_new_descriptors (has_descriptors != NULL,
                                                     has_descriptors != NULL);
      MaltMessage message = { 0 };
      guint64 last_id = 0;

      malt_stream_set_filter (pair.b, is_odd, &last_id);
      queue_frames (pair.a, round);
      for (guint64 id = 1; id < N_FRAMES; id += 2)
        {
          stream_pair_transfer (&pair, &message);
          check_message (&message, id, round);
        }

      /* The last one is passed over, too. */
      while (!malt_stream_is_empty (pair.b) || last_id < N_FRAMES)
        {
          malt_stream_flush (pair.a, NULL);
          g_assert_cmpint (malt_stream_fill (pair.b, NULL), <=, MALT_STREAM_WOULD_BLOCK);
          g_assert_false (malt_stream_next (pair.b, &message, NULL, NULL));
        }
      g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_WOULD_BLOCK);
      stream_pair_clear (&pair);
      stream_wait_for_open_files (n_files);
    }
}

/* What nobody wants may be anything but of a size that is refused. */
static void
test_looks_at_no_body (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  const MaltFrameHeader header = {
    .body_length = 100, .type = MALT_MESSAGE_RESULT, .name_length = 20, .type_length = 70,
  };
  guint8 frame[MALT_FRAME_HEADER_BYTES + 100];
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_string ("wanted"));
  const MaltMessage wanted = { .type = MALT_MESSAGE_RESULT, .id = 1, .value = value };
  MaltMessage message = { 0 };
  guint64 last_id = 0;

  memset (frame, 0xff, sizeof frame);
  malt_frame_header_encode (&header, frame);
  malt_stream_set_filter (pair.b, is_odd, &last_id);
  g_assert_cmpint (write (malt_stream_get_fd (pair.a), frame, sizeof frame), ==, sizeof frame);
  g_assert_true (malt_stream_queue (pair.a, &wanted, NULL));

  stream_pair_transfer (&pair, &message);
  g_assert_cmpuint (message.id, ==, 1);
  malt_message_clear (&message);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/malt/stream-filter/passes-over", NULL, test_passes_over);
  g_test_add_data_func ("/malt/stream-filter/passes-over-descriptors", "", test_passes_over);
  g_test_add_func ("/malt/stream-filter/looks-at-no-body", test_looks_at_no_body);

  return g_test_run ();
}

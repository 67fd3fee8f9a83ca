/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-stream-fixture.h"

#include "malt/malt-error.h"

#include <gio/gio.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
queue_value (MaltStream *stream,
             guint64     id,
             GVariant   *value)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (value);
  const MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = id, .value = sunk };
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_stream_queue (stream, &message, &error));
  g_assert_no_error (error);
}

static void
test_many_in_one_read (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  MaltMessage message = { 0 };

  for (guint64 id = 1; id <= 100; id++)
    queue_value (pair.a, id, g_variant_new ("(xs)", (gint64) id, "odd" + id % 3));
  g_assert_cmpint (malt_stream_flush (pair.a, NULL), ==, MALT_STREAM_OK);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), ==, 0);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);

  for (guint64 id = 1; id <= 100; id++)
    {
      gint64 number;
      const char *text;

      g_assert_true (malt_stream_next (pair.b, &message, NULL, NULL));
      g_assert_cmpuint (message.id, ==, id);
      g_variant_get (message.value, "(x&s)", &number, &text);
      g_assert_cmpint (number, ==, id);
      g_assert_cmpstr (text, ==, "odd" + id % 3);
      malt_message_clear (&message);
    }
  g_assert_false (malt_stream_next (pair.b, &message, NULL, NULL));
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_WOULD_BLOCK);
}

static void
test_sizes_around_the_limits (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  const gsize around[] = { 1, 4096, 65500, 65536, 131072, 262144, 524288 };

  for (gsize i = 0; i < G_N_ELEMENTS (around); i++)
    for (int offset = -12; offset <= 12; offset++)
      {
        gsize size = (gsize) MAX ((gssize) around[i] + offset, 0);
        MaltMessage message = { 0 };
        const guint8 *bytes;
        gsize n;

        queue_value (pair.a, i, stream_new_blob (size, (guint8) offset));
        queue_value (pair.a, i, g_variant_new_int32 (offset));
        stream_pair_transfer (&pair, &message);
        bytes = g_variant_get_fixed_array (message.value, &n, 1);
        g_assert_cmpuint (n, ==, size);
        for (gsize j = 0; j < n; j += 97)
          g_assert_cmpuint (bytes[j], ==, (guint8) offset);
        malt_message_clear (&message);
        stream_pair_transfer (&pair, &message);
        g_assert_cmpint (g_variant_get_int32 (message.value), ==, offset);
        malt_message_clear (&message);
      }
}

/* The value is written from where it lies and stays alive until it is. */
static void
test_big_value_outlives_its_sender (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  MaltMessage message = { 0 };
  gsize n;
  const guint8 *bytes;

  queue_value (pair.a, 1, stream_new_blob (3 * 1024 * 1024, 0x5a));
  g_assert_cmpint (malt_stream_flush (pair.a, NULL), ==, MALT_STREAM_WOULD_BLOCK);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), >, 0);
  stream_pair_transfer (&pair, &message);

  bytes = g_variant_get_fixed_array (message.value, &n, 1);
  g_assert_cmpuint (n, ==, 3 * 1024 * 1024);
  g_assert_cmpuint (bytes[n - 1], ==, 0x5a);
  malt_message_clear (&message);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), ==, 0);
}

static void
test_one_byte_at_a_time (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  g_auto (StreamPair) slow = stream_pair_new (STREAM_LIMIT_BYTES);
  guint8 bytes[256];
  MaltMessage message = { 0 };
  ssize_t n;

  queue_value (pair.a, 3, g_variant_new ("(sv)", "slow", g_variant_new_double (0.5)));
  malt_stream_flush (pair.a, NULL);
  n = recv (malt_stream_get_fd (pair.b), bytes, sizeof bytes, 0);
  g_assert_cmpint (n, >, MALT_FRAME_HEADER_BYTES);

  for (ssize_t i = 0; i < n; i++)
    {
      g_assert_false (malt_stream_next (slow.b, &message, NULL, NULL));
      g_assert_cmpint (send (malt_stream_get_fd (slow.a), bytes + i, 1, MSG_NOSIGNAL), ==, 1);
      g_assert_cmpint (malt_stream_fill (slow.b, NULL), ==, MALT_STREAM_OK);
    }
  g_assert_true (malt_stream_next (slow.b, &message, NULL, NULL));
  g_assert_cmpuint (message.id, ==, 3);
  malt_message_clear (&message);
}

static void
send_header (MaltStream *stream,
             guint32     body_length,
             guint8      type)
{
  const MaltFrameHeader header = { .body_length = body_length, .type = type, .type_length = 3 };
  guint8 bytes[MALT_FRAME_HEADER_BYTES];

  malt_frame_header_encode (&header, bytes);
  g_assert_cmpint (send (malt_stream_get_fd (stream), bytes, sizeof bytes, MSG_NOSIGNAL), ==,
                   sizeof bytes);
}

static void
test_too_large_before_it_is_there (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;

  send_header (pair.a, STREAM_LIMIT_BYTES + 1, MALT_MESSAGE_RESULT);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
  g_assert_false (malt_stream_next (pair.b, &message, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);

  /* It stays broken. */
  g_clear_error (&error);
  g_assert_false (malt_stream_next (pair.b, &message, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

/* Claims a lot and sends nothing: a big claim costs nobody memory. */
static void
test_claim_is_not_allocated (void)
{
  g_auto (StreamPair) pair = stream_pair_new (G_MAXUINT32);
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;

  send_header (pair.a, G_MAXUINT32, MALT_MESSAGE_RESULT);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
  g_assert_false (malt_stream_next (pair.b, &message, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_WOULD_BLOCK);
}

static gsize
get_resident_bytes (void)
{
  g_autofree char *text = NULL;
  unsigned long resident = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %lu", &resident), ==, 1);

  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

/* Many that claim as much as they can and send a little hold no more than in proportion. */
static void
test_claims_grow_with_what_comes (void)
{
  StreamPair pairs[8];
  g_autofree guint8 *bytes = g_malloc0 (STREAM_LIMIT_BYTES);
  MaltMessage message = { 0 };
  g_autoptr (GError) error = NULL;
  gsize before = get_resident_bytes ();

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      pairs[i] = stream_pair_new (G_MAXUINT32);
      send_header (pairs[i].a, G_MAXUINT32, MALT_MESSAGE_RESULT);
      g_assert_cmpint (malt_stream_fill (pairs[i].b, NULL), ==, MALT_STREAM_OK);

      for (gsize sent = 0; sent < STREAM_LIMIT_BYTES;)
        {
          gssize n = send (malt_stream_get_fd (pairs[i].a), bytes, STREAM_LIMIT_BYTES - sent,
                           MSG_NOSIGNAL | MSG_DONTWAIT);

          g_assert_cmpint (n, >, 0);
          sent += n;
          while (!malt_stream_next (pairs[i].b, &message, NULL, &error)
                 && malt_stream_fill (pairs[i].b, NULL) == MALT_STREAM_OK)
            ;
          g_assert_no_error (error);
        }
    }

  /* As much again, for a page that is begun is taken. */
  g_assert_cmpuint (get_resident_bytes () - before, <,
                    2 * G_N_ELEMENTS (pairs) * STREAM_LIMIT_BYTES);
  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    stream_pair_clear (&pairs[i]);
}

/* Memory that is used again holds the bytes of the message and no others. */
static void
test_large_values_one_after_the_other (void)
{
  g_auto (StreamPair) pair = stream_pair_new (64 * STREAM_LIMIT_BYTES);
  const gsize sizes[] = { 5, 9, 3, 8, 5, 40, 20, 4, 4 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i] * 1024 * 1024 + i;
      g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (size, i + 1));
      MaltMessage message = { 0 };

      queue_value (pair.a, i, value);
      stream_pair_transfer (&pair, &message);
      g_assert_cmpuint (message.id, ==, i);
      g_assert_cmpmem (g_variant_get_data (message.value), g_variant_get_size (message.value),
                       g_variant_get_data (value), size);
      malt_message_clear (&message);
    }
}

static void
test_end_in_the_middle (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  MaltMessage message = { 0 };

  send_header (pair.a, 100000, MALT_MESSAGE_RESULT);
  malt_stream_shut_down (pair.a);
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_OK);
  g_assert_false (malt_stream_next (pair.b, &message, NULL, NULL));
  g_assert_cmpint (malt_stream_fill (pair.b, NULL), ==, MALT_STREAM_EOF);
}

static void
test_writing_to_nobody (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);

  g_clear_pointer (&pair.b, malt_stream_free);
  queue_value (pair.a, 1, stream_new_blob (100000, 0));
  g_assert_cmpint (malt_stream_flush (pair.a, NULL), ==, MALT_STREAM_EOF);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), ==, 0);

  /* Later ones do not pile up. */
  queue_value (pair.a, 2, stream_new_blob (100000, 0));
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), ==, 0);
  g_assert_cmpint (malt_stream_flush (pair.a, NULL), ==, MALT_STREAM_EOF);
}

static void
test_message_above_the_limit (void)
{
  g_auto (StreamPair) pair = stream_pair_new (1000);
  g_autoptr (GVariant) value = g_variant_ref_sink (stream_new_blob (1000, 0));
  const MaltMessage message = { .type = MALT_MESSAGE_RESULT, .id = 1, .value = value };
  g_autoptr (GError) error = NULL;

  g_assert_false (malt_stream_queue (pair.a, &message, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), ==, 0);
}

static void
test_bad_value_costs_one_message (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  const guint8 body[] = { 'b', 0, 0, 0, 0, 0, 0, 0, 2 };
  const MaltFrameHeader header = {
    .body_length = sizeof body, .type = MALT_MESSAGE_RESULT, .id = 8, .type_length = 2,
  };
  guint8 bytes[MALT_FRAME_HEADER_BYTES];
  MaltMessage message = { 0 };
  g_autoptr (GError) message_error = NULL;
  g_autoptr (GError) error = NULL;

  malt_frame_header_encode (&header, bytes);
  send (malt_stream_get_fd (pair.a), bytes, sizeof bytes, MSG_NOSIGNAL);
  send (malt_stream_get_fd (pair.a), body, sizeof body, MSG_NOSIGNAL);
  queue_value (pair.a, 9, g_variant_new_int32 (9));
  malt_stream_flush (pair.a, NULL);
  while (malt_stream_fill (pair.b, NULL) == MALT_STREAM_OK)
    ;

  g_assert_true (malt_stream_next (pair.b, &message, &message_error, &error));
  g_assert_error (message_error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  g_assert_no_error (error);
  g_assert_cmpuint (message.id, ==, 8);
  malt_message_clear (&message);
  g_clear_error (&message_error);

  g_assert_true (malt_stream_next (pair.b, &message, &message_error, &error));
  g_assert_no_error (message_error);
  g_assert_cmpuint (message.id, ==, 9);
  malt_message_clear (&message);
}

/* A peer that reads a little at a time never lets the buffer become empty. */
static void
test_slow_reader_costs_no_memory (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  gsize n_read = 0;
  guint64 n_queued = 0;

  while (malt_stream_flush (pair.a, NULL) == MALT_STREAM_OK)
    queue_value (pair.a, ++n_queued, stream_new_blob (3000, 1));

  for (int i = 0; i < 20000; i++)
    {
      guint8 bytes[3000];
      ssize_t n = recv (malt_stream_get_fd (pair.b), bytes, sizeof bytes, 0);

      n_read += (gsize) n;
      if (malt_stream_get_queued_bytes (pair.a) < 20000)
        queue_value (pair.a, ++n_queued, stream_new_blob (3000, 1));
      malt_stream_flush (pair.a, NULL);
      g_assert_cmpuint (malt_stream_get_queued_bytes (pair.a), <, 30000);
    }
  g_assert_cmpuint (n_read, >, 1000000);
}

/* Small ones and big ones in turns, more than one sendmsg() takes. */
static void
test_order_of_small_and_big (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);

  for (guint64 id = 0; id < 60; id++)
    queue_value (pair.a, id, stream_new_blob (id % 2 == 0 ? 10 : 70000, (guint8) id));

  for (guint64 id = 0; id < 60; id++)
    {
      MaltMessage message = { 0 };

      stream_pair_transfer (&pair, &message);
      g_assert_cmpuint (message.id, ==, id);
      g_assert_cmpuint (g_variant_get_size (message.value), ==, id % 2 == 0 ? 10 : 70000);
      malt_message_clear (&message);
    }
}

static void
test_order_of_bytes_is_learnt (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  g_autoptr (GVariant) native = g_variant_ref_sink (g_variant_new_parsed ("{'n': <uint32 7>}"));
  g_autoptr (GVariant) swapped = g_variant_byteswap (native);
  MaltMessage setup = {
    .type = MALT_MESSAGE_SETUP,
    .flags = MALT_MESSAGE_FLAGS_NATIVE_ORDER ^ MALT_MESSAGE_FLAGS_BIG_ENDIAN,
    .value = swapped,
  };
  MaltMessage message = { 0 };

  g_assert_true (malt_stream_queue (pair.a, &setup, NULL));
  stream_pair_transfer (&pair, &message);
  g_assert_cmpvariant (message.value, native);
  malt_message_clear (&message);

  queue_value (pair.a, 1, g_variant_new_uint32 (GUINT32_SWAP_LE_BE (5)));
  stream_pair_transfer (&pair, &message);
  g_assert_cmpuint (g_variant_get_uint32 (message.value), ==, 5);
  malt_message_clear (&message);
}

/* In vain once, it lets one opportunity pass; what comes meanwhile is for those who poll. */
static void
test_spinning_in_vain (void)
{
  g_auto (StreamPair) pair = stream_pair_new (STREAM_LIMIT_BYTES);
  g_autoptr (GError) error = NULL;

  if (g_get_num_processors () < 2)
    {
      g_test_skip ("There is one processor: nobody spins");
      return;
    }

  g_assert_cmpint (malt_stream_fill_spinning (pair.b, &error), ==, MALT_STREAM_WOULD_BLOCK);
  queue_value (pair.a, 1, g_variant_new_uint32 (1));
  g_assert_cmpint (malt_stream_flush (pair.a, &error), ==, MALT_STREAM_OK);

  g_assert_cmpint (malt_stream_fill_spinning (pair.b, &error), ==, MALT_STREAM_WOULD_BLOCK);
  g_assert_cmpint (malt_stream_fill_spinning (pair.b, &error), ==, MALT_STREAM_OK);

  g_clear_pointer (&pair.a, malt_stream_free);
  g_assert_cmpint (malt_stream_fill_spinning (pair.b, &error), ==, MALT_STREAM_EOF);
  g_assert_no_error (error);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/stream/many-in-one-read", test_many_in_one_read);
  g_test_add_func ("/malt/stream/sizes-around-the-limits", test_sizes_around_the_limits);
  g_test_add_func ("/malt/stream/big-value-outlives-its-sender",
                   test_big_value_outlives_its_sender);
  g_test_add_func ("/malt/stream/one-byte-at-a-time", test_one_byte_at_a_time);
  g_test_add_func ("/malt/stream/too-large-before-it-is-there", test_too_large_before_it_is_there);
  g_test_add_func ("/malt/stream/claim-is-not-allocated", test_claim_is_not_allocated);
  g_test_add_func ("/malt/stream/claims-grow-with-what-comes", test_claims_grow_with_what_comes);
  g_test_add_func ("/malt/stream/large-values-one-after-the-other",
                   test_large_values_one_after_the_other);
  g_test_add_func ("/malt/stream/end-in-the-middle", test_end_in_the_middle);
  g_test_add_func ("/malt/stream/writing-to-nobody", test_writing_to_nobody);
  g_test_add_func ("/malt/stream/message-above-the-limit", test_message_above_the_limit);
  g_test_add_func ("/malt/stream/bad-value-costs-one-message", test_bad_value_costs_one_message);
  g_test_add_func ("/malt/stream/slow-reader-costs-no-memory", test_slow_reader_costs_no_memory);
  g_test_add_func ("/malt/stream/spinning-in-vain", test_spinning_in_vain);
  g_test_add_func ("/malt/stream/order-of-small-and-big", test_order_of_small_and_big);
  g_test_add_func ("/malt/stream/order-of-bytes-is-learnt", test_order_of_bytes_is_learnt);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-frame-private.h"

#include "malt/malt-error.h"
#include "malt/wire/malt-message-private.h"

#define MAX_BODY_BYTES 4096u

/* Written out by hand: another implementation is to read the same. */
static const guint8 golden_header[MALT_FRAME_HEADER_BYTES] = {
  0x78, 0x05, 0x00, 0x00,                         /* body: 1400 */
  0x03,                                           /* CALL */
  0x06,                                           /* KWARGS, DISCARD */
  0x00, 0x00,
  0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, /* id */
  0x88, 0x13, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 5000 ms */
  0x0c, 0x00, 0x00, 0x00,                         /* name: 12 */
  0x0b, 0x00, 0x00, 0x00,                         /* type string: 11 */
};

static void
test_encode (void)
{
  const MaltFrameHeader header = {
    .body_length = 1400,
    .type = MALT_MESSAGE_CALL,
    .flags = MALT_MESSAGE_FLAGS_KWARGS | MALT_MESSAGE_FLAGS_DISCARD,
    .id = G_GUINT64_CONSTANT (0x0123456789abcdef),
    .number = 5000,
    .name_length = 12,
    .type_length = 11,
  };
  guint8 bytes[MALT_FRAME_HEADER_BYTES];

  malt_frame_header_encode (&header, bytes);
  g_assert_cmpmem (bytes, sizeof bytes, golden_header, sizeof golden_header);
}

static void
test_decode (void)
{
  MaltFrameHeader header;
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_frame_header_decode (golden_header, MAX_BODY_BYTES, &header, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (header.body_length, ==, 1400);
  g_assert_cmpuint (header.type, ==, MALT_MESSAGE_CALL);
  g_assert_cmpuint (header.flags, ==, MALT_MESSAGE_FLAGS_KWARGS | MALT_MESSAGE_FLAGS_DISCARD);
  g_assert_cmpuint (header.id, ==, G_GUINT64_CONSTANT (0x0123456789abcdef));
  g_assert_cmpuint (header.number, ==, 5000);
  g_assert_cmpuint (header.name_length, ==, 12);
  g_assert_cmpuint (header.type_length, ==, 11);
}

/* The golden header with a few bytes changed. */
static const struct
{
  const char *name;
  struct { guint8 at, value; } changes[6];
} broken_headers[] = {
  { "type-0", { { 4, 0 } } },
  { "type-15", { { 4, 15 } } },
  { "type-255", { { 4, 255 } } },
  { "unknown-flag", { { 5, 0x20 } } },
  { "highest-flag", { { 5, 0x80 } } },
  { "reserved-low", { { 6, 1 } } },
  { "reserved-high", { { 7, 1 } } },
  { "body-above-limit", { { 1, 0x10 }, { 0, 1 } } },
  { "body-of-4-gib", { { 0, 0xff }, { 1, 0xff }, { 2, 0xff }, { 3, 0xff } } },
  { "body-shorter-than-strings", { { 0, 22 }, { 1, 0 } } },
  { "body-shorter-than-padding", { { 0, 23 }, { 1, 0 } } },
  { "name-longer-than-body", { { 25, 0x10 } } },
  { "name-of-4-gib", { { 24, 0xff }, { 25, 0xff }, { 26, 0xff }, { 27, 0xff } } },
  { "sum-overflows-32-bits", { { 27, 0x80 }, { 31, 0x80 } } },
  { "body-after-a-name-without-a-value", { { 28, 0 } } },
  { "name-without-a-body", { { 0, 0 }, { 1, 0 }, { 28, 0 } } },
};

static void
test_broken (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  guint8 bytes[MALT_FRAME_HEADER_BYTES];
  MaltFrameHeader header;
  g_autoptr (GError) error = NULL;

  memcpy (bytes, golden_header, sizeof bytes);
  for (gsize j = 0; j < G_N_ELEMENTS (broken_headers[i].changes); j++)
    {
      guint8 at = broken_headers[i].changes[j].at;

      if (j > 0 && at == 0 && broken_headers[i].changes[j].value == 0)
        break;
      bytes[at] = broken_headers[i].changes[j].value;
    }

  g_assert_false (malt_frame_header_decode (bytes, MAX_BODY_BYTES, &header, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

static void
test_limit_is_inclusive (void)
{
  MaltFrameHeader header;
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_frame_header_decode (golden_header, 1400, &header, NULL));
  g_assert_false (malt_frame_header_decode (golden_header, 1399, &header, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

/* Whatever the bytes are: what is taken can be trusted, and goes back to the same bytes. */
static void
test_random_headers (void)
{
  guint n_taken = 0;

  for (int i = 0; i < 200000; i++)
    {
      guint8 bytes[MALT_FRAME_HEADER_BYTES];
      guint8 again[MALT_FRAME_HEADER_BYTES];
      MaltFrameHeader header;

      memcpy (bytes, golden_header, sizeof bytes);
      for (int j = g_test_rand_int_range (1, 6); j > 0; j--)
        bytes[g_test_rand_int_range (0, MALT_FRAME_HEADER_BYTES)] = g_test_rand_int_range (0, 256);

      if (!malt_frame_header_decode (bytes, MAX_BODY_BYTES, &header, NULL))
        continue;

      n_taken++;
      g_assert_cmpuint (header.body_length, <=, MAX_BODY_BYTES);
      g_assert_cmpuint ((guint64) header.name_length + header.type_length, <=, header.body_length);
      malt_frame_header_encode (&header, again);
      g_assert_cmpmem (bytes, sizeof bytes, again, sizeof again);
    }

  g_assert_cmpuint (n_taken, >, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/frame/encode", test_encode);
  g_test_add_func ("/malt/frame/decode", test_decode);
  for (gsize i = 0; i < G_N_ELEMENTS (broken_headers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/frame/broken/%s", broken_headers[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_broken);
    }
  g_test_add_func ("/malt/frame/limit-is-inclusive", test_limit_is_inclusive);
  g_test_add_func ("/malt/frame/random-headers", test_random_headers);

  return g_test_run ();
}

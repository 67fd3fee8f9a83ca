/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-frames.h"

#include <string.h>

static void
test_opening (void)
{
  MaltHostOpening opening = { .stream = MALT_HOST_STREAM_CONTROL };
  MaltHostOpening again;
  guint8 bytes[MALT_HOST_OPENING_BYTES];
  g_autoptr (GError) error = NULL;

  memset (opening.id, 7, sizeof opening.id);
  memset (opening.token, 9, sizeof opening.token);
  malt_host_opening_encode (&opening, bytes);
  g_assert_cmpint (memcmp (bytes, "MALTHOST\1\1\0\0\0\0\0\0\7", 17), ==, 0);
  g_assert_true (malt_host_opening_decode (&again, bytes, &error));
  g_assert_cmpint (again.stream, ==, opening.stream);
  g_assert_cmpmem (again.id, sizeof again.id, opening.id, sizeof opening.id);
  g_assert_true (malt_host_token_is_equal (again.token, opening.token));
  again.token[MALT_HOST_TOKEN_BYTES - 1] ^= 1;
  g_assert_false (malt_host_token_is_equal (again.token, opening.token));

  for (guint i = 0; i < 16; i++)
    {
      guint8 saved = bytes[i];

      bytes[i] = 0xaa;
      g_assert_false (malt_host_opening_decode (&again, bytes, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
      g_clear_error (&error);
      bytes[i] = saved;
    }
}

static void
test_hex (void)
{
  static const guint8 bytes[] = { 0x00, 0x7f, 0xa5 };
  g_autofree char *hex = malt_host_to_hex (bytes, sizeof bytes);
  guint8 again[3];

  g_assert_cmpstr (hex, ==, "007fa5");
  g_assert_true (malt_host_from_hex ("007FA5", again, sizeof again));
  g_assert_cmpmem (again, sizeof again, bytes, sizeof bytes);
  g_assert_false (malt_host_from_hex ("007fa", again, sizeof again));
  g_assert_false (malt_host_from_hex ("007fa500", again, sizeof again));
  g_assert_false (malt_host_from_hex ("007fg5", again, sizeof again));
  g_assert_false (malt_host_from_hex ("", again, sizeof again));
}

/* A text of so many bytes, each of its characters having two. */
static char *
new_long_text (gsize size)
{
  GString *text = g_string_new (NULL);

  while (text->len < size)
    g_string_append (text, "ä");

  return g_string_free (text, FALSE);
}

static void
test_report (void)
{
  g_autofree char *tail = new_long_text (100000);
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_LIMIT, -1, 24, tail,
                                                            "of CPU time", NULL);
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (MALT_WATCH_FROM_HOST);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (MaltWatchFrame) frame = { 0 };
  g_autoptr (GError) error = NULL;

  malt_watch_append_exited (bytes, report);
  malt_watch_reader_feed (reader, bytes->data, bytes->len);
  g_assert_true (malt_watch_reader_next (reader, &frame, &error));
  g_assert_cmpint (frame.type, ==, MALT_WATCH_EXITED);
  g_assert_cmpint (malt_exit_report_get_reason (frame.report), ==, MALT_EXIT_REASON_LIMIT);
  g_assert_cmpint (malt_exit_report_get_exit_status (frame.report), ==, -1);
  g_assert_cmpint (malt_exit_report_get_signal (frame.report), ==, 24);
  g_assert_cmpstr (malt_exit_report_get_detail (frame.report), ==, "of CPU time");
  g_assert_true (g_str_has_suffix (tail, malt_exit_report_get_stderr_tail (frame.report)));
  g_assert_cmpuint (strlen (malt_exit_report_get_stderr_tail (frame.report)), >, 10000);
}

/* Output of any size, in pieces of any. */
static void
test_output (gconstpointer data)
{
  gsize step = GPOINTER_TO_SIZE (data);
  g_autofree guint8 *output = g_malloc0 (200000);
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (MALT_WATCH_FROM_HOST);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize n_output = 0;

  malt_watch_append_beat (bytes, 1);
  malt_watch_append_output (bytes, 2, output, 0);
  malt_watch_append_output (bytes, 2, output, 200000);
  malt_watch_append_beat (bytes, 2);
  for (gsize i = 0; i < bytes->len; i += step)
    {
      g_auto (MaltWatchFrame) frame = { 0 };

      malt_watch_reader_feed (reader, bytes->data + i, MIN (step, bytes->len - i));
      while (malt_watch_reader_next (reader, &frame, &error))
        {
          if (frame.type == MALT_WATCH_OUTPUT)
            {
              g_assert_cmpint (frame.fd, ==, 2);
              n_output += g_bytes_get_size (frame.output);
            }
          else
            g_assert_cmpuint (frame.number, ==, n_output == 0 ? 1 : 2);
          malt_watch_frame_clear (&frame);
        }
      g_assert_no_error (error);
    }
  g_assert_cmpuint (n_output, ==, 200000);
}

/* What is wrong stays wrong, and costs nothing: lengths are checked before anything is kept. */
static void
test_too_long (void)
{
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (MALT_WATCH_FROM_MANAGER);
  g_auto (MaltWatchFrame) frame = { 0 };
  g_autoptr (GError) error = NULL;

  malt_watch_reader_feed (reader, (const guint8 *) "\xff\xff\xff\xff\x7f\0\0\0", 8);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (malt_watch_reader_next (reader, &frame, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
      g_clear_error (&error);
    }
}

/* It would be kept without being counted. */
static void
test_empty_output (void)
{
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (MALT_WATCH_FROM_HOST);
  g_auto (MaltWatchFrame) frame = { 0 };
  g_autoptr (GError) error = NULL;

  malt_watch_reader_feed (reader, (const guint8 *) "\1\0\0\0\2\0\0\0\1", 9);
  g_assert_false (malt_watch_reader_next (reader, &frame, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/distributed/frames/opening", test_opening);
  g_test_add_func ("/distributed/frames/hex", test_hex);
  g_test_add_func ("/distributed/frames/report", test_report);
  g_test_add_func ("/distributed/frames/empty-output", test_empty_output);
  g_test_add_data_func ("/distributed/frames/output-in-bytes", GSIZE_TO_POINTER (1), test_output);
  g_test_add_data_func ("/distributed/frames/output-in-pieces", GSIZE_TO_POINTER (777),
                        test_output);
  g_test_add_data_func ("/distributed/frames/output-at-once", GSIZE_TO_POINTER (1000000),
                        test_output);
  g_test_add_func ("/distributed/frames/too-long", test_too_long);

  return g_test_run ();
}

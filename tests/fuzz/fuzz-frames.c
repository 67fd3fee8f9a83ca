/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include "backends/distributed/malt-distributed-frames.h"

/* What a manager sends to a host on the watch of a worker, or the other way round, and how a stream
 * is opened. The first byte says which of the two, and in pieces of how many bytes it comes. */

static void
append_frame (GByteArray           *bytes,
              const MaltWatchFrame *frame)
{
  switch (frame->type)
    {
    case MALT_WATCH_BEAT:
      malt_watch_append_beat (bytes, frame->number);
      break;
    case MALT_WATCH_STOP:
      malt_watch_append_stop (bytes, frame->exit_timeout_ms, frame->term_timeout_ms);
      break;
    case MALT_WATCH_KILL:
      malt_watch_append_kill (bytes, frame->signum);
      break;
    case MALT_WATCH_TAKEN:
      malt_watch_append_taken (bytes, (guint32) frame->number);
      break;
    case MALT_WATCH_OUTPUT:
      malt_watch_append_output (bytes, frame->fd, g_bytes_get_data (frame->output, NULL),
                                g_bytes_get_size (frame->output));
      break;
    case MALT_WATCH_EXITED:
    default:
      g_assert_true (g_utf8_validate (malt_exit_report_get_stderr_tail (frame->report), -1, NULL));
      malt_watch_append_exited (bytes, frame->report);
      break;
    }
}

/* What was understood can be said, and is understood as the same. */
static void
check_again (MaltWatchDirection    direction,
             const MaltWatchFrame *frame)
{
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (direction);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (MaltWatchFrame) again = { 0 };
  g_autoptr (GError) error = NULL;

  append_frame (bytes, frame);
  if (bytes->len == 0)
    return;

  malt_watch_reader_feed (reader, bytes->data, bytes->len);
  g_assert_true (malt_watch_reader_next (reader, &again, &error));
  g_assert_cmpint (again.type, ==, frame->type);
  g_assert_cmpuint (again.number, ==, frame->number);
  g_assert_cmpuint (again.term_timeout_ms, ==, frame->term_timeout_ms);
  g_assert_cmpint (again.signum, ==, frame->signum);
  if (frame->output != NULL)
    g_assert_true (g_bytes_equal (again.output, frame->output));
  if (frame->report != NULL)
    g_assert_cmpint (malt_exit_report_get_signal (again.report), ==,
                     malt_exit_report_get_signal (frame->report));
}

static void
read_frames (MaltWatchDirection  direction,
             const guint8       *data,
             gsize               size,
             gsize               step)
{
  g_autoptr (MaltWatchReader) reader = malt_watch_reader_new (direction);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < size && error == NULL; i += step)
    {
      malt_watch_reader_feed (reader, data + i, MIN (step, size - i));
      for (;;)
        {
          g_auto (MaltWatchFrame) frame = { 0 };

          if (!malt_watch_reader_next (reader, &frame, &error))
            break;
          check_again (direction, &frame);
        }
    }

  if (error != NULL)
    g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

static void
read_opening (const guint8 *data)
{
  guint8 bytes[MALT_HOST_OPENING_BYTES];
  MaltHostOpening opening;
  g_autoptr (GError) error = NULL;

  if (!malt_host_opening_decode (&opening, data, &error))
    {
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
      return;
    }

  malt_host_opening_encode (&opening, bytes);
  g_assert_cmpmem (bytes, sizeof bytes, data, sizeof bytes);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  if (size == 0)
    return 0;

  if (size > MALT_HOST_OPENING_BYTES)
    read_opening (data + 1);
  read_frames (data[0] % 2 == 0 ? MALT_WATCH_FROM_MANAGER : MALT_WATCH_FROM_HOST, data + 1,
               size - 1, 1 + data[0] / 2);

  return 0;
}

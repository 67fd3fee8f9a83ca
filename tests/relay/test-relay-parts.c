/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-lines-private.h"
#include "malt/relay/malt-relay-output.h"
#include "malt/relay/malt-relay-stream-private.h"

#include <string.h>

static void
add_line (const char *line,
          gsize       length,
          gpointer    user_data)
{
  g_ptr_array_add (user_data, g_strndup (line, length));
}

static void
test_lines (void)
{
  const struct
  {
    const char *name;
    const char *pieces[4];
    const char *lines; /* joined by "|", and one after the last */
  } cases[] = {
    { "nothing", { NULL }, "" },
    { "one line", { "abc\n" }, "abc|" },
    { "two in one piece", { "a\nbc\n" }, "a|bc|" },
    { "one in three pieces", { "a", "b", "c\n" }, "abc|" },
    { "empty lines", { "\n\n" }, "||" },
    { "newline alone", { "abc", "\n" }, "abc|" },
    { "last without newline", { "a\nb", "c" }, "a|bc|" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree MaltRelayLines *lines = g_new0 (MaltRelayLines, 1);
      g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GString) joined = g_string_new (NULL);

      g_test_message ("%s", cases[i].name);
      for (gsize j = 0; j < 4 && cases[i].pieces[j] != NULL; j++)
        malt_relay_lines_feed (lines, cases[i].pieces[j], strlen (cases[i].pieces[j]), add_line,
                                 found);
      malt_relay_lines_flush (lines, add_line, found);
      for (guint j = 0; j < found->len; j++)
        g_string_append_printf (joined, "%s|", (char *) g_ptr_array_index (found, j));
      g_assert_cmpstr (joined->str, ==, cases[i].lines);
    }
}

/* Cut to pieces of at most the limit, whatever the pieces that come in, and no empty line after
 * a cut. */
static void
test_lines_long (void)
{
  const gsize lengths[] = { MALT_RELAY_LINE_MAX_BYTES - 1, MALT_RELAY_LINE_MAX_BYTES,
                            MALT_RELAY_LINE_MAX_BYTES + 1, 3 * MALT_RELAY_LINE_MAX_BYTES };
  const gsize steps[] = { 1, 1000, 8191, 8192, 65536 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (steps); j++)
      {
        g_autofree MaltRelayLines *lines = g_new0 (MaltRelayLines, 1);
        g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
        g_autofree char *text = g_strnfill (lengths[i], 'x');
        g_autofree char *bytes = g_strconcat (text, "\nnext\n", NULL);
        gsize total = strlen (bytes), length = 0;

        for (gsize offset = 0; offset < total; offset += steps[j])
          malt_relay_lines_feed (lines, bytes + offset, MIN (steps[j], total - offset), add_line,
                                   found);
        for (guint k = 0; k + 1 < found->len; k++)
          {
            gsize piece = strlen (g_ptr_array_index (found, k));

            g_assert_cmpuint (piece, >, 0);
            g_assert_cmpuint (piece, <=, MALT_RELAY_LINE_MAX_BYTES);
            length += piece;
          }
        g_assert_cmpuint (length, ==, lengths[i]);
        g_assert_cmpstr (g_ptr_array_index (found, found->len - 1), ==, "next");
      }
}

static void
test_tail (void)
{
  g_autofree MaltRelayTail *tail = g_new0 (MaltRelayTail, 1);
  g_autofree char *empty = malt_relay_tail_dup (tail);
  g_autofree char *small = NULL;
  g_autofree char *big = NULL;

  g_assert_cmpstr (empty, ==, "");
  malt_relay_tail_feed (tail, "a\0b\n", 4);
  small = malt_relay_tail_dup (tail);
  g_assert_cmpstr (small, ==, "a b\n");
  for (int i = 0; i < 10000; i++)
    {
      g_autofree char *line = g_strdup_printf ("line %d\n", i);

      malt_relay_tail_feed (tail, line, strlen (line));
    }
  big = malt_relay_tail_dup (tail);
  g_assert_cmpuint (strlen (big), <=, MALT_RELAY_TAIL_BYTES);
  g_assert_cmpuint (strlen (big), >, MALT_RELAY_TAIL_BYTES - 20);
  g_assert_true (g_str_has_prefix (big, "line 9"));
  g_assert_true (g_str_has_suffix (big, "\nline 9999\n"));
}

static void
test_tail_one_piece (void)
{
  g_autofree MaltRelayTail *tail = g_new0 (MaltRelayTail, 1);
  g_autofree char *text = g_strnfill (3 * MALT_RELAY_TAIL_BYTES + 7, 'x');
  g_autofree char *kept = NULL;

  malt_relay_tail_feed (tail, text, strlen (text));
  malt_relay_tail_feed (tail, "end", 3);
  kept = malt_relay_tail_dup (tail);
  g_assert_cmpuint (strlen (kept), ==, MALT_RELAY_TAIL_BYTES);
  g_assert_true (g_str_has_suffix (kept, "xxend"));
}

static gssize
read_now (MaltRelayStream  *stream,
          char             *buffer,
          gsize             count,
          GError          **error)
{
  return g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), buffer, count,
                                                   NULL, error);
}

static void
test_stream_nonblocking (void)
{
  g_autoptr (MaltRelayStream) stream = malt_relay_stream_new ();
  g_autoptr (GError) error = NULL;
  char buffer[16];

  g_assert_cmpint (read_now (stream, buffer, 16, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  malt_relay_stream_push (stream, "hello", 5);
  g_assert_cmpint (read_now (stream, buffer, 2, NULL), ==, 2);
  g_assert_cmpint (read_now (stream, buffer, 16, NULL), ==, 3);
  malt_relay_stream_end (stream);
  g_assert_cmpint (read_now (stream, buffer, 16, NULL), ==, 0);
}

static void
test_stream_keeps_the_newest (void)
{
  g_autoptr (MaltRelayStream) stream = malt_relay_stream_new ();
  g_autofree char *block = g_strnfill (65536, 'a');
  g_autofree char *buffer = g_malloc (4 << 20);
  gsize pushed = 0, lost = 0, n_read = 0;

  for (int i = 0; i < 40; i++, pushed += 65536)
    lost += malt_relay_stream_push (stream, block, 65536);
  lost += malt_relay_stream_push (stream, "end", 3);
  malt_relay_stream_end (stream);
  g_assert_true (g_input_stream_read_all (G_INPUT_STREAM (stream), buffer, 4 << 20, &n_read, NULL,
                                          NULL));
  g_assert_cmpuint (lost, >, 0);
  g_assert_cmpuint (n_read + lost, ==, pushed + 3);
  g_assert_cmpmem (buffer + n_read - 3, 3, "end", 3);
}

/* Two readers that have not been seen for longer than they are given: one has been vouched for. */
static void
test_stream_held (void)
{
  g_autofree char *block = g_strnfill (65536, 'a');

  for (int is_held = 0; is_held <= 1; is_held++)
    {
      g_autoptr (MaltRelayStream) stream = malt_relay_stream_new ();
      gsize lost = 0;

      if (is_held)
        malt_relay_stream_hold (stream);
      for (int i = 0; i < 40 && !malt_relay_stream_wants_pause (stream); i++)
        lost += malt_relay_stream_push (stream, block, 65535);
      if (is_held)
        {
          g_assert_true (malt_relay_stream_wants_pause (stream));
          /* What is left in the pipe when the worker ends. */
          lost += malt_relay_stream_push (stream, block, 65536);
          g_assert_cmpuint (lost, ==, 0);
        }
      else
        g_assert_cmpuint (lost, >, 0);
    }
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  GBytes **bytes = user_data;

  *bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
}

static gpointer
push_later (gpointer user_data)
{
  malt_relay_stream_push (user_data, "later", 5);
  return NULL;
}

/* From another thread, while the main context polls. */
static void
test_stream_async (void)
{
  g_autoptr (MaltRelayStream) stream = malt_relay_stream_new ();
  g_autoptr (GBytes) bytes = NULL;

  g_input_stream_read_bytes_async (G_INPUT_STREAM (stream), 16, G_PRIORITY_DEFAULT, NULL, on_read,
                                   &bytes);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (bytes);
  GThread *thread = g_thread_new ("push", push_later, stream);
  while (bytes == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "later", 5);
  g_thread_join (thread);
}

static gpointer
cancel_later (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return NULL;
}

static void
test_stream_cancel (void)
{
  g_autoptr (MaltRelayStream) stream = malt_relay_stream_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  char byte;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  g_assert_cmpint (g_input_stream_read (G_INPUT_STREAM (stream), &byte, 1, cancellable, &error), ==,
                   -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* Lines that come in pieces, and the last one without its newline, which finish() brings on. */
static void
test_output_fed (void)
{
  const MaltRelayMode modes[] = { MALT_RELAY_MODE_STREAM, MALT_RELAY_MODE_LINES };
  g_autoptr (MaltRelayEvents) events = malt_relay_events_new ();
  g_autoptr (MaltRelayOutput) output = malt_relay_output_new_fed (modes, events);
  g_autoptr (GInputStream) stream = malt_relay_output_dup_stream (output, 1);
  g_autoptr (GInputStream) none = malt_relay_output_dup_stream (output, 2);
  g_autofree char *tail = NULL;
  char buffer[16];

  g_assert_null (none);
  g_assert_cmpint (malt_relay_output_get_worker_fd (output, 1), ==, -1);
  malt_relay_output_start (output, 1);
  malt_relay_output_feed (output, 1, "on st", 5);
  malt_relay_output_feed (output, 1, "dout", 4);
  malt_relay_output_feed (output, 2, "on stderr", 9);
  g_assert_false (malt_relay_output_wants_pause (output, 1));
  malt_relay_output_drain (output);
  malt_relay_output_finish (output);
  malt_relay_output_feed (output, 1, "late", 4);

  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL), ==, 9);
  g_assert_cmpmem (buffer, 9, "on stdout", 9);
  g_assert_cmpint (g_input_stream_read (stream, buffer, sizeof buffer, NULL, NULL), ==, 0);
  tail = malt_relay_output_dup_tail (output);
  g_assert_cmpstr (tail, ==, "on stderr");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/malt/relay/lines/cut-at-newlines", test_lines);
  g_test_add_func ("/malt/relay/lines/cut-when-too-long", test_lines_long);
  g_test_add_func ("/malt/relay/tail/keeps-the-last-whole-lines", test_tail);
  g_test_add_func ("/malt/relay/tail/keeps-the-end-of-one-piece", test_tail_one_piece);
  g_test_add_func ("/malt/relay/stream/nonblocking", test_stream_nonblocking);
  g_test_add_func ("/malt/relay/stream/keeps-the-newest", test_stream_keeps_the_newest);
  g_test_add_func ("/malt/relay/stream/held", test_stream_held);
  g_test_add_func ("/malt/relay/stream/async", test_stream_async);
  g_test_add_func ("/malt/relay/stream/cancel", test_stream_cancel);
  g_test_add_func ("/malt/relay/output/fed", test_output_fed);
  return g_test_run ();
}

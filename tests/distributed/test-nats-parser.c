/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-parser.h"

#include <malt/malt.h>
#include <string.h>

/* What was read, a line for each operation, and “!” for an error. */
static char *
parse (const char *text,
       gsize       size,
       gsize       step)
{
  g_autoptr (MaltNatsParser) parser = malt_nats_parser_new ();
  GString *seen = g_string_new (NULL);

  for (gsize i = 0; i < size; i += step)
    {
      g_autoptr (GError) error = NULL;

      malt_nats_parser_feed (parser, (const guint8 *) text + i, MIN (step, size - i));
      for (;;)
        {
          g_auto (MaltNatsOperation) operation = { 0 };
          gsize length;
          const char *data;

          if (!malt_nats_parser_next (parser, &operation, &error))
            break;

          data = operation.payload != NULL ? g_bytes_get_data (operation.payload, &length) : NULL;
          g_string_append_printf (seen, "%d", operation.type);
          if (operation.text != NULL)
            g_string_append_printf (seen, " %s", operation.text);
          if (operation.subject != NULL)
            g_string_append_printf (seen, " %" G_GUINT64_FORMAT " %s %s %u [%.*s]", operation.sid,
                                    operation.subject,
                                    operation.reply != NULL ? operation.reply : "-",
                                    operation.status, (int) length, data);
          g_string_append_c (seen, '\n');
        }
      if (error != NULL)
        {
          g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
          g_string_append_c (seen, '!');
          break;
        }
    }

  return g_string_free (seen, FALSE);
}

static const struct
{
  const char *name;
  const char *text;
  const char *seen;
} cases[] = {
  { "nothing", "", "" },
  { "info", "INFO {\"a\":1}\r\n", "0 {\"a\":1}\n" },
  { "line-feed-alone", "PING\nPONG\n", "2\n3\n" },
  { "lower-case", "ping\r\nmsg a 1 0\r\n\r\n", "2\n1 1 a - 0 []\n" },
  { "ok-says-nothing", "+OK\r\n\r\n+OK\r\nPING\r\n", "2\n" },
  { "error", "-ERR 'Slow Consumer'\r\n", "4 'Slow Consumer'\n" },
  { "error-not-utf-8", "-ERR '\xff'\r\n", "4 '\xef\xbf\xbd'\n" },
  { "message", "MSG a.b 7 3\r\nxyz\r\n", "1 7 a.b - 0 [xyz]\n" },
  { "message-with-reply", "MSG a.b 7 r.1 3\r\nxyz\r\n", "1 7 a.b r.1 0 [xyz]\n" },
  { "spaces", "MSG  a.b \t 7  3 \r\nxyz\r\n", "1 7 a.b - 0 [xyz]\n" },
  { "payload-with-line-ends", "MSG a 1 6\r\nPING\r\n\r\nPING\r\n", "1 1 a - 0 [PING\r\n]\n2\n" },
  { "headers", "HMSG a 1 r 16 19\r\nNATS/1.0\r\nA: B\r\n\r\nxyz\r\n", "!" },
  { "headers-and-payload", "HMSG a 1 r 18 21\r\nNATS/1.0\r\nA: B\r\n\r\nxyz\r\n",
    "1 1 a r 0 [xyz]\n" },
  { "no-responders", "HMSG a 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n", "1 1 a - 503 []\n" },
  { "two-in-one", "MSG a 1 1\r\nx\r\nMSG b 2 1\r\ny\r\n", "1 1 a - 0 [x]\n1 2 b - 0 [y]\n" },
  { "unfinished", "MSG a 1 100\r\nx", "" },
  { "wrong-end", "MSG a 1 1\r\nxyz", "!" },
  { "no-size", "MSG a 1\r\n", "!" },
  { "too-many-words", "MSG a 1 r 1 1\r\n", "!" },
  { "negative-size", "MSG a 1 -1\r\n", "!" },
  { "size-too-large", "MSG a 1 1048577\r\n", "!" },
  { "size-overflows", "MSG a 1 99999999999999999999\r\n", "!" },
  { "sid-is-no-number", "MSG a x 1\r\n", "!" },
  { "headers-larger-than-all", "HMSG a 1 3 2\r\n", "!" },
  { "unknown", "HELLO\r\n", "!" },
  { "prefix", "PINGS\r\n", "!" },
  { "subject-not-utf-8", "MSG \xff 1 1\r\n", "!" },
};

/* However it arrives. */
static void
test_case (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  gsize size = strlen (cases[i].text);

  for (gsize step = 1; step <= MAX (size, 1); step++)
    {
      g_autofree char *seen = parse (cases[i].text, size, step);

      g_assert_cmpstr (seen, ==, cases[i].seen);
    }
}

static void
test_endless_line (void)
{
  g_autofree char *line = g_strnfill (40000, 'x');

  for (gsize step = 100; step <= 40000; step *= 20)
    {
      g_autofree char *seen = parse (line, 40000, step);

      g_assert_cmpstr (seen, ==, "!");
    }
}

static void
test_large_message (void)
{
  const gsize size = 1024 * 1024;
  g_autoptr (GString) text = g_string_new ("MSG a 1 1048576\r\n");
  g_autofree char *seen = NULL;

  for (gsize i = 0; i < size; i++)
    g_string_append_c (text, 'x');
  g_string_append (text, "\r\nPING\r\n");
  seen = parse (text->str, text->len, 16384);
  g_assert_true (g_str_has_prefix (seen, "1 1 a - 0 [x"));
  g_assert_true (g_str_has_suffix (seen, "x]\n2\n"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/nats/parser/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/malt/nats/parser/endless-line", test_endless_line);
  g_test_add_func ("/malt/nats/parser/large-message", test_large_message);

  return g_test_run ();
}

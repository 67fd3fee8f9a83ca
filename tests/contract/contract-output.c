/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include "tests/malt-test-slowness.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What a manager may keep for output that nobody reads. */
#define UNREAD_BYTES (64 * 1024 * 1024)

/* What "output" told, by descriptor. */
typedef struct
{
  GPtrArray *lines[3]; /* of GBytes, owned */
  gsize      n_bytes;
} OutputSeen;

static void
on_output (MaltAbstractWorker *worker, guint fd, GBytes *line, gpointer user_data)
{
  OutputSeen *seen = user_data;

  g_assert_cmpuint (fd, >=, STDOUT_FILENO);
  g_assert_cmpuint (fd, <=, STDERR_FILENO);
  g_ptr_array_add (seen->lines[fd], g_bytes_ref (line));
  seen->n_bytes += g_bytes_get_size (line);
}

static OutputSeen *
output_seen_new (MaltAbstractWorker *worker)
{
  OutputSeen *seen = g_new0 (OutputSeen, 1);

  for (guint i = 0; i < G_N_ELEMENTS (seen->lines); i++)
    seen->lines[i] = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_signal_connect (worker, "output", G_CALLBACK (on_output), seen);
  return seen;
}

static void
output_seen_free (OutputSeen *seen)
{
  for (guint i = 0; i < G_N_ELEMENTS (seen->lines); i++)
    g_ptr_array_unref (seen->lines[i]);
  g_free (seen);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OutputSeen, output_seen_free)

static MaltAbstractWorker *
start_with_lines (Contract *contract)
{
  return contract_start (contract,
                         g_variant_new_parsed ("{'stdout': <'lines'>, 'stderr': <'lines'>}"));
}

static void
assert_line (OutputSeen *seen, guint fd, guint index, const char *expected, gssize length)
{
  g_autoptr (GBytes) bytes = g_bytes_new (expected, length < 0 ? (gssize) strlen (expected)
                                                               : length);

  g_assert_cmpuint (index, <, seen->lines[fd]->len);
  g_assert_true (g_bytes_equal (seen->lines[fd]->pdata[index], bytes));
}

static void
run (Contract *contract, MaltAbstractWorker *worker, const char *expression)
{
  MaltCall *call = malt_call_new_eval (NULL, expression, NULL);
  ContractReply *reply;

  malt_call_set_discard_result (call, TRUE);
  reply = contract_send (contract, worker, call, NULL);
  contract_wait (contract, reply);
  g_assert_no_error (reply->error);
}

static void
lines (Contract *contract)
{
  MaltAbstractWorker *worker = start_with_lines (contract);
  g_autoptr (OutputSeen) seen = output_seen_new (worker);

  run (contract, worker, "print 'one' print 'two' io.stderr:write 'three\\n' print ''");
  g_assert_cmpuint (seen->lines[STDOUT_FILENO]->len, ==, 3);
  g_assert_cmpuint (seen->lines[STDERR_FILENO]->len, ==, 1);
  assert_line (seen, STDOUT_FILENO, 0, "one", -1);
  assert_line (seen, STDOUT_FILENO, 1, "two", -1);
  assert_line (seen, STDOUT_FILENO, 2, "", -1);
  assert_line (seen, STDERR_FILENO, 0, "three", -1);
  contract_stop (worker);
  g_signal_handlers_disconnect_by_data (worker, seen);
}

typedef struct
{
  Contract *contract;
  guint     n_lines;
} Nested;

/* The first line is shown in a dialog, say, and what goes on below it ends a call. */
static void
on_line_nested (MaltAbstractWorker *worker, guint fd, GBytes *line, gpointer user_data)
{
  Nested *nested = user_data;
  g_autofree char *expected = g_strdup_printf ("%u", nested->n_lines + 1);
  gsize length;
  const char *text = g_bytes_get_data (line, &length);

  g_assert_true (strncmp (text, expected, length) == 0 && strlen (expected) == length);
  if (++nested->n_lines == 1)
    run (nested->contract, worker, "print '201'");
}

static void
nested (Contract *contract)
{
  MaltAbstractWorker *worker = start_with_lines (contract);
  Nested nested = { contract, 0 };

  g_signal_connect (worker, "output", G_CALLBACK (on_line_nested), &nested);
  run (contract, worker, "for i = 1, 200 do print (i) end");
  g_assert_cmpuint (nested.n_lines, ==, 201);
  g_signal_handlers_disconnect_by_data (worker, &nested);
  contract_stop (worker);
}

static gboolean
has_two_lines (gpointer seen)
{
  return ((OutputSeen *) seen)->lines[STDOUT_FILENO]->len == 2;
}

static void
bytes (Contract *contract)
{
  MaltAbstractWorker *worker = start_with_lines (contract);
  g_autoptr (OutputSeen) seen = output_seen_new (worker);

  run (contract, worker, "io.write ('\\xff\\0\\xfe\\r\\n', 'no newline')");
  g_assert_cmpuint (seen->lines[STDOUT_FILENO]->len, ==, 1);
  assert_line (seen, STDOUT_FILENO, 0, "\xff\0\xfe\r", 4);
  contract_stop (worker);
  g_assert_true (contract_wait_until (contract, has_two_lines, seen, 10000));
  assert_line (seen, STDOUT_FILENO, 1, "no newline", -1);
  g_signal_handlers_disconnect_by_data (worker, seen);
}

/* Less than the 4 MiB that are kept for a main context that has no time at the moment. */
#define LONG_LINE_PIECES 30
#define LONG_LINE_BYTES (LONG_LINE_PIECES * 100000)

static gboolean
has_all_bytes (gpointer seen)
{
  return ((OutputSeen *) seen)->n_bytes == LONG_LINE_BYTES;
}

static void
long_line (Contract *contract)
{
  MaltAbstractWorker *worker = start_with_lines (contract);
  g_autoptr (OutputSeen) seen = output_seen_new (worker);

  run (contract, worker, "for i = 1, " G_STRINGIFY (LONG_LINE_PIECES)
                         " do io.write (('x'):rep (100000)) end print ()");
  contract_stop (worker);
  g_assert_true (contract_wait_until (contract, has_all_bytes, seen, 10000));
  for (guint i = 0; i < seen->lines[STDOUT_FILENO]->len; i++)
    g_assert_null (memchr (g_bytes_get_data (seen->lines[STDOUT_FILENO]->pdata[i], NULL), '\n',
                           g_bytes_get_size (seen->lines[STDOUT_FILENO]->pdata[i])));
  g_signal_handlers_disconnect_by_data (worker, seen);
}

/* Whatever a call printed has been told when its result is. */
static void
order (Contract *contract)
{
  MaltAbstractWorker *worker = start_with_lines (contract);
  g_autoptr (OutputSeen) seen = output_seen_new (worker);
  g_autoptr (GVariant) defined = contract_eval (
    worker, "line = ('x'):rep (129) function write () for i = 1, 100 do print (line) end end",
    NULL);
  guint n = contract_times (5000);

  for (guint i = 1; i <= n; i++)
    {
      ContractReply *reply = contract_send_call (contract, worker, "write", NULL, NULL);

      contract_wait (contract, reply);
      g_assert_no_error (reply->error);
      g_assert_cmpuint (seen->lines[STDOUT_FILENO]->len, ==, 100);
      g_ptr_array_set_size (seen->lines[STDOUT_FILENO], 0);
      g_ptr_array_set_size (contract->replies, 0);
    }
  g_assert_cmpuint (seen->n_bytes, ==, n * 129 * 100);
  g_signal_handlers_disconnect_by_data (worker, seen);
}

static void
null (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'null'>, 'stderr': <'lines'>}"));
  g_autoptr (OutputSeen) seen = output_seen_new (worker);

  run (contract, worker, "print 'unseen' io.stderr:write 'seen\\n'");
  g_assert_cmpuint (seen->lines[STDOUT_FILENO]->len, ==, 0);
  g_assert_cmpuint (seen->lines[STDERR_FILENO]->len, ==, 1);
  g_signal_handlers_disconnect_by_data (worker, seen);
}

static void
stream (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'stream'>}"));
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GError) error = NULL;
  char text[32] = "";
  gsize n_read;

  g_object_get (worker, "stdout-stream", &input, NULL);
  g_assert_true (G_IS_INPUT_STREAM (input));
  run (contract, worker, "print 'raw' io.write 'bytes'");
  g_input_stream_read_all (input, text, strlen ("raw\nbytes"), &n_read, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "raw\nbytes");
  contract_stop (worker);
  g_assert_cmpint (g_input_stream_read (input, text, sizeof text, NULL, &error), ==, 0);
  g_assert_no_error (error);
}

static void
unread_stream (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (
    contract, g_variant_new_parsed ("{'stdout': <'stream'>}"));
  g_autoptr (GInputStream) input = NULL;
  g_autofree char *buffer = g_malloc (1024 * 1024);
  g_autoptr (GError) error = NULL;
  gsize n_read;

  g_object_get (worker, "stdout-stream", &input, NULL);
  run (contract, worker, "for i = 1, 20 do io.write (('x'):rep (1000000)) end");
  run (contract, worker, "print 'last'");
  contract_stop (worker);
  g_input_stream_read_all (input, buffer, 1024 * 1024, &n_read, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_read, >, 0);
}

/* The most memory that this process has had since the last time; if that cannot be known, what it
 * has now. */
static gsize
take_peak_bytes (void)
{
  g_autofree char *text = NULL;
  const char *peak;
  gsize n_bytes = contract_resident_bytes ();
  int fd;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  peak = strstr (text, "VmHWM:");
  fd = open ("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (fd >= 0)
    {
      if (peak != NULL && write (fd, "5", 1) == 1)
        n_bytes = g_ascii_strtoull (peak + strlen ("VmHWM:"), NULL, 10) * 1024;
      close (fd);
    }
  return n_bytes;
}

/* As fast as it can, while the manager waits for the call, and while it does nothing at all. */
static void
gigabytes (Contract *contract)
{
  const char *modes[] = { "lines", "stream", "null" };
  const char flood[] = "local line = ('x'):rep (999) .. '\\n' local text = line:rep (1000) "
                       "for i = 1, ... do io.write (text) end";

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      MaltAbstractWorker *worker = contract_start (
        contract, g_variant_new_parsed ("{'stdout': <%s>}", modes[i]));
      g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new ("(u)", contract_times (1000)));
      g_autoptr (OutputSeen) seen = output_seen_new (worker);
      g_autoptr (GVariant) waited_for = NULL;
      g_autoptr (GError) error = NULL;
      gsize before = contract_resident_bytes ();
      gsize peak;

      take_peak_bytes ();
      waited_for = contract_eval (worker, flood, args);
      malt_abstract_worker_remote_do (worker, "malt.eval",
                                      g_variant_new ("(ssv)", "", flood, args), NULL, &error);
      g_assert_no_error (error);
      g_usleep (300 * G_TIME_SPAN_MILLISECOND);
      contract_assert_alive (worker);
      peak = take_peak_bytes ();
      g_test_message ("%s: %.1f MB more at most", modes[i], (peak - (double) before) / 1e6);
      /* A sanitizer and valgrind keep what has been freed. */
      if (malt_test_get_slowness () == 1)
        g_assert_cmpuint (peak, <, before + UNREAD_BYTES);
      contract_stop (worker);
      contract_iterate_for (contract, 0);
      g_signal_handlers_disconnect_by_data (worker, seen);
    }
}

/* Nobody reads, and it does not end: the worker still answers to its manager, which does not
 * grow. */
static void
without_end (Contract *contract)
{
  const char *modes[] = { "lines", "stream", "null" };
  const char *expressions[] = {
    "while true do io.write (('x'):rep (1000), '\\n') end",
    "while true do io.write (('x'):rep (1000)) end",
  };

  for (guint i = 0; i < G_N_ELEMENTS (modes) * G_N_ELEMENTS (expressions); i++)
    {
      MaltAbstractWorker *other = contract_start (contract, NULL);
      MaltAbstractWorker *worker = contract_start (
        contract, g_variant_new_parsed ("{'stdout': <%s>}", modes[i / 2]));
      gsize before = contract_resident_bytes ();
      gint64 end_us = g_get_monotonic_time () + 300 * G_TIME_SPAN_MILLISECOND;
      ContractReply *reply = contract_send_eval (contract, worker, expressions[i % 2], NULL);
      g_autoptr (GError) error = NULL;

      while (g_get_monotonic_time () < end_us)
        contract_assert_alive (other);
      g_assert_cmpuint (contract_resident_bytes (), <, before + UNREAD_BYTES);
      malt_abstract_worker_interrupt (worker, &error);
      g_assert_no_error (error);
      contract_wait (contract, reply);
      g_assert_error (reply->error, MALT_ERROR, MALT_ERROR_INTERRUPTED);
      contract_assert_alive (worker);
      contract_stop (worker);
    }
}

const ContractCase contract_output_cases[] = {
  { "/output/lines", lines, .summary = "Each line is told, by its stream",
    .option = "stdout" },
  { "/output/bytes", bytes,
    .summary = "Lines are bytes, and the last needs no newline",
    .option = "stdout" },
  { "/output/long-line", long_line, .summary = "A line without end passes in pieces",
    .option = "stdout" },
  { "/output/order", order, .summary = "Output comes before the result",
    .option = "stdout" },
  { "/output/nested", nested, .summary = "A handler that runs a main loop changes no order",
    .option = "stdout" },
  { "/output/null", null, .summary = "What nobody wants is not told",
    .option = "stdout" },
  { "/output/stream", stream, .summary = "The application reads the bytes itself",
    .option = "stdout" },
  { "/output/unread-stream", unread_stream,
    .summary = "A worker never waits for a reader", .option = "stdout" },
  { "/output/gigabytes", gigabytes,
    .summary = "Gigabytes that nobody takes cost a few megabytes",
    .option = "stdout" },
  { "/output/without-end", without_end,
    .summary = "Output without end or without newline costs nobody else anything",
    .needs = MALT_WORKER_CAPABILITY_INTERRUPT, .option = "stdout" },
  { NULL }
};

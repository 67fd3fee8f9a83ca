/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Calls that a printing worker gets. */
#define N_CALLS 30

/* What one call of mode "print" prints on stdout, see work_print(). */
#define N_LINES_A_CALL 101

static void
on_output (MaltAbstractWorker *worker,
           guint               fd,
           GBytes             *line,
           gpointer            user_data)
{
  GPtrArray *lines = user_data;
  const char *text = g_bytes_get_data (line, NULL);

  g_ptr_array_add (lines, g_strdup_printf ("%u:%.*s", fd, (int) g_bytes_get_size (line), text));
}

static GPtrArray *
collect_lines (MaltAbstractWorker *worker)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);

  g_signal_connect (worker, "output", G_CALLBACK (on_output), lines);
  return lines;
}

typedef struct
{
  GPtrArray *lines;
  guint      n_answers;
} Order;

static void
on_answer (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  Order *order = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  guint n_seen = 0;

  value = malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, &error);
  g_assert_no_error (error);
  order->n_answers++;
  for (guint i = 0; i < order->lines->len; i++)
    n_seen += g_str_has_prefix (g_ptr_array_index (order->lines, i), "1:");
  g_assert_cmpuint (n_seen, >=, order->n_answers * N_LINES_A_CALL);
}

/* All that a call printed is emitted before its result, without a newer line lost or two mixed
 * up. */
static void
test_lines_before_results (void)
{
  MaltAbstractWorker *worker = fixture_start ("print", NULL,
                                              "{'stdout': <'lines'>, 'stderr': <'lines'>}");
  g_autoptr (GPtrArray) lines = collect_lines (worker);
  Order order = { lines, 0 };

  for (guint i = 0; i < N_CALLS; i++)
    malt_abstract_worker_remote_call_async (worker, "work", NULL, NULL, NULL, on_answer, &order);
  while (order.n_answers < N_CALLS)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (lines->len, ==, N_CALLS * (N_LINES_A_CALL + 1));
  fixture_stop (worker);
}

static void
iterate_until_n_lines (GPtrArray *lines,
                       guint      n_lines)
{
  while (lines->len < n_lines)
    g_main_context_iteration (NULL, TRUE);
}

/* A blocking call emits nothing itself: its caller's context does, later. */
static void
test_lines_of_blocking_calls (void)
{
  MaltAbstractWorker *worker = fixture_start ("print-text", "one\ntwo\n", "{'stdout': <'lines'>}");
  g_autoptr (GPtrArray) lines = collect_lines (worker);

  fixture_assert_call (worker);
  g_assert_cmpuint (lines->len, ==, 0);
  iterate_until_n_lines (lines, 2);
  g_assert_cmpstr (g_ptr_array_index (lines, 0), ==, "1:one");
  g_assert_cmpstr (g_ptr_array_index (lines, 1), ==, "1:two");
  fixture_stop (worker);
}

static void
test_last_line_without_newline (void)
{
  MaltAbstractWorker *worker = fixture_start ("print-text", "unfinished", "{'stdout': <'lines'>}");
  g_autoptr (GPtrArray) lines = collect_lines (worker);

  fixture_assert_call (worker);
  g_object_ref (worker);
  fixture_stop (worker);
  iterate_until_n_lines (lines, 1);
  g_assert_cmpstr (g_ptr_array_index (lines, 0), ==, "1:unfinished");
  g_object_unref (worker);
}

/* Prints without end, into a mode that keeps something for somebody; calls do not notice. */
static void
test_flood (gconstpointer data)
{
  const char *const *words = data;
  g_autofree char *options = g_strdup_printf ("{'stdout': <'%s'>}", words[1]);
  MaltAbstractWorker *worker, *neighbour;
  g_autoptr (GPtrArray) lines = NULL;
  guint64 dropped;

  worker = fixture_start ("flood", words[0], options);
  neighbour = fixture_start ("serve", NULL, NULL);
  if (strcmp (words[1], "lines") == 0)
    lines = collect_lines (worker);
  for (int i = 0; i < 1000; i++)
    {
      fixture_assert_call (worker);
      fixture_assert_call (neighbour);
    }
  do
    {
      g_usleep (1000);
      g_object_get (worker, "dropped-output", &dropped, NULL);
    }
  while (dropped == 0);
  if (lines != NULL)
    iterate_until_n_lines (lines, 1000);
  fixture_stop (worker);
  fixture_stop (neighbour);
}

static void
test_stream (void)
{
  MaltAbstractWorker *worker = fixture_start ("print-text", "raw\nbytes", "{'stdout': <'stream'>}");
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GInputStream) none = NULL;
  char buffer[64];
  gsize n_read;

  g_object_get (worker, "stdout-stream", &stream, "stderr-stream", &none, NULL);
  g_assert_null (none);
  fixture_assert_call (worker);
  g_assert_true (g_input_stream_read_all (stream, buffer, 9, &n_read, NULL, NULL));
  g_assert_cmpmem (buffer, n_read, "raw\nbytes", 9);
  fixture_assert_call (worker);
  fixture_stop (worker);
  g_assert_true (g_input_stream_read_all (stream, buffer, sizeof buffer, &n_read, NULL, NULL));
  g_assert_cmpmem (buffer, n_read, "raw\nbytes", 9);
}

static void
run_in_subprocess (GTestFunc func)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, FIXTURE_WATCHDOG_SECONDS * G_USEC_PER_SEC, 0);
      g_test_trap_assert_passed ();
      return;
    }
  setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
  func ();
}

/* The manager prints its own line right after each call. */
static void
print_between_calls (void)
{
  MaltAbstractWorker *worker = fixture_start ("print", NULL, NULL);

  for (int i = 1; i <= 20; i++)
    {
      fixture_assert_call (worker);
      printf ("answer %d\n", i);
    }
  fixture_stop (worker);
}

static void
test_relay (void)
{
  run_in_subprocess (print_between_calls);
  if (g_test_subprocess ())
    return;
  g_test_trap_assert_stdout ("*[Worker *]: call 1 line 0 0*\n[Worker *]: call 1 line 99 0*\n"
                             "[Worker *]: call 1 ends\nanswer 1\n[Worker *]: call 2 line 0*");
  for (int i = 1; i <= 20; i++)
    {
      g_autofree char *order = g_strdup_printf ("*: call %d ends\nanswer %d\n*", i, i);

      g_test_trap_assert_stdout (order);
    }
  g_test_trap_assert_stdout_unmatched ("*complains*");
  g_test_trap_assert_stderr ("*[Worker *]: call 20 complains\n*");
  g_test_trap_assert_stderr_unmatched ("* line *");
  g_test_trap_assert_stdout_unmatched ("*\033*");
}

static void
call_silently (void)
{
  MaltAbstractWorker *worker = fixture_start ("print", NULL, "{'stdout': <'null'>}");
  MaltAbstractWorker *lines = fixture_start ("print", NULL, "{'stdout': <'lines'>}");

  fixture_assert_call (worker);
  fixture_assert_call (lines);
  fixture_stop (worker);
  fixture_stop (lines);
}

/* Without the one stream the other is still shown. */
static void
test_null (void)
{
  run_in_subprocess (call_silently);
  if (g_test_subprocess ())
    return;
  g_test_trap_assert_stdout_unmatched ("*call 1*");
  g_test_trap_assert_stderr ("*[Worker *]: call 1 complains\n*");
}

static void
call_inheriting (void)
{
  MaltAbstractWorker *worker = fixture_start ("print-text", "plain text\n",
                                              "{'stdout': <'inherit'>}");

  fixture_assert_call (worker);
  fixture_stop (worker);
}

static void
test_inherit (void)
{
  run_in_subprocess (call_inheriting);
  if (g_test_subprocess ())
    return;
  g_test_trap_assert_stdout ("*plain text\n*");
  g_test_trap_assert_stdout_unmatched ("*[Worker*");
}

static void
print_to_a_terminal (void)
{
  int master, terminal, saved = dup (STDOUT_FILENO);
  MaltAbstractWorker *worker;
  char text[256] = { 0 };

  g_unsetenv ("NO_COLOR");
  g_assert_cmpint (openpty (&master, &terminal, NULL, NULL, NULL), ==, 0);
  dup2 (terminal, STDOUT_FILENO);
  worker = fixture_start ("print-text", "\033[2Jgr\303\274n\n", NULL);
  fixture_assert_call (worker);
  fixture_stop (worker);
  g_assert_cmpint (read (master, text, sizeof text - 1), >, 0);
  dup2 (saved, STDOUT_FILENO);
  g_assert_true (g_str_has_prefix (text, "\033[34m[Worker "));
  g_assert_true (g_str_has_suffix (text, "]: \033[39m\\x1B[2Jgr\303\274n\r\n"));
}

/* A coloured prefix, and no control sequences but our own. */
static void
test_terminal (void)
{
  run_in_subprocess (print_to_a_terminal);
}

static void
complain_to_a_terminal (void)
{
  int master, terminal, saved = dup (STDERR_FILENO);
  MaltAbstractWorker *worker;
  char text[256] = { 0 };

  g_setenv ("NO_COLOR", "", TRUE);
  g_assert_cmpint (openpty (&master, &terminal, NULL, NULL, NULL), ==, 0);
  dup2 (terminal, STDERR_FILENO);
  worker = fixture_start ("print", NULL, "{'stdout': <'null'>}");
  fixture_assert_call (worker);
  fixture_stop (worker);
  g_assert_cmpint (read (master, text, sizeof text - 1), >, 0);
  dup2 (saved, STDERR_FILENO);
  g_assert_true (g_str_has_prefix (text, "\033[33m[Worker "));
  g_assert_true (g_str_has_suffix (text, "]: \033[39mcall 1 complains\r\n"));
}

/* In another colour. An empty $NO_COLOR is none. */
static void
test_terminal_of_errors (void)
{
  run_in_subprocess (complain_to_a_terminal);
}

/* Nobody reads the manager's stdout: that stops the one who prints, and nobody else. */
static void
flood_a_full_pipe (void)
{
  int fds[2], saved = dup (STDOUT_FILENO);
  MaltAbstractWorker *worker, *neighbour;

  g_assert_cmpint (pipe (fds), ==, 0);
  dup2 (fds[1], STDOUT_FILENO);
  worker = fixture_start ("flood", "lines", NULL);
  neighbour = fixture_start ("serve", NULL, NULL);
  for (int i = 0; i < 1000; i++)
    {
      fixture_assert_call (worker);
      fixture_assert_call (neighbour);
    }
  fixture_stop (neighbour);
  fixture_stop (worker);
  close (fds[0]);
  dup2 (saved, STDOUT_FILENO);
}

static gpointer
read_slowly (gpointer user_data)
{
  GString *text = g_string_new (NULL);
  int fd = GPOINTER_TO_INT (user_data);
  char buffer[1000];
  gssize n_read;

  while ((n_read = read (fd, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (text, buffer, n_read);
      g_thread_yield ();
    }
  return text;
}

/* A slow reader holds up results, rather than let them overtake the output. */
static void
print_to_a_slow_reader (void)
{
  int fds[2], saved = dup (STDOUT_FILENO);
  g_autoptr (GString) text = NULL;
  const char *rest;

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (fcntl (fds[1], F_SETPIPE_SZ, 4096), ==, 4096);
  dup2 (fds[1], STDOUT_FILENO);
  close (fds[1]);
  GThread *thread = g_thread_new ("read", read_slowly, GINT_TO_POINTER (fds[0]));
  print_between_calls ();
  dup2 (saved, STDOUT_FILENO);
  text = g_thread_join (thread);
  rest = text->str;
  for (int i = 1; i <= 20; i++)
    {
      g_autofree char *end = g_strdup_printf (": call %d ends\nanswer %d\n", i, i);

      rest = strstr (rest, end);
      g_assert_nonnull (rest);
    }
}

static void
test_slow_stdout (void)
{
  run_in_subprocess (print_to_a_slow_reader);
}

static void
test_full_stdout (void)
{
  run_in_subprocess (flood_a_full_pipe);
}

/* `program | head -1`: not the library's to die of. */
static void
print_into_a_broken_pipe (void)
{
  int fds[2], saved = dup (STDOUT_FILENO);
  MaltAbstractWorker *worker;

  signal (SIGPIPE, SIG_DFL);
  g_assert_cmpint (pipe (fds), ==, 0);
  close (fds[0]);
  dup2 (fds[1], STDOUT_FILENO);
  worker = fixture_start ("print", NULL, NULL);
  for (int i = 0; i < 20; i++)
    fixture_assert_call (worker);
  fixture_stop (worker);
  dup2 (saved, STDOUT_FILENO);
}

static void
test_broken_stdout (void)
{
  run_in_subprocess (print_into_a_broken_pipe);
}

static GMutex log_lock;
static GCond log_changed;
static guint n_logged; /* protected by @log_lock */

/* Runs in a thread of the backend's own, and in others for what GLib itself has to say. */
static GLogWriterOutput
write_log (GLogLevelFlags   level,
           const GLogField *fields,
           gsize            n_fields,
           gpointer         user_data)
{
  g_autoptr (GString) text = g_string_new ("log:");
  gboolean is_of_worker = FALSE;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_has_prefix (fields[i].key, "MALT_") || strcmp (fields[i].key, "MESSAGE") == 0
        || strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
      {
        g_string_append_printf (text, " %s=%s", fields[i].key, (const char *) fields[i].value);
        is_of_worker |= strcmp (fields[i].key, "MALT_WORKER") == 0;
      }
  if (!is_of_worker)
    return G_LOG_WRITER_HANDLED;
  printf ("%s level=%d\n", text->str, level);

  g_mutex_lock (&log_lock);
  n_logged++;
  g_cond_signal (&log_changed);
  g_mutex_unlock (&log_lock);

  /* This is what would end the program. */
  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* What a worker may claim, and what becomes of it. */
static const struct
{
  guint32     claimed;
  int         level;
  const char *name;
} log_levels[] = {
  { G_LOG_LEVEL_ERROR, G_LOG_LEVEL_CRITICAL, "error" },
  { G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION, G_LOG_LEVEL_CRITICAL, "error" },
  { G_MAXUINT32, G_LOG_LEVEL_CRITICAL, "error" },
  { G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL, G_LOG_LEVEL_CRITICAL, "critical" },
  { G_LOG_LEVEL_WARNING, G_LOG_LEVEL_WARNING, "warning" },
  { G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_MESSAGE, "message" },
  { G_LOG_LEVEL_INFO, G_LOG_LEVEL_INFO, "info" },
  { G_LOG_LEVEL_DEBUG, G_LOG_LEVEL_DEBUG, "debug" },
  { G_LOG_FLAG_FATAL, G_LOG_LEVEL_MESSAGE, "message" },
  { 0, G_LOG_LEVEL_MESSAGE, "message" },
  { 1u << 31, G_LOG_LEVEL_MESSAGE, "message" },
};

static void
log_with_everything_fatal (void)
{
  /* What GIO says when it is used for the first time is no worker's, and would be fatal. */
  fixture_stop (fixture_start ("serve", NULL, NULL));
  g_log_set_always_fatal ((GLogLevelFlags) G_LOG_LEVEL_MASK);
  g_log_set_writer_func (write_log, NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (log_levels); i++)
    {
      g_autofree char *argument = g_strdup_printf ("%u record %u", log_levels[i].claimed, i);
      MaltAbstractWorker *worker = fixture_start ("log", argument, NULL);

      fixture_assert_call (worker);
      fixture_stop (worker);

      g_mutex_lock (&log_lock);
      while (n_logged <= i)
        g_cond_wait (&log_changed, &log_lock);
      g_mutex_unlock (&log_lock);
    }
}

/* No level, and no level that the program has made fatal, lets a worker abort its manager. */
static void
test_log (void)
{
  run_in_subprocess (log_with_everything_fatal);
  if (g_test_subprocess ())
    return;
  for (guint i = 0; i < G_N_ELEMENTS (log_levels); i++)
    {
      g_autofree char *line =
        g_strdup_printf ("*log:*MESSAGE=?Worker *]: record %u GLIB_DOMAIN=Fake "
                         "MALT_WORKER=MaltProcessWorker on port * with PID * "
                         "MALT_WORKER_LEVEL=%s level=%d\n*", i, log_levels[i].name,
                         log_levels[i].level);

      g_test_trap_assert_stdout (line);
    }
}

int
main (int    argc,
      char **argv)
{
  static const char *const floods[][2] = {
    { "lines", "lines" }, { "one-line", "lines" }, { "lines", "stream" }, { "one-line", "stream" },
  };

  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/output/lines-before-results", test_lines_before_results);
  fixture_add ("/malt/process/output/lines-of-blocking-calls", test_lines_of_blocking_calls);
  fixture_add ("/malt/process/output/last-line-without-newline", test_last_line_without_newline);
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_autofree char *path = g_strdup_printf ("/malt/process/output/flood/%s-to-%s", floods[i][0],
                                               floods[i][1]);

      fixture_add_data (path, floods[i], test_flood);
    }
  fixture_add ("/malt/process/output/stream", test_stream);
  fixture_add ("/malt/process/output/relay", test_relay);
  fixture_add ("/malt/process/output/null", test_null);
  fixture_add ("/malt/process/output/inherit", test_inherit);
  fixture_add ("/malt/process/output/terminal", test_terminal);
  fixture_add ("/malt/process/output/terminal-of-errors", test_terminal_of_errors);
  fixture_add ("/malt/process/output/full-stdout", test_full_stdout);
  fixture_add ("/malt/process/output/slow-stdout", test_slow_stdout);
  fixture_add ("/malt/process/output/broken-stdout", test_broken_stdout);
  fixture_add ("/malt/process/output/log", test_log);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/hostile/hostile-watch.h"

#include <pty.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Workers that speak the protocol wrongly in every way. Each test has another worker beside it that
 * must not notice: see hostile-watch.h. */

/* What is refused before there is a worker. */
static const struct
{
  const char *name;
  const char *options;
  int         expected;
} starts[] = {
  { "greets-slowly", "{'start-timeout': <uint32 500>}", MALT_ERROR_START_FAILED },
  { "greets-at-length", NULL, MALT_ERROR_START_FAILED },
  { "greets-with-a-result", NULL, MALT_ERROR_START_FAILED },
  { "greets-not-normally", NULL, MALT_ERROR_START_FAILED },
  { "greets-in-another-version", NULL, MALT_ERROR_START_FAILED },
  { "greets-with-descriptors", "{'transport': <'unix'>}", MALT_ERROR_START_FAILED },
  { "forgets-limits", "{'sandbox': <'limits'>}", MALT_ERROR_SANDBOX_UNAVAILABLE },
  { "forgets-strict", "{'sandbox': <'strict'>}", MALT_ERROR_SANDBOX_UNAVAILABLE },
};

static void
test_start (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (hostile_new_worker (starts[i].name, starts[i].options, &error));
  g_assert_error (error, MALT_ERROR, starts[i].expected);
  hostile_watch_free (watch);
}

/* What ends the connection, and with it the worker. */
static const struct
{
  const char *name;
  const char *options;
} breaks[] = {
  { "length-is-largest", NULL },
  { "lengths-overflow", NULL },
  { "lengths-contradict", NULL },
  { "type-is-unknown", NULL },
  { "flags-are-unknown", NULL },
  { "reserved-bits", NULL },
  { "descriptor-is-missing", NULL },
  { "setup-on-data", NULL },
  { "stop-on-data", NULL },
  { "log-on-data", NULL },
  { "failure-without-a-value", NULL },
  { "control-length-is-largest", NULL },
  { "control-is-too-large", NULL },
  { "result-on-control", NULL },
  { "interrupt-on-control", NULL },
  { "log-without-a-value", NULL },
  { "call", NULL },
  { "greeting", NULL },
  { "garbage", NULL },
  { "descriptor", "{'transport': <'unix'>}" },
  { "descriptors", "{'transport': <'unix'>}" },
};

static void
test_break (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (MaltAbstractWorker) worker = hostile_start (breaks[i].name, breaks[i].options);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) later = NULL;
  MaltExitReport *report;

  g_assert_null (hostile_call (worker, NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  report = malt_error_get_exit_report (error);
  g_assert_nonnull (report);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  g_assert_nonnull (strstr (malt_exit_report_get_detail (report), "broke the protocol"));
  g_assert_false (malt_abstract_worker_is_running (worker));
  g_assert_null (hostile_call (worker, NULL, NULL, &later));
  g_assert_error (later, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  hostile_watch_free (watch);
}

/* What costs the call at most, and after which the worker is as good as any. */
static const struct
{
  const char *name;
  const char *result_type;
  int         expected; /* −1: the call is answered */
} answers[] = {
  { "value-is-not-normal", NULL, MALT_ERROR_SERIALIZATION },
  { "value-points-far-away", NULL, MALT_ERROR_SERIALIZATION },
  { "value-is-cut-off", NULL, MALT_ERROR_SERIALIZATION },
  { "types-nest-1000-deep", NULL, MALT_ERROR_SERIALIZATION },
  { "variants-nest-1000-deep", NULL, MALT_ERROR_SERIALIZATION },
  { "type-is-none", NULL, MALT_ERROR_SERIALIZATION },
  { "type-is-another", "x", MALT_ERROR_SERIALIZATION },
  { "type-is-missing", "x", MALT_ERROR_SERIALIZATION },
  { "failure-is-wild", NULL, MALT_ERROR_TERMINATED_WORKER },
  { "unknown-ids", "()", -1 },
  { "stranger-is-huge", "()", -1 },
  { "last-words-are-huge", "()", -1 },
  { "progress-is-huge", "()", -1 },
  { "answers-ahead", "()", -1 },
  { "answers-twice", "()", -1 },
  { "result-and-failure", "()", -1 },
  { "byte-by-byte", "()", -1 },
  { "progress-is-wild", "()", -1 },
  { "status-is-wild", "()", -1 },
  { "log-is-wild", "()", -1 },
  { "says-goodbye", "()", -1 },
  { "greets-amid-a-flood", "()", -1 },
};

static void
check_answers (MaltAbstractWorker *worker)
{
  for (int i = 0; i < 10; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = hostile_call (worker, "()", NULL, &error);

      g_assert_no_error (error);
      g_assert_nonnull (value);
    }
}

static void
check_answer (gsize       i,
              const char *options)
{
  HostileWatch *watch = hostile_watch_new ();
  MaltAbstractWorker *worker = hostile_start (answers[i].name, options);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = hostile_call (worker, answers[i].result_type, NULL, &error);

  g_assert_true ((value != NULL) == (answers[i].expected < 0));
  if (answers[i].expected < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, MALT_ERROR, answers[i].expected);
  check_answers (worker);
  g_assert_true (malt_abstract_worker_is_running (worker));
  fixture_stop (worker);
  hostile_watch_free (watch);
}

static void
test_answer (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);

  check_answer (i, "{'transport': <'tcp'>}");
  check_answer (i, "{'transport': <'unix'>}");
}

/* What goes on for ever. */
static const char *const floods[] = {
  "silent", "trickle", "claims-a-gigabyte", "progress-flood", "result-flood", "type-flood",
  "costly-flood", "costly-log-flood", "status-flood", "log-flood", "line-flood", "byte-flood",
  "error-flood",
};

static void
stop_flood (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_stop (worker, 10, 10, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (malt_abstract_worker_get_exit_report (worker));
}

static gpointer
cancel_after_pings (gpointer user_data)
{
  HostileWatch *watch = user_data;

  hostile_watch_wait (watch);
  g_cancellable_cancel (watch->cancellable);
  return NULL;
}

/* The caller waits in its call. */
static void
test_flood (gconstpointer mode)
{
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (MaltAbstractWorker) worker = hostile_start (mode, "{'stdout': <'lines'>, "
                                                               "'stderr': <'lines'>}");
  g_autoptr (GThread) thread = g_thread_new ("cancel", cancel_after_pings, watch);
  g_autoptr (GError) error = NULL;

  g_assert_null (hostile_call (worker, NULL, watch->cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (g_steal_pointer (&thread));
  stop_flood (worker);
  hostile_watch_free (watch);
}

static void
on_flood_over (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  gboolean *is_over = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *is_over = TRUE;
}

static void
on_output (MaltAbstractWorker *worker,
           guint               fd,
           GBytes             *line,
           gpointer            user_data)
{
  *(guint *) user_data += 1;
}

/* The same in a main loop, which looks at each line and does other things besides; one of them is
 * to start and stop another worker. */
static void
test_flood_in_a_main_loop (gconstpointer mode)
{
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (MaltAbstractWorker) worker = hostile_start (mode, "{'stdout': <'lines'>, "
                                                               "'stderr': <'lines'>}");
  g_autoptr (MaltCall) call = malt_call_new ("attack", NULL, NULL);
  gboolean is_over = FALSE;
  guint n_lines = 0;

  g_signal_connect (worker, "output", G_CALLBACK (on_output), &n_lines);
  malt_abstract_worker_send_async (worker, call, watch->cancellable, on_flood_over, &is_over);
  hostile_watch_ping_in_main_loop (watch);
  fixture_stop (hostile_start ("plain", NULL));
  g_cancellable_cancel (watch->cancellable);
  fixture_iterate_until (&is_over);
  stop_flood (worker);
  hostile_watch_free (watch);
}

/* What is sent to it waits up to a limit, and is refused then. */
static void
test_reads_nothing (void)
{
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autofree char *text = g_strnfill (1000 * 1000, 'x');
  g_autoptr (GError) error = NULL;
  guint n_posts = 0;

  worker = hostile_start ("reads-nothing", "{'max-pending-bytes': <uint64 8000000>}");
  while (malt_abstract_worker_remote_do (worker, "work", g_variant_new ("(s)", text), NULL, &error))
    g_assert_cmpuint (n_posts++, <, 1000);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  stop_flood (worker);
  hostile_watch_free (watch);
}

static void
test_ends_badly (gconstpointer mode)
{
  HostileWatch *watch = hostile_watch_new ();
  g_autoptr (MaltAbstractWorker) worker = hostile_start (mode, "{'stdout': <'lines'>}");

  check_answers (worker);
  stop_flood (worker);
  hostile_watch_free (watch);
}

/* Channel operations that are answered otherwise than they may be. `is_put`: what is tried. */
static const struct
{
  const char *name;
  gboolean    is_put;
  int         expected; /* −1: it succeeds */
} channels[] = {
  { "channel-gives-none", FALSE, MALT_ERROR_SERIALIZATION },
  { "channel-gives-too-many", FALSE, MALT_ERROR_SERIALIZATION },
  { "channel-gives-another-type", FALSE, MALT_ERROR_SERIALIZATION },
  { "channel-takes-none", TRUE, MALT_ERROR_SERIALIZATION },
  { "channel-takes-too-many", TRUE, -1 },
};

static void
test_channel (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  HostileWatch *watch = hostile_watch_new ();
  MaltAbstractWorker *worker = hostile_start (channels[i].name, NULL);
  g_autoptr (GError) error = NULL;
  MaltChannel *channel = malt_abstract_worker_worker_channel (worker, "x", NULL, &error);

  g_assert_no_error (error);
  for (int round = 0; round < 10; round++)
    {
      g_autoptr (GVariant) value = NULL;

      if (channels[i].is_put)
        malt_channel_put (channel, g_variant_new_int32 (round), NULL, &error);
      else
        value = malt_channel_take (channel, NULL, &error);
      if (channels[i].expected < 0)
        g_assert_no_error (error);
      else
        g_assert_error (error, MALT_ERROR, channels[i].expected);
      if (error != NULL)
        g_test_message ("%s", error->message);
      g_clear_error (&error);
    }
  g_object_unref (channel);
  stop_flood (worker);
  g_object_unref (worker);
  hostile_watch_free (watch);
}

static void
test_channel_is_none (gconstpointer mode)
{
  g_autoptr (MaltAbstractWorker) worker = hostile_start (mode, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_abstract_worker_worker_channel (worker, "x", NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
  stop_flood (worker);
}

/* In a subprocess, whose stdout is a terminal. */
static void
print_to_a_terminal (void)
{
  int master, terminal, saved = dup (STDOUT_FILENO);
  MaltAbstractWorker *worker;
  char text[4096] = { 0 };

  g_setenv ("NO_COLOR", "1", TRUE);
  g_assert_cmpint (openpty (&master, &terminal, NULL, NULL, NULL), ==, 0);
  dup2 (terminal, STDOUT_FILENO);
  worker = hostile_start ("terminal", NULL);
  check_answers (worker);
  fixture_stop (worker);
  g_assert_cmpint (read (master, text, sizeof text - 1), >, 0);
  dup2 (saved, STDOUT_FILENO);

  g_assert_nonnull (strstr (text, "\\x1B[2J"));
  g_assert_true (g_str_has_suffix (text, "\r\n"));
  text[strlen (text) - 2] = '\0';
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *rest = text; *rest != '\0'; rest = g_utf8_next_char (rest))
    {
      gunichar character = g_utf8_get_char (rest);

      g_assert_false (g_unichar_iscntrl (character));
      g_assert_false (character >= 0x2028 && character <= 0x202e);
    }
}

static void
test_terminal (void)
{
  if (g_test_subprocess ())
    {
      print_to_a_terminal ();
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
}

int
main (int    argc,
      char **argv)
{
  static const char *const ends[] = {
    "answers-after-stop", "breaks-after-stop", "floods-after-stop", "deaf-to-stop",
  };

  hostile_init (&argc, &argv);

  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    hostile_add ("start", starts[i].name, GSIZE_TO_POINTER (i), test_start);
  for (gsize i = 0; i < G_N_ELEMENTS (breaks); i++)
    hostile_add ("break", breaks[i].name, GSIZE_TO_POINTER (i), test_break);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    hostile_add ("answer", answers[i].name, GSIZE_TO_POINTER (i), test_answer);
  for (gsize i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      hostile_add ("flood", floods[i], floods[i], test_flood);
      hostile_add ("flood-in-a-main-loop", floods[i], floods[i], test_flood_in_a_main_loop);
    }
  fixture_add ("/malt/hostile/flood/reads-nothing", test_reads_nothing);
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    hostile_add ("end", ends[i], ends[i], test_ends_badly);
  for (gsize i = 0; i < G_N_ELEMENTS (channels); i++)
    hostile_add ("channel", channels[i].name, GSIZE_TO_POINTER (i), test_channel);
  hostile_add ("channel", "channel-is-none", "channel-is-none", test_channel_is_none);
  hostile_add ("channel", "channel-path-is-long", "channel-path-is-long", test_channel_is_none);
  fixture_add ("/malt/hostile/terminal", test_terminal);

  return g_test_run ();
}

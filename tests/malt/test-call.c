/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

#include <math.h>
#include <string.h>

static void
test_null_arguments_are_empty (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("text.count", NULL, NULL);

  g_assert_cmpstr (malt_call_get_function (call), ==, "text.count");
  g_assert_cmpstr (g_variant_get_type_string (malt_call_get_args (call)), ==, "()");
  g_assert_cmpstr (g_variant_get_type_string (malt_call_get_kwargs (call)), ==, "a{sv}");
  g_assert_cmpuint (g_variant_n_children (malt_call_get_kwargs (call)), ==, 0);
}

static void
test_floating_arguments_are_sunk (void)
{
  GVariant *args = g_variant_new ("(i)", 42);
  GVariant *kwargs = g_variant_new_parsed ("{'deep': <true>}");
  g_autoptr (MaltCall) call = malt_call_new ("f", args, kwargs);

  g_assert_true (malt_call_get_args (call) == args);
  g_assert_true (malt_call_get_kwargs (call) == kwargs);
  g_assert_false (g_variant_is_floating (args));
  g_assert_false (g_variant_is_floating (kwargs));
}

static void
test_eval_is_a_call (void)
{
  g_autoptr (MaltCall) plain = malt_call_new_eval (NULL, "1 + 1", NULL);
  g_autoptr (MaltCall) full = malt_call_new_eval ("a.b", "...", g_variant_new ("(i)", 1));
  g_autofree char *plain_args = g_variant_print (malt_call_get_args (plain), FALSE);
  g_autofree char *full_args = g_variant_print (malt_call_get_args (full), FALSE);

  g_assert_cmpstr (malt_call_get_function (plain), ==, "malt.eval");
  g_assert_cmpstr (plain_args, ==, "('', '1 + 1', <()>)");
  g_assert_cmpstr (full_args, ==, "('a.b', '...', <(1,)>)");
}

static void
count_notify (GObject    *object,
              GParamSpec *pspec,
              gpointer    user_data)
{
  guint *n_notified = user_data;

  (*n_notified)++;
}

static void
test_properties (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
  g_autofree char *function = NULL;
  guint n_notified = 0;
  guint timeout;
  gboolean discard;

  g_signal_connect (call, "notify", G_CALLBACK (count_notify), &n_notified);
  g_object_set (call, "timeout", 250, "discard-result", TRUE, NULL);
  malt_call_set_timeout (call, 250);
  malt_call_set_discard_result (call, 2);
  g_assert_cmpuint (n_notified, ==, 2);

  g_object_get (call, "function", &function, "timeout", &timeout, "discard-result", &discard, NULL);
  g_assert_cmpstr (function, ==, "f");
  g_assert_cmpuint (timeout, ==, 250);
  g_assert_true (discard);
  g_assert_cmpuint (malt_call_get_timeout (call), ==, 250);
  g_assert_true (malt_call_get_discard_result (call));
}

static void
test_result_type (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);

  g_assert_null (malt_call_get_result_type (call));
  malt_call_set_result_type (call, G_VARIANT_TYPE ("a{si}"));
  g_assert_true (g_variant_type_equal (malt_call_get_result_type (call), G_VARIANT_TYPE ("a{si}")));
  malt_call_set_result_type (call, G_VARIANT_TYPE ("s"));
  g_assert_true (g_variant_type_equal (malt_call_get_result_type (call), G_VARIANT_TYPE ("s")));
  malt_call_set_result_type (call, NULL);
  g_assert_null (malt_call_get_result_type (call));
}

static void
test_second_send_while_on_its_way (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_call_begin (call, NULL));
  g_assert_false (malt_call_begin (call, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);
  malt_call_end (call, 0, NULL);

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, 0, NULL);
}

static void
test_times (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);

  g_assert_cmpint (malt_call_get_queue_time_us (call), ==, -1);
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, -1);

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, 5, NULL);
  g_assert_cmpint (malt_call_get_queue_time_us (call), >=, 0);
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, 5);

  g_assert_true (malt_call_begin (call, NULL));
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, -1);
  malt_call_end (call, -1, NULL);
  g_assert_cmpint (malt_call_get_queue_time_us (call), >=, 0);
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, -1);
}

/* A worker's clock is another's: nothing is ever negative. */
static void
test_run_time_beyond_the_total (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, G_MAXINT64, NULL);
  g_assert_cmpint (malt_call_get_queue_time_us (call), ==, 0);
}

static void
test_details_of_a_remote_error (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
  g_autoptr (GError) error = malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, "W", "m", "t",
                                                    "b");

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, 1, error);
  g_assert_cmpstr (malt_call_get_remote_message (call), ==, "m");
  g_assert_cmpstr (malt_call_get_remote_type (call), ==, "t");
  g_assert_cmpstr (malt_call_get_remote_traceback (call), ==, "b");
  g_assert_null (malt_call_get_exit_report (call));

  /* They are of the last time that it was sent. */
  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, 1, NULL);
  g_assert_null (malt_call_get_remote_message (call));
  g_assert_null (malt_call_get_remote_type (call));
  g_assert_null (malt_call_get_remote_traceback (call));
}

static void
test_details_of_a_timeout (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late");

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_set_remote_details (call, "m", "t", NULL);
  malt_call_end (call, 1, error);
  g_assert_cmpstr (malt_call_get_remote_message (call), ==, "m");
  g_assert_cmpstr (malt_call_get_remote_type (call), ==, "t");
  g_assert_null (malt_call_get_remote_traceback (call));
}

static void
test_exit_report (void)
{
  g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_EXITED, 3, 0, NULL,
                                                            NULL, NULL);
  g_autoptr (GError) error = malt_error_new_terminated ("W", report);

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_end (call, -1, error);
  g_assert_true (malt_call_get_exit_report (call) == report);
}

typedef struct
{
  double  fraction;
  char   *message;
} Progress;

static void
store_progress (MaltCall   *call,
                double      fraction,
                const char *message,
                gpointer    user_data)
{
  Progress *progress = user_data;

  progress->fraction = fraction;
  g_free (progress->message);
  progress->message = g_strdup (message);
}

/* Whatever a worker says. */
static void
test_progress (void)
{
  g_autofree char *long_text = g_strnfill (1000000, 'x');
  g_autofree char *cut_text = g_strnfill (1024, 'x');
  const struct
  {
    double      fraction;
    const char *message;
    double      expected_fraction;
    const char *expected_message;
  } cases[] = {
    { 0.25, "reading", 0.25, "reading" },
    { NAN, NULL, 0.0, "" },
    { -INFINITY, "", 0.0, "" },
    { 1.5, "caf\xe9", 1.0, "caf\357\277\275" },
    { 0.5, long_text, 0.5, cut_text },
  };

  strcpy (cut_text + 1021, "…");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
      Progress progress = { -1.0, NULL };

      g_signal_connect (call, "progress", G_CALLBACK (store_progress), &progress);
      malt_call_emit_progress (call, cases[i].fraction, cases[i].message);
      g_assert_cmpfloat (progress.fraction, ==, cases[i].expected_fraction);
      g_assert_cmpstr (progress.message, ==, cases[i].expected_message);
      g_free (progress.message);
    }
}

static void
test_programmer_mistakes (void)
{
  if (g_test_subprocess ())
    {
      g_log_set_always_fatal (G_LOG_FATAL_MASK);
      g_assert_null (malt_call_new (NULL, NULL, NULL));
      g_assert_null (malt_call_new ("", NULL, NULL));
      g_assert_null (malt_call_new ("\xff", NULL, NULL));
      g_assert_null (malt_call_new ("f", g_variant_new_int32 (1), NULL));
      g_assert_null (malt_call_new ("f", NULL, g_variant_new ("(i)", 1)));
      g_assert_null (malt_call_new_eval (NULL, NULL, NULL));
      g_assert_null (malt_call_new_eval (NULL, "\xff", NULL));
      g_assert_null (malt_call_new_eval ("\xff", "1", NULL));
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*CRITICAL*assertion*failed*");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/call/null-arguments-are-empty", test_null_arguments_are_empty);
  g_test_add_func ("/malt/call/floating-arguments-are-sunk", test_floating_arguments_are_sunk);
  g_test_add_func ("/malt/call/eval-is-a-call", test_eval_is_a_call);
  g_test_add_func ("/malt/call/properties", test_properties);
  g_test_add_func ("/malt/call/result-type", test_result_type);
  g_test_add_func ("/malt/call/second-send-while-on-its-way", test_second_send_while_on_its_way);
  g_test_add_func ("/malt/call/times", test_times);
  g_test_add_func ("/malt/call/run-time-beyond-the-total", test_run_time_beyond_the_total);
  g_test_add_func ("/malt/call/details-of-a-remote-error", test_details_of_a_remote_error);
  g_test_add_func ("/malt/call/details-of-a-timeout", test_details_of_a_timeout);
  g_test_add_func ("/malt/call/exit-report", test_exit_report);
  g_test_add_func ("/malt/call/progress", test_progress);
  g_test_add_func ("/malt/call/programmer-mistakes", test_programmer_mistakes);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

/* Ends one call with what has been kept of another, by way of text. (transfer full) */
static GVariant *
carry (MaltCall  *call,
       GVariant  *outcome,
       GError   **error)
{
  g_autofree char *text = g_variant_print (outcome, TRUE);
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GVariant) read =
    malt_parse_variant (G_VARIANT_TYPE_VARDICT, text, -1, &parse_error);

  g_assert_no_error (parse_error);
  g_assert_true (malt_call_begin (call, &parse_error));
  return malt_call_end_with_outcome (call, read, error);
}

static MaltCall *
new_begun_call (void)
{
  g_autoptr (GError) error = NULL;
  MaltCall *call = malt_call_new ("f", NULL, NULL);

  g_assert_true (malt_call_begin (call, &error));
  return call;
}

static void
test_value (void)
{
  static const char *const texts[] = { "()", "'text'", "<<int64 5>>", "@a{sv} {}" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (MaltCall) call = new_begun_call ();
      g_autoptr (MaltCall) other = malt_call_new ("f", NULL, NULL);
      g_autoptr (GVariant) outcome = NULL;
      g_autoptr (GVariant) carried = NULL;
      g_autoptr (GError) error = NULL;

      malt_call_end (call, 77, NULL);
      outcome = malt_call_dup_outcome (call, value, NULL);
      carried = carry (other, outcome, &error);
      g_assert_no_error (error);
      g_assert_cmpvariant (carried, value);
      g_assert_cmpint (malt_call_get_run_time_us (other), ==, 77);
    }
}

static void
test_error_with_all_it_carries (void)
{
  static const char *const running[] = { "g", "f", NULL };
  g_autoptr (MaltExitReport) report =
    malt_exit_report_new (MALT_EXIT_REASON_CRASHED, -1, 11, "last words", "a detail", running);
  g_autoptr (GError) error = malt_error_new_terminated ("the worker", report);
  g_autoptr (MaltCall) call = new_begun_call ();
  g_autoptr (MaltCall) other = malt_call_new ("f", NULL, NULL);
  g_autoptr (GVariant) outcome = NULL;
  g_autoptr (GError) carried = NULL;
  MaltExitReport *carried_report;

  malt_call_end (call, -1, error);
  outcome = malt_call_dup_outcome (call, NULL, error);
  g_assert_null (carry (other, outcome, &carried));
  g_assert_error (carried, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpstr (carried->message, ==, error->message);
  g_assert_cmpstr (malt_error_get_worker (carried), ==, "the worker");
  g_assert_null (malt_error_get_remote_message (carried));
  g_assert_cmpint (malt_call_get_run_time_us (other), ==, -1);

  carried_report = malt_error_get_exit_report (carried);
  g_assert_true (malt_call_get_exit_report (other) == carried_report);
  g_assert_cmpint (malt_exit_report_get_reason (carried_report), ==, MALT_EXIT_REASON_CRASHED);
  g_assert_cmpint (malt_exit_report_get_exit_status (carried_report), ==, -1);
  g_assert_cmpint (malt_exit_report_get_signal (carried_report), ==, 11);
  g_assert_cmpstr (malt_exit_report_get_stderr_tail (carried_report), ==, "last words");
  g_assert_cmpstr (malt_exit_report_get_detail (carried_report), ==, "a detail");
  g_assert_cmpstrv (malt_exit_report_get_running_calls (carried_report), running);
}

static void
test_exception (void)
{
  g_autoptr (GError) error = malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, "the worker",
                                                    "no luck", "lua.error", "Main#1:1");
  g_autoptr (MaltCall) call = new_begun_call ();
  g_autoptr (MaltCall) other = malt_call_new ("f", NULL, NULL);
  g_autoptr (GVariant) outcome = NULL;
  g_autoptr (GError) carried = NULL;

  malt_call_end (call, 3, error);
  outcome = malt_call_dup_outcome (call, NULL, error);
  g_assert_null (carry (other, outcome, &carried));
  g_assert_error (carried, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (carried->message, ==, error->message);
  g_assert_cmpstr (malt_error_get_remote_message (carried), ==, "no luck");
  g_assert_cmpstr (malt_error_get_remote_type (carried), ==, "lua.error");
  g_assert_cmpstr (malt_error_get_remote_traceback (carried), ==, "Main#1:1");
  g_assert_null (malt_error_get_exit_report (carried));
  g_assert_cmpstr (malt_call_get_remote_traceback (other), ==, "Main#1:1");
}

/* Time-outs and cancellations carry nothing, so that the call has it. */
static void
test_error_of_another_domain (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late \xff");
  g_autoptr (MaltCall) call = new_begun_call ();
  g_autoptr (MaltCall) other = malt_call_new ("f", NULL, NULL);
  g_autoptr (GVariant) outcome = NULL;
  g_autoptr (GError) carried = NULL;

  malt_call_set_remote_details (call, "late", "InterruptException", "Main#1:1");
  malt_call_end (call, 3, error);
  outcome = malt_call_dup_outcome (call, NULL, error);
  g_assert_null (carry (other, outcome, &carried));
  g_assert_error (carried, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (carried->message, ==, "late \xef\xbf\xbd");
  g_assert_cmpstr (malt_call_get_remote_type (other), ==, "InterruptException");
  g_assert_cmpstr (malt_call_get_remote_traceback (other), ==, "Main#1:1");
}

static void
test_what_is_no_outcome (void)
{
  static const struct
  {
    const char *text;
    int         code;
  } cases[] = {
    { "@a{sv} {}", MALT_ERROR_PROTOCOL },
    { "{'error': <'text'>, 'worker': <1>}", MALT_ERROR_PROTOCOL },
    { "{'error': <('no-such-quark', 5, 'x')>}", MALT_ERROR_FAILED },
    { "{'error': <('MaltError', 8, 'x')>, 'exit-report': <1>}", MALT_ERROR_NOT_A_CHANNEL },
    { "{'error': <('MaltError', 3, 'x')>, 'exit-report': <{'reason': <5>}>}",
      MALT_ERROR_TERMINATED_WORKER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MaltCall) call = malt_call_new ("f", NULL, NULL);
      g_autoptr (GVariant) outcome = g_variant_ref_sink (g_variant_new_parsed (cases[i].text));
      g_autoptr (GError) error = NULL;

      g_assert_null (carry (call, outcome, &error));
      g_assert_error (error, MALT_ERROR, cases[i].code);
    }
  g_assert_cmpuint (g_quark_try_string ("no-such-quark"), ==, 0);
}

static void
test_text_of_anybody (void)
{
  static const struct
  {
    const char *text;
    gssize      length;
    const char *expected; /* NULL: an error */
  } cases[] = {
    { "'a'", -1, "'a'" },
    { "'a' and more", 3, "'a'" },
    { "'\\u00e4\\U0001f600'", -1, "'ä😀'" },
    { "b'\\\\ud800'", -1, "b'\\\\ud800'" },
    { "'\\\\ud800'", -1, "'\\\\ud800'" },
    { "'\\ud800'", -1, NULL },
    { "'\\U00110000'", -1, NULL },
    { "'\\U0011", -1, NULL },
    { "'\\", -1, NULL },
    { "\\", -1, NULL },
    { "", -1, NULL },
    { "'\xff'", -1, NULL },
    { "'a\0'", 4, NULL },
    { "'a", -1, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value =
        malt_parse_variant (NULL, cases[i].text, cases[i].length, &error);
      g_autofree char *text = value != NULL ? g_variant_print (value, FALSE) : NULL;

      g_assert_cmpstr (text, ==, cases[i].expected);
      g_assert_true ((error == NULL) == (value != NULL));
      if (error != NULL)
        g_assert_true (error->domain == G_VARIANT_PARSE_ERROR);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/call-outcome/value", test_value);
  g_test_add_func ("/malt/call-outcome/error-with-all-it-carries", test_error_with_all_it_carries);
  g_test_add_func ("/malt/call-outcome/exception", test_exception);
  g_test_add_func ("/malt/call-outcome/error-of-another-domain", test_error_of_another_domain);
  g_test_add_func ("/malt/call-outcome/what-is-no-outcome", test_what_is_no_outcome);
  g_test_add_func ("/malt/call-outcome/text-of-anybody", test_text_of_anybody);

  return g_test_run ();
}

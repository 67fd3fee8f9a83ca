/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

static void
test_remote_parts (void)
{
  g_autoptr (GError) error = malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, "Worker 7",
                                                    "boom", "lua.error", "chunk:1\nchunk:9");

  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_cmpstr (error->message, ==,
                   "Remote exception from Worker 7:\n\nboom\nchunk:1\nchunk:9");
  g_assert_cmpstr (malt_error_get_worker (error), ==, "Worker 7");
  g_assert_cmpstr (malt_error_get_remote_message (error), ==, "boom");
  g_assert_cmpstr (malt_error_get_remote_type (error), ==, "lua.error");
  g_assert_cmpstr (malt_error_get_remote_traceback (error), ==, "chunk:1\nchunk:9");
  g_assert_null (malt_error_get_exit_report (error));
}

static void
test_remote_texts (void)
{
  static const struct
  {
    MaltError   code;
    const char *worker;
    const char *traceback;
    const char *expected;
  } cases[] = {
    { MALT_ERROR_REMOTE_EXCEPTION, "W", NULL, "Remote exception from W:\n\nboom" },
    { MALT_ERROR_REMOTE_EXCEPTION, NULL, "c:1", "boom" },
    { MALT_ERROR_INTERRUPTED, "W", "c:1", "Remote exception from W:\n\nboom\nc:1" },
    { MALT_ERROR_INTERRUPTED, NULL, NULL, "boom" },
    { MALT_ERROR_SERIALIZATION, "W", "c:1", "boom" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = malt_error_new_remote (cases[i].code, cases[i].worker, "boom",
                                                        NULL, cases[i].traceback);

      g_assert_error (error, MALT_ERROR, (int) cases[i].code);
      g_assert_cmpstr (error->message, ==, cases[i].expected);
      g_assert_cmpstr (malt_error_get_remote_traceback (error), ==, cases[i].traceback);
    }
}

static void
test_copy_carries_the_parts (void)
{
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_EXITED, 3, 0, NULL,
                                                            NULL, NULL);
  g_autoptr (GError) terminated = malt_error_new_terminated ("W", report);
  g_autoptr (GError) remote = malt_error_new_remote (MALT_ERROR_INTERRUPTED, "W", "m", "t", "b");
  g_autoptr (GError) terminated_copy = g_error_copy (terminated);
  g_autoptr (GError) remote_copy = g_error_copy (remote);

  g_clear_error (&terminated);
  g_clear_error (&remote);
  g_assert_true (malt_error_get_exit_report (terminated_copy) == report);
  g_assert_cmpstr (malt_error_get_worker (remote_copy), ==, "W");
  g_assert_cmpstr (malt_error_get_remote_message (remote_copy), ==, "m");
  g_assert_cmpstr (malt_error_get_remote_type (remote_copy), ==, "t");
  g_assert_cmpstr (malt_error_get_remote_traceback (remote_copy), ==, "b");
}

static void
test_terminated_says_who_and_how (void)
{
  const char *const calls[] = { "text.count", NULL };
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_CRASHED, -1, 11, NULL,
                                                            NULL, calls);
  g_autoptr (GError) known = malt_error_new_terminated ("W", report);
  g_autoptr (GError) unknown = malt_error_new_terminated (NULL, NULL);

  g_assert_error (known, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpstr (known->message, ==,
                   "W has ended: killed by signal 11 (SIGSEGV) while running text.count");
  g_assert_cmpstr (malt_error_get_worker (known), ==, "W");
  g_assert_true (malt_error_get_exit_report (known) == report);

  g_assert_cmpstr (unknown->message, ==, "The worker has ended");
  g_assert_null (malt_error_get_worker (unknown));
  g_assert_null (malt_error_get_exit_report (unknown));
}

static void
test_cut_short_says_where (void)
{
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL,
                                                            NULL, NULL);
  g_autoptr (GError) error = malt_error_new_cut_short ("W", report, "stack traceback:\n\tt:1:");

  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpstr (error->message, ==, "W has ended: stopped\nstack traceback:\n\tt:1:");
  g_assert_cmpstr (malt_error_get_worker (error), ==, "W");
  g_assert_nonnull (malt_error_get_remote_message (error));
  g_assert_cmpstr (malt_error_get_remote_traceback (error), ==, "stack traceback:\n\tt:1:");
  g_assert_true (malt_error_get_exit_report (error) == report);
}

static void
test_errors_without_parts (void)
{
  g_autoptr (GError) plain = g_error_new_literal (MALT_ERROR, MALT_ERROR_FAILED, "plain");
  g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "other");
  const GError *const errors[] = { plain, other };

  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_assert_null (malt_error_get_worker (errors[i]));
      g_assert_null (malt_error_get_remote_message (errors[i]));
      g_assert_null (malt_error_get_remote_type (errors[i]));
      g_assert_null (malt_error_get_remote_traceback (errors[i]));
      g_assert_null (malt_error_get_exit_report (errors[i]));
    }
}

static void
test_code_has_nick (void)
{
  g_autoptr (GEnumClass) codes = g_type_class_ref (MALT_TYPE_ERROR);

  g_assert_cmpuint (codes->n_values, ==, MALT_ERROR_SANDBOX_UNAVAILABLE + 1);
  g_assert_cmpstr (g_enum_get_value (codes, MALT_ERROR_REMOTE_EXCEPTION)->value_nick, ==,
                   "remote-exception");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/error/remote-parts", test_remote_parts);
  g_test_add_func ("/malt/error/remote-texts", test_remote_texts);
  g_test_add_func ("/malt/error/copy-carries-the-parts", test_copy_carries_the_parts);
  g_test_add_func ("/malt/error/terminated-says-who-and-how", test_terminated_says_who_and_how);
  g_test_add_func ("/malt/error/cut-short-says-where", test_cut_short_says_where);
  g_test_add_func ("/malt/error/errors-without-parts", test_errors_without_parts);
  g_test_add_func ("/malt/error/code-has-nick", test_code_has_nick);

  return g_test_run ();
}

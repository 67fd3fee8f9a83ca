/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

#include <signal.h>

static void
test_everything_is_copied (void)
{
  char name[] = "text.count";
  char tail[] = "last words";
  const char *const calls[] = { name, "malt.eval", NULL };
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_LIMIT, 3, SIGKILL,
                                                            tail, "memory-limit", calls);

  name[0] = tail[0] = 'X';
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_LIMIT);
  g_assert_cmpint (malt_exit_report_get_exit_status (report), ==, 3);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  g_assert_cmpstr (malt_exit_report_get_stderr_tail (report), ==, "last words");
  g_assert_cmpstr (malt_exit_report_get_detail (report), ==, "memory-limit");
  g_assert_cmpstr (malt_exit_report_get_running_calls (report)[0], ==, "text.count");
  g_assert_cmpstr (malt_exit_report_get_running_calls (report)[1], ==, "malt.eval");
  g_assert_null (malt_exit_report_get_running_calls (report)[2]);
}

static void
test_nothing_is_known (void)
{
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_CONNECTION_LOST, -1, 0,
                                                            NULL, NULL, NULL);
  g_autofree char *text = malt_exit_report_to_string (report);

  g_assert_cmpstr (malt_exit_report_get_stderr_tail (report), ==, "");
  g_assert_null (malt_exit_report_get_detail (report));
  g_assert_null (malt_exit_report_get_running_calls (report)[0]);
  g_assert_cmpstr (text, ==, "connection lost");
}

static void
test_stderr_becomes_utf8 (void)
{
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_EXITED, 1, 0,
                                                            "\xa4 torn", "\xff", NULL);

  g_assert_cmpstr (malt_exit_report_get_stderr_tail (report), ==, "\xef\xbf\xbd torn");
  g_assert_cmpstr (malt_exit_report_get_detail (report), ==, "\xef\xbf\xbd");
}

static void
test_one_line_for_people (void)
{
  static const struct
  {
    MaltExitReason reason;
    int            status;
    int            signum;
    const char    *detail;
    const char    *calls[6];
    const char    *expected;
  } cases[] = {
    { MALT_EXIT_REASON_STOPPED, 0, 0, NULL, { NULL }, "stopped" },
    { MALT_EXIT_REASON_STOPPED, 4, 0, NULL, { NULL }, "stopped with status 4" },
    { MALT_EXIT_REASON_EXITED, 3, 0, NULL, { NULL }, "exited with status 3" },
    { MALT_EXIT_REASON_EXITED, 0, 0, NULL, { "a.b", NULL },
      "exited with status 0 while running a.b" },
    { MALT_EXIT_REASON_CRASHED, -1, SIGSEGV, NULL, { "text.count", NULL },
      "killed by signal 11 (SIGSEGV) while running text.count" },
    { MALT_EXIT_REASON_CRASHED, -1, 40, NULL, { NULL }, "killed by signal 40" },
    { MALT_EXIT_REASON_CRASHED, -1, 0, NULL, { NULL }, "crashed" },
    { MALT_EXIT_REASON_KILLED, -1, SIGKILL, "did not\nheed SIGTERM", { NULL },
      "killed by its manager with signal 9 (SIGKILL): did not heed SIGTERM" },
    { MALT_EXIT_REASON_LIMIT, -1, SIGXCPU, "cpu-limit", { "a", "b", "c", "d", "e", NULL },
      "ended by a limit with signal 24 (SIGXCPU) while running e, d, c and 2 more: cpu-limit" },
    { MALT_EXIT_REASON_SANDBOX, -1, SIGSYS, NULL, { NULL },
      "ended by the sandbox with signal 31 (SIGSYS)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MaltExitReport) report = malt_exit_report_new (cases[i].reason, cases[i].status,
                                                                cases[i].signum, "tail",
                                                                cases[i].detail, cases[i].calls);
      g_autofree char *text = malt_exit_report_to_string (report);

      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
test_is_boxed (void)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (MaltExitReport) report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL,
                                                            NULL, NULL);

  g_value_init (&value, MALT_TYPE_EXIT_REPORT);
  g_value_set_boxed (&value, report);
  g_assert_true (g_value_get_boxed (&value) == report);
}

static void
test_reason_has_nick (void)
{
  g_autoptr (GEnumClass) reasons = g_type_class_ref (MALT_TYPE_EXIT_REASON);

  g_assert_cmpuint (reasons->n_values, ==, MALT_EXIT_REASON_CONNECTION_LOST + 1);
  g_assert_cmpstr (g_enum_get_value (reasons, MALT_EXIT_REASON_CONNECTION_LOST)->value_nick, ==,
                   "connection-lost");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/exit-report/everything-is-copied", test_everything_is_copied);
  g_test_add_func ("/malt/exit-report/nothing-is-known", test_nothing_is_known);
  g_test_add_func ("/malt/exit-report/stderr-becomes-utf8", test_stderr_becomes_utf8);
  g_test_add_func ("/malt/exit-report/one-line-for-people", test_one_line_for_people);
  g_test_add_func ("/malt/exit-report/is-boxed", test_is_boxed);
  g_test_add_func ("/malt/exit-report/reason-has-nick", test_reason_has_nick);

  return g_test_run ();
}

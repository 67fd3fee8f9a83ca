/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-test-runtime.h"

#include "malt/runtime/malt-invocation-private.h"

#include <math.h>
#include <string.h>

typedef struct
{
  TestRuntime    *runtime;
  Outcome        *outcome;
  MaltInvocation *invocation;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer data)
{
  self->runtime = test_runtime_new (NULL);
  self->outcome = outcome_new ();
  self->invocation = test_runtime_new_invocation (self->runtime, "mod.func",
                                                  g_variant_new ("(is)", 1, "two"), self->outcome);
}

static void
tear_down (Fixture      *self,
           gconstpointer data)
{
  malt_invocation_unref (self->invocation);
  test_runtime_free (self->runtime);
  outcome_free (self->outcome);
}

static void
cancel (MaltInvocation   *invocation,
        MaltCancelReason  reason)
{
  malt_invocation_set_cancel_reason (invocation, reason);
  malt_invocation_notify_cancelled (invocation);
}

static void
count_hook (MaltInvocation *invocation,
            gpointer        user_data)
{
  (*(guint *) user_data)++;
}

static void
test_has_what_it_was_made_with (Fixture      *fixture,
                                gconstpointer data)
{
  MaltInvocation *self = fixture->invocation;
  g_autofree char *args = g_variant_print (malt_invocation_get_args (self), FALSE);

  g_assert_cmpuint (malt_invocation_get_id (self), ==, 1);
  g_assert_cmpstr (malt_invocation_get_function (self), ==, "mod.func");
  g_assert_cmpstr (args, ==, "(1, 'two')");
  g_assert_null (malt_invocation_get_kwargs (self));
  g_assert_null (malt_invocation_get_result_type (self));
  g_assert_false (malt_invocation_get_discard_result (self));
  g_assert_cmpint (malt_invocation_get_cancel_reason (self), ==, MALT_CANCEL_REASON_NONE);
  g_assert_cmpint (malt_invocation_get_run_time_us (self), ==, 0);

  malt_invocation_set_result_type (self, G_VARIANT_TYPE ("ad"));
  malt_invocation_set_result_type (self, G_VARIANT_TYPE ("as"));
  malt_invocation_set_discard_result (self, TRUE);
  g_assert_true (g_variant_type_equal (malt_invocation_get_result_type (self), "as"));
  g_assert_true (malt_invocation_get_discard_result (self));
}

static void
test_no_args_are_the_unit (Fixture      *fixture,
                           gconstpointer data)
{
  g_autoptr (MaltInvocation) self =
    malt_invocation_new (fixture->runtime->runtime, 0, "f", NULL, g_variant_new ("a{sv}", NULL),
                         &outcome_carrier, fixture->outcome);

  g_assert_cmpstr (g_variant_get_type_string (malt_invocation_get_args (self)), ==, "()");
  g_assert_cmpstr (g_variant_get_type_string (malt_invocation_get_kwargs (self)), ==, "a{sv}");
}

static void
test_is_boxed (Fixture      *fixture,
               gconstpointer data)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, MALT_TYPE_INVOCATION);
  g_value_set_boxed (&value, fixture->invocation);
  g_assert_true (g_value_get_boxed (&value) == fixture->invocation);
}

static void
test_cancellable_is_cancelled (Fixture      *fixture,
                               gconstpointer data)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (fixture->invocation);

  g_assert_true (cancellable == malt_invocation_get_cancellable (fixture->invocation));
  g_assert_false (g_cancellable_is_cancelled (cancellable));
  cancel (fixture->invocation, MALT_CANCEL_REASON_CANCELLED);
  g_assert_true (g_cancellable_is_cancelled (cancellable));
}

static void
test_late_cancellable_is_cancelled (Fixture      *fixture,
                                    gconstpointer data)
{
  MaltInvocation *self = fixture->invocation;

  cancel (self, MALT_CANCEL_REASON_CANCELLED);
  g_assert_true (g_cancellable_is_cancelled (malt_invocation_get_cancellable (self)));
}

static void
test_hook_runs (Fixture      *fixture,
                gconstpointer data)
{
  guint n_runs = 0;

  malt_invocation_set_cancel_func (fixture->invocation, count_hook, &n_runs);
  g_assert_cmpuint (n_runs, ==, 0);
  cancel (fixture->invocation, MALT_CANCEL_REASON_INTERRUPTED);
  g_assert_cmpuint (n_runs, ==, 1);

  malt_invocation_set_cancel_func (fixture->invocation, NULL, NULL);
  cancel (fixture->invocation, MALT_CANCEL_REASON_INTERRUPTED);
  g_assert_cmpuint (n_runs, ==, 1);
}

static void
test_late_hook_runs_at_once (Fixture      *fixture,
                             gconstpointer data)
{
  guint n_runs = 0;

  cancel (fixture->invocation, MALT_CANCEL_REASON_INTERRUPTED);
  malt_invocation_set_cancel_func (fixture->invocation, count_hook, &n_runs);
  g_assert_cmpuint (n_runs, ==, 1);
}

static void
test_answer_takes_the_hook_away (Fixture      *fixture,
                                 gconstpointer data)
{
  guint n_runs = 0;

  malt_invocation_set_cancel_func (fixture->invocation, count_hook, &n_runs);
  malt_invocation_return_value (fixture->invocation, NULL);
  cancel (fixture->invocation, MALT_CANCEL_REASON_CANCELLED);
  g_assert_cmpuint (n_runs, ==, 0);
}

static void
test_first_reason_stays (Fixture      *fixture,
                         gconstpointer data)
{
  cancel (fixture->invocation, MALT_CANCEL_REASON_TIMED_OUT);
  cancel (fixture->invocation, MALT_CANCEL_REASON_STOPPED);
  g_assert_cmpint (malt_invocation_get_cancel_reason (fixture->invocation), ==,
                   MALT_CANCEL_REASON_TIMED_OUT);
}

static void
test_cancel_errors (void)
{
  const struct
  {
    MaltCancelReason  reason;
    GQuark            domain;
    int               code;
    const char       *remote_type;
  } cases[] = {
    { MALT_CANCEL_REASON_CANCELLED, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL },
    { MALT_CANCEL_REASON_TIMED_OUT, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, NULL },
    { MALT_CANCEL_REASON_INTERRUPTED, MALT_ERROR, MALT_ERROR_INTERRUPTED, "InterruptException" },
    { MALT_CANCEL_REASON_STOPPED, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestRuntime) runtime = test_runtime_new (NULL);
      g_autoptr (Outcome) outcome = outcome_new ();
      g_autoptr (MaltInvocation) self = test_runtime_new_invocation (runtime, "f", NULL, outcome);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) traced = NULL;

      cancel (self, cases[i].reason);
      error = malt_invocation_new_cancel_error (self, NULL);
      traced = malt_invocation_new_cancel_error (self, "chunk:7");
      g_assert_error (error, cases[i].domain, cases[i].code);
      g_assert_error (traced, cases[i].domain, cases[i].code);
      g_assert_cmpstr (malt_error_get_remote_type (error), ==, cases[i].remote_type);
      if (cases[i].domain == MALT_ERROR)
        g_assert_cmpstr (malt_error_get_remote_traceback (traced), ==, "chunk:7");
      else
        g_assert_true (g_str_has_suffix (traced->message, "\nchunk:7"));
    }
}

static void
test_time_out_is_named (Fixture      *fixture,
                        gconstpointer data)
{
  g_autoptr (MaltInvocation) child =
    malt_invocation_new (fixture->runtime->runtime, 0, "child", NULL, NULL, &outcome_carrier,
                         fixture->outcome);
  g_autoptr (GError) error = NULL;

  malt_invocation_set_timeout (fixture->invocation, 1234);
  malt_invocation_set_parent (child, fixture->invocation);
  cancel (child, MALT_CANCEL_REASON_TIMED_OUT);
  error = malt_invocation_new_cancel_error (child, NULL);
  g_assert_nonnull (strstr (error->message, "“child” did not end within 1234 ms"));
}

static void
test_answers (void)
{
  const struct
  {
    const char *value; /* NULL: nothing */
    const char *result_type;
    gboolean    discard;
    const char *answer; /* NULL: MALT_ERROR_SERIALIZATION */
  } cases[] = {
    { "5", NULL, FALSE, "5" },
    { NULL, NULL, FALSE, "()" },
    { "5", NULL, TRUE, "()" },
    { "5", "i", FALSE, "5" },
    { "5", "d", FALSE, NULL },
    { "5", "d", TRUE, "()" },
    { "[1.5]", "ad", FALSE, "[1.5]" },
    { NULL, "i", FALSE, NULL },
    { NULL, "()", FALSE, "()" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestRuntime) runtime = test_runtime_new (NULL);
      g_autoptr (Outcome) outcome = outcome_new ();
      g_autoptr (MaltInvocation) self = test_runtime_new_invocation (runtime, "f", NULL, outcome);
      g_autoptr (GVariant) value = NULL;

      if (cases[i].result_type != NULL)
        malt_invocation_set_result_type (self, G_VARIANT_TYPE (cases[i].result_type));
      malt_invocation_set_discard_result (self, cases[i].discard);
      if (cases[i].value != NULL)
        value = g_variant_parse (NULL, cases[i].value, NULL, NULL, NULL);
      malt_invocation_return_value (self, value);

      if (cases[i].answer != NULL)
        assert_answered (outcome, cases[i].answer);
      else
        assert_failed (outcome, MALT_ERROR, MALT_ERROR_SERIALIZATION, "is of type “");
    }
}

static void
test_owned_value_stays_the_callers (Fixture      *fixture,
                                    gconstpointer data)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_int32 (5));

  malt_invocation_return_value (fixture->invocation, value);
  assert_answered (fixture->outcome, "5");
}

static void
test_error_is_taken (Fixture      *fixture,
                     gconstpointer data)
{
  malt_invocation_return_error (fixture->invocation,
                                g_error_new_literal (MALT_ERROR, MALT_ERROR_LIMIT, "Too much"));
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_LIMIT, "Too much");
}

static void
test_second_answer_is_critical (Fixture      *fixture,
                                gconstpointer data)
{
  malt_invocation_return_value (fixture->invocation, NULL);
  g_test_expect_message ("Malt", G_LOG_LEVEL_CRITICAL, "*malt_invocation_finish*");
  malt_invocation_return_value (fixture->invocation, NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 1);
}

static void
test_run_time_stands_still_at_the_end (Fixture      *fixture,
                                       gconstpointer data)
{
  malt_invocation_start (fixture->invocation);
  while (malt_invocation_get_run_time_us (fixture->invocation) == 0)
    ;
  malt_invocation_return_value (fixture->invocation, NULL);

  g_assert_cmpint (fixture->outcome->run_time_us, >, 0);
  g_assert_cmpint (malt_invocation_get_run_time_us (fixture->invocation), ==,
                   fixture->outcome->run_time_us);
}

static char *
repeat (const char *text,
        guint       n)
{
  GString *repeated = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (repeated, text);
  return g_string_free (repeated, FALSE);
}

static void
test_progress_is_brought_into_range (void)
{
  /* 1024 bytes remain: as many "€" as fit before the ellipsis. */
  g_autofree char *long_text = repeat ("€", 100000);
  g_autofree char *kept_text = repeat ("€", 340);
  g_autofree char *cut_text = g_strconcat (kept_text, "…", NULL);
  const struct
  {
    double      fraction;
    const char *message;
    double      expected_fraction;
    const char *expected_message;
  } cases[] = {
    { 0.25, "a", 0.25, "a" },
    { 1.0, NULL, 1.0, "" },
    { 7.0, "x", 1.0, "x" },
    { -1.0, "x", 0.0, "x" },
    { NAN, "x", 0.0, "x" },
    { INFINITY, "x", 1.0, "x" },
    { 0.5, "caf\xe9", 0.5, "caf\357\277\275" },
    { 0.5, long_text, 0.5, cut_text },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (TestRuntime) runtime = test_runtime_new (NULL);
      g_autoptr (Outcome) outcome = outcome_new ();
      g_autoptr (MaltInvocation) self = test_runtime_new_invocation (runtime, "f", NULL, outcome);

      malt_invocation_report_progress (self, cases[i].fraction, cases[i].message);
      g_assert_cmpuint (outcome->n_progress, ==, 1);
      g_assert_cmpfloat (outcome->fraction, ==, cases[i].expected_fraction);
      g_assert_cmpstr (outcome->message, ==, cases[i].expected_message);
    }
}

static void
test_progress_is_rationed (Fixture      *fixture,
                           gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 n_intervals;

  g_test_summary ("Eight reports at once, then one in 50 ms, but the first of 1.0 always");

  for (guint i = 0; i < 8; i++)
    malt_invocation_report_progress (fixture->invocation, i / 10.0, "step");
  g_assert_cmpuint (fixture->outcome->n_progress, ==, 8);

  for (guint i = 0; i < 10000; i++)
    malt_invocation_report_progress (fixture->invocation, i / 10000.0, NULL);
  n_intervals = (g_get_monotonic_time () - begin) / (50 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (fixture->outcome->n_progress, <=, 8 + n_intervals);

  for (guint i = 0; i < 10000; i++)
    malt_invocation_report_progress (fixture->invocation, 1.0, "done");
  g_assert_cmpstr (fixture->outcome->message, ==, "done");
  g_assert_cmpfloat (fixture->outcome->fraction, ==, 1.0);
  n_intervals = (g_get_monotonic_time () - begin) / (50 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (fixture->outcome->n_progress, <=, 8 + n_intervals + 1);
}

static void
test_progress_that_is_dropped_costs_nothing (Fixture      *fixture,
                                             gconstpointer data)
{
  const guint n = 1000000;
  double nsec;

  malt_invocation_report_progress (fixture->invocation, 1.0, NULL);
  g_test_timer_start ();
  for (guint i = 0; i < n; i++)
    malt_invocation_report_progress (fixture->invocation, 1.0, "the same again");
  nsec = g_test_timer_elapsed () / n * 1e9;
  g_test_minimized_result (nsec, "%.0f ns for a report that is dropped", nsec);
}

static void
test_progress_ends_with_the_answer (Fixture      *fixture,
                                    gconstpointer data)
{
  malt_invocation_return_value (fixture->invocation, NULL);
  malt_invocation_report_progress (fixture->invocation, 1.0, NULL);
  g_assert_cmpuint (fixture->outcome->n_progress, ==, 0);
}

static void
test_progress_of_a_child_is_its_parents (Fixture      *fixture,
                                         gconstpointer data)
{
  g_autoptr (Outcome) child_outcome = outcome_new ();
  g_autoptr (MaltInvocation) child =
    malt_invocation_new (fixture->runtime->runtime, 0, "child", NULL, NULL, &outcome_carrier,
                         child_outcome);

  malt_invocation_set_parent (child, fixture->invocation);
  malt_invocation_report_progress (child, 0.5, "half");
  g_assert_cmpuint (child_outcome->n_progress, ==, 0);
  g_assert_cmpstr (fixture->outcome->message, ==, "half");
}

static void
add_test (const char *path,
          void      (*func) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, func, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/malt/invocation/has-what-it-was-made-with", test_has_what_it_was_made_with);
  add_test ("/malt/invocation/no-args-are-the-unit", test_no_args_are_the_unit);
  add_test ("/malt/invocation/is-boxed", test_is_boxed);
  add_test ("/malt/invocation/cancellable-is-cancelled", test_cancellable_is_cancelled);
  add_test ("/malt/invocation/late-cancellable-is-cancelled", test_late_cancellable_is_cancelled);
  add_test ("/malt/invocation/hook-runs", test_hook_runs);
  add_test ("/malt/invocation/late-hook-runs-at-once", test_late_hook_runs_at_once);
  add_test ("/malt/invocation/answer-takes-the-hook-away", test_answer_takes_the_hook_away);
  add_test ("/malt/invocation/first-reason-stays", test_first_reason_stays);
  g_test_add_func ("/malt/invocation/cancel-errors", test_cancel_errors);
  add_test ("/malt/invocation/time-out-is-named", test_time_out_is_named);
  g_test_add_func ("/malt/invocation/answers", test_answers);
  add_test ("/malt/invocation/owned-value-stays-the-callers", test_owned_value_stays_the_callers);
  add_test ("/malt/invocation/error-is-taken", test_error_is_taken);
  add_test ("/malt/invocation/second-answer-is-critical", test_second_answer_is_critical);
  add_test ("/malt/invocation/run-time-stands-still-at-the-end",
            test_run_time_stands_still_at_the_end);
  g_test_add_func ("/malt/invocation/progress-is-brought-into-range",
                   test_progress_is_brought_into_range);
  add_test ("/malt/invocation/progress-is-rationed", test_progress_is_rationed);
  add_test ("/malt/invocation/progress-that-is-dropped-costs-nothing",
            test_progress_that_is_dropped_costs_nothing);
  add_test ("/malt/invocation/progress-ends-with-the-answer", test_progress_ends_with_the_answer);
  add_test ("/malt/invocation/progress-of-a-child-is-its-parents",
            test_progress_of_a_child_is_its_parents);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-fake-evaluator.h"
#include "malt-test-runtime.h"
#include "malt-unit-module.h"

#include <string.h>

/* More than the pool has threads. */
#define N_MANY 40

typedef struct
{
  TestRuntime *runtime;
  Outcome     *outcome;
  Outcome     *other;
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer data)
{
  self->runtime = test_runtime_new ("fake");
  self->outcome = outcome_new ();
  self->other = outcome_new ();
}

static void
tear_down (Fixture      *self,
           gconstpointer data)
{
  test_runtime_free (self->runtime);
  outcome_free (self->outcome);
  outcome_free (self->other);
}

typedef struct
{
  const char *name;
  const char *function;
  const char *args;
  const char *answer;
} AnswerCase;

static const AnswerCase answer_cases[] = {
  { "eval", "malt.eval", "('Main', '1 + 1', <(1, 'x')>)", "('Main', '1 + 1', <(1, 'x')>)" },
  { "ping", "malt.ping", "('pong', 2)", "'pong'" },
  { "ping-nothing", "malt.ping", "()", "()" },
  { "ping-variant", "malt.ping", "(<5>,)", "<5>" },
  { "import", "malt.import", "('unit',)",
    "['add', 'kwargs', 'nothing', 'owned', 'fail', 'is_main_thread', 'is_pool_thread', 'wait', "
    "'wait_threaded', 'wait_for_value', 'wait_and_fail', 'meet', 'report']" },
  { "list", "malt.list", "()",
    "['deaf', 'echo', 'held', 'malt.eval', 'malt.import', 'malt.list', 'malt.ping', 'malt.sleep', "
    "'nest']" },
  { "sleep", "malt.sleep", "(0.001,)", "()" },
  { "sleep-zero", "malt.sleep", "(0.0,)", "()" },
  { "sleep-negative", "malt.sleep", "(-5.0,)", "()" },
  { "sleep-nan", "malt.sleep", "(nan,)", "()" },
  { "c-function", "unit.add", "(2, 3)", "5" },
  { "c-function-nothing", "unit.nothing", "()", "()" },
  { "c-function-owned", "unit.owned", "()", "'owned'" },
  { "c-function-without-kwargs", "unit.kwargs", "()", "()" },
  { "c-function-in-this-thread", "unit.is_main_thread", "()", "true" },
  { "c-function-in-a-pool-thread", "unit.is_pool_thread", "()", "true" },
  { "evaluator-function", "echo", "(1.5,)", "1.5" },
  { "nested", "nest", "('unit.add', <(2, 3)>)", "5" },
  { "nested-threaded", "nest", "('unit.is_pool_thread', <()>)", "true" },
  { "nested-eval", "nest", "('malt.eval', <('M', 'e', <()>)>)", "('M', 'e', <()>)" },
  { "nested-nested", "nest", "('nest', <('echo', <(3,)>)>)", "3" },
};

static void
test_answer (Fixture      *fixture,
             gconstpointer data)
{
  const AnswerCase *expected = data;

  test_runtime_call (fixture->runtime, expected->function, g_variant_new_parsed (expected->args),
                     fixture->outcome);
  assert_answered (fixture->outcome, expected->answer);
  g_assert_cmpuint (malt_runtime_get_n_unfinished (fixture->runtime->runtime), ==, 0);
}

typedef struct
{
  const char *name;
  const char *function;
  const char *args;
  int         code;
  const char *remote_type; /* NULL: none */
  const char *text;
} ErrorCase;

static const ErrorCase error_cases[] = {
  { "unknown", "absolutely_not", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "There is no function “absolutely_not”" },
  { "unknown-module", "absent.f", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL, "“absent.f”" },
  { "unknown-in-module", "unit.subtract", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "“unit.subtract”" },
  { "unknown-but-near", "malt.pin", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "did you mean “malt.ping”?" },
  { "unknown-but-near-in-module", "unit.ad", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "did you mean “unit.add”?" },
  { "unknown-empty", "", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL, "“”" },
  { "unknown-dots", "..", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL, "“..”" },
  { "unknown-nested", "nest", "('no.where', <()>)", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "“no.where”" },
  { "type", "unit.add", "(2, 'x')", MALT_ERROR_REMOTE_EXCEPTION, "malt.type",
    "with arguments of type “(is)”: it takes “(ii)”" },
  { "type-too-few", "unit.add", "()", MALT_ERROR_REMOTE_EXCEPTION, "malt.type", "“()”" },
  { "type-of-builtin", "malt.sleep", "(1,)", MALT_ERROR_REMOTE_EXCEPTION, "malt.type", "“(d)”" },
  { "type-of-eval-args", "malt.eval", "('', '', <5>)", MALT_ERROR_REMOTE_EXCEPTION, "malt.type",
    "of type “i”" },
  { "foreign-error", "unit.fail", "(false,)", MALT_ERROR_REMOTE_EXCEPTION, "g-io-error-quark:1",
    "No caf\357\277\275 here" },
  { "own-error", "unit.fail", "(true,)", MALT_ERROR_LIMIT, NULL, "Enough" },
  { "nested-error", "nest", "('unit.fail', <(true,)>)", MALT_ERROR_LIMIT, NULL, "Enough" },
  { "import", "malt.import", "('absent',)", MALT_ERROR_REMOTE_EXCEPTION, "malt.import",
    "there is no absent.so in" },
  { "import-bad-name", "malt.import", "('../x',)", MALT_ERROR_REMOTE_EXCEPTION, "malt.import",
    "a module's name is made of" },
};

static void
test_error (Fixture      *fixture,
            gconstpointer data)
{
  const ErrorCase *expected = data;

  test_runtime_call (fixture->runtime, expected->function, g_variant_new_parsed (expected->args),
                     fixture->outcome);
  assert_failed (fixture->outcome, MALT_ERROR, expected->code, expected->text);
  g_assert_cmpstr (malt_error_get_remote_type (fixture->outcome->error), ==, expected->remote_type);
  g_assert_cmpuint (malt_runtime_get_n_unfinished (fixture->runtime->runtime), ==, 0);
}

static void
test_long_unknown_name (Fixture      *fixture,
                        gconstpointer data)
{
  g_autofree char *name = g_strnfill (100000, 'x');

  test_runtime_call (fixture->runtime, name, NULL, fixture->outcome);
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION, NULL);
}

static void
test_sync_function_answers_at_once (Fixture      *fixture,
                                    gconstpointer data)
{
  test_runtime_start (fixture->runtime, "unit.add", g_variant_new_parsed ("(2, 3)"),
                      fixture->outcome);
  assert_answered (fixture->outcome, "5");
}

static void
test_kwargs_arrive (Fixture      *fixture,
                    gconstpointer data)
{
  g_autoptr (MaltInvocation) invocation =
    malt_invocation_new (fixture->runtime->runtime, 1, "unit.kwargs", NULL,
                         g_variant_new_parsed ("{'a': <1>}"), &outcome_carrier, fixture->outcome);

  malt_runtime_dispatch (fixture->runtime->runtime, invocation);
  assert_answered (fixture->outcome, "{'a': <1>}");
}

static void
test_result_type_is_strict (Fixture      *fixture,
                            gconstpointer data)
{
  g_autoptr (MaltInvocation) invocation =
    test_runtime_new_invocation (fixture->runtime, "unit.add", g_variant_new_parsed ("(2, 3)"),
                                 fixture->outcome);

  malt_invocation_set_result_type (invocation, G_VARIANT_TYPE ("d"));
  malt_runtime_dispatch (fixture->runtime->runtime, invocation);
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                 "it is of type “i”, not “d”");
}

static void
test_imported_names_can_be_called_and_listed (Fixture      *fixture,
                                              gconstpointer data)
{
  g_auto (GStrv) names = NULL;
  g_autofree const char **listed = NULL;

  names = malt_runtime_import (fixture->runtime->runtime, "unit", NULL);
  g_assert_true (g_strv_contains ((const char *const *) names, "add"));

  test_runtime_call (fixture->runtime, "malt.list", NULL, fixture->outcome);
  listed = g_variant_get_strv (fixture->outcome->value, NULL);
  g_assert_true (g_strv_contains (listed, "unit.add"));
}

static void
test_sleeps_overlap (Fixture      *fixture,
                     gconstpointer data)
{
  test_runtime_start (fixture->runtime, "malt.sleep", g_variant_new_parsed ("(1e6,)"),
                      fixture->outcome);
  test_runtime_call (fixture->runtime, "malt.sleep", g_variant_new_parsed ("(0.001,)"),
                     fixture->other);
  assert_answered (fixture->other, "()");
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 0);

  malt_runtime_interrupt (fixture->runtime->runtime, 1);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_INTERRUPTED, NULL);
}

static void
test_endless_sleep (Fixture      *fixture,
                    gconstpointer data)
{
  test_runtime_start (fixture->runtime, "malt.sleep", g_variant_new_parsed ("(inf,)"),
                      fixture->outcome);
  malt_runtime_cancel (fixture->runtime->runtime, 1);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  assert_failed (fixture->outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
}

static void
test_pool_functions_overlap (Fixture      *fixture,
                             gconstpointer data)
{
  test_runtime_start (fixture->runtime, "unit.meet", NULL, fixture->outcome);
  test_runtime_start (fixture->runtime, "unit.meet", NULL, fixture->other);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  test_runtime_wait (fixture->runtime, fixture->other);
  assert_answered (fixture->outcome, "()");
  assert_answered (fixture->other, "()");
}

typedef enum
{
  END_INTERRUPT,
  END_LATEST,
  END_CANCEL,
  END_STOP
} End;

typedef struct
{
  const char *name;
  const char *function;
  const char *args;
  guint       n_waiting; /* of the unit module, before it is ended */
} WaitCase;

/* Each ends by itself when it is told to, whatever tells it. */
static const WaitCase wait_cases[] = {
  { "c-function", "unit.wait", "()", 1 },
  { "pool-function", "unit.wait_threaded", "()", 1 },
  { "other-error", "unit.wait_and_fail", "()", 1 },
  { "sleep", "malt.sleep", "(1e6,)", 0 },
  { "evaluator", "held", "()", 0 },
  { "nested-c-function", "nest", "('unit.wait', <()>)", 1 },
  { "nested-pool-function", "nest", "('unit.wait_threaded', <()>)", 1 },
  { "nested-evaluator", "nest", "('held', <()>)", 0 },
};

typedef struct
{
  MaltRuntime    *runtime;
  const WaitCase *waits;
  End             end;
} Ender;

static gpointer
end_call (gpointer user_data)
{
  Ender *self = user_data;

  unit_module_await_waiting (self->waits->n_waiting);
  switch (self->end)
    {
    case END_INTERRUPT:
      malt_runtime_interrupt (self->runtime, 1);
      break;
    case END_LATEST:
      /* There is none before it has been dispatched. */
      while (malt_runtime_get_n_unfinished (self->runtime) == 0)
        g_thread_yield ();
      malt_runtime_interrupt_latest (self->runtime);
      break;
    case END_CANCEL:
      malt_runtime_cancel (self->runtime, 1);
      break;
    case END_STOP:
      malt_runtime_stop (self->runtime);
      break;
    default:
      g_assert_not_reached ();
    }

  return NULL;
}

static void
test_waiting_call_is_ended (Fixture      *fixture,
                            gconstpointer data)
{
  const struct
  {
    End    end;
    GQuark domain;
    int    code;
  } ends[] = {
    { END_INTERRUPT, MALT_ERROR, MALT_ERROR_INTERRUPTED },
    { END_LATEST, MALT_ERROR, MALT_ERROR_INTERRUPTED },
    { END_CANCEL, G_IO_ERROR, G_IO_ERROR_CANCELLED },
    { END_STOP, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER },
  };
  const WaitCase *waits = data;

  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autoptr (TestRuntime) runtime = test_runtime_new ("fake");
      g_autoptr (Outcome) outcome = outcome_new ();
      Ender ender = { runtime->runtime, waits, ends[i].end };
      GThread *thread = g_thread_new ("ender", end_call, &ender);

      test_runtime_call (runtime, waits->function, g_variant_new_parsed (waits->args), outcome);
      g_thread_join (thread);
      assert_failed (outcome, ends[i].domain, ends[i].code, NULL);
      g_assert_cmpuint (malt_runtime_get_n_unfinished (runtime->runtime), ==, 0);
    }
}

static void
test_waiting_call_times_out (Fixture      *fixture,
                             gconstpointer data)
{
  const WaitCase *waits = data;
  g_autoptr (MaltInvocation) invocation =
    test_runtime_new_invocation (fixture->runtime, waits->function,
                                 g_variant_new_parsed (waits->args), fixture->outcome);

  malt_invocation_set_timeout (invocation, 1);
  malt_runtime_dispatch (fixture->runtime->runtime, invocation);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  assert_failed (fixture->outcome, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "within 1 ms");
  g_assert_cmpint (fixture->outcome->run_time_us, >=, 1000);
}

static void
test_traceback_travels (Fixture      *fixture,
                        gconstpointer data)
{
  test_runtime_start (fixture->runtime, "held", NULL, fixture->outcome);
  malt_runtime_interrupt (fixture->runtime->runtime, 1);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  g_assert_cmpstr (malt_error_get_remote_traceback (fixture->outcome->error), ==, "held:1");
  g_assert_cmpstr (malt_error_get_remote_type (fixture->outcome->error), ==, "InterruptException");
}

static void
test_value_in_spite_of_cancelling (Fixture      *fixture,
                                   gconstpointer data)
{
  test_runtime_start (fixture->runtime, "unit.wait_for_value", NULL, fixture->outcome);
  unit_module_await_waiting (1);
  malt_runtime_cancel (fixture->runtime->runtime, 1);
  test_runtime_wait (fixture->runtime, fixture->outcome);
  assert_answered (fixture->outcome, "7");
}

static void
test_cancelled_before_it_came (Fixture      *fixture,
                               gconstpointer data)
{
  malt_runtime_cancel (fixture->runtime->runtime, 1);
  malt_runtime_interrupt (fixture->runtime->runtime, 2);
  test_runtime_start (fixture->runtime, "deaf", NULL, fixture->outcome);
  test_runtime_start (fixture->runtime, "deaf", NULL, fixture->other);
  assert_failed (fixture->outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  assert_failed (fixture->other, MALT_ERROR, MALT_ERROR_INTERRUPTED, NULL);
  g_assert_cmpint (fixture->outcome->run_time_us, ==, 0);
}

static void
test_repeated_id (Fixture      *fixture,
                  gconstpointer data)
{
  test_runtime_start (fixture->runtime, "held", NULL, fixture->outcome);
  fixture->runtime->last_id--;
  test_runtime_start (fixture->runtime, "held", NULL, fixture->other);
  assert_failed (fixture->other, MALT_ERROR, MALT_ERROR_PROTOCOL, NULL);
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 0);
  g_assert_cmpint (malt_runtime_get_call_state (fixture->runtime->runtime, 1), ==, 2);
}

static void
test_call_waiting_for_a_thread_is_withdrawn (Fixture      *fixture,
                                             gconstpointer data)
{
  Outcome *outcomes[N_MANY];
  MaltRuntime *runtime = fixture->runtime->runtime;

  g_test_summary ("Interrupting a call that no pool thread has taken yet ends it at once");

  for (guint i = 0; i < N_MANY; i++)
    {
      outcomes[i] = outcome_new ();
      test_runtime_start (fixture->runtime, "unit.wait_threaded", NULL, outcomes[i]);
    }
  unit_module_await_waiting (16);
  g_assert_cmpint (malt_runtime_get_call_state (runtime, N_MANY), ==, 1);
  malt_runtime_interrupt (runtime, N_MANY);
  test_runtime_wait (fixture->runtime, outcomes[N_MANY - 1]);
  assert_failed (outcomes[N_MANY - 1], MALT_ERROR, MALT_ERROR_INTERRUPTED, NULL);
  g_assert_cmpint (outcomes[N_MANY - 1]->run_time_us, ==, 0);
  g_assert_cmpuint (malt_runtime_get_n_unfinished (runtime), ==, N_MANY - 1);

  malt_runtime_stop (runtime);
  for (guint i = 0; i < N_MANY; i++)
    {
      test_runtime_wait (fixture->runtime, outcomes[i]);
      g_assert_cmpuint (outcomes[i]->n_finished, ==, 1);
      outcome_free (outcomes[i]);
    }
}

static void
test_progress_of_a_nested_pool_function (Fixture      *fixture,
                                         gconstpointer data)
{
  test_runtime_call (fixture->runtime, "nest",
                     g_variant_new_parsed ("('unit.report', <(0.5, 'half')>)"),
                     fixture->outcome);
  assert_answered (fixture->outcome, "()");
  g_assert_cmpuint (fixture->outcome->n_progress, ==, 1);
  g_assert_cmpfloat (fixture->outcome->fraction, ==, 0.5);
  g_assert_cmpstr (fixture->outcome->message, ==, "half");
}

static void
on_nested (GVariant     *value,
           const GError *error,
           gpointer      user_data)
{
  Outcome *self = user_data;

  self->n_finished++;
  self->value = value != NULL ? g_variant_ref (value) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
}

static void
test_nested_without_a_parent (Fixture      *fixture,
                              gconstpointer data)
{
  malt_runtime_call (fixture->runtime->runtime, NULL, "unit.add",
                     g_variant_new_parsed ("(2, 3)"), NULL, on_nested, fixture->outcome);
  assert_answered (fixture->outcome, "5");
}

static void
test_stopped_runtime_runs_nothing (Fixture      *fixture,
                                   gconstpointer data)
{
  malt_runtime_stop (fixture->runtime->runtime);
  malt_runtime_stop (fixture->runtime->runtime);
  test_runtime_start (fixture->runtime, "unit.add", g_variant_new_parsed ("(2, 3)"),
                      fixture->outcome);
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, NULL);
  malt_runtime_call (fixture->runtime->runtime, NULL, "unit.add",
                     g_variant_new_parsed ("(2, 3)"), NULL, on_nested, fixture->other);
  assert_failed (fixture->other, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, NULL);
}

static void
test_end_answers_everything (Fixture      *fixture,
                             gconstpointer data)
{
  const struct
  {
    const char *function;
    const char *args;
  } calls[] = {
    { "held", "()" },
    { "deaf", "()" },
    { "malt.sleep", "(1e6,)" },
    { "unit.wait_threaded", "()" },
    { "nest", "('deaf', <()>)" },
    { "nest", "('unit.wait_threaded', <()>)" },
  };
  Outcome *outcomes[G_N_ELEMENTS (calls)];

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      outcomes[i] = outcome_new ();
      test_runtime_start (fixture->runtime, calls[i].function,
                          g_variant_new_parsed (calls[i].args), outcomes[i]);
    }

  test_runtime_end (fixture->runtime);
  /* What was still on its way comes too late. */
  while (g_main_context_iteration (fixture->runtime->context, FALSE))
    ;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      assert_failed (outcomes[i], MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, NULL);
      outcome_free (outcomes[i]);
    }
}

static void
count_report (const GError *error,
              gpointer      user_data)
{
  g_assert_cmpstr (error->message, ==, "Told");
  (*(guint *) user_data)++;
}

static GLogWriterOutput
keep_message (GLogLevelFlags   level,
              const GLogField *fields,
              gsize            n_fields,
              gpointer         user_data)
{
  char **kept = user_data;

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && level == G_LOG_LEVEL_MESSAGE)
      *kept = g_strdup (fields[i].value);

  return G_LOG_WRITER_HANDLED;
}

static void
test_reports (Fixture      *fixture,
              gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_FAILED, "Told");
  guint n_reports = 0;

  malt_runtime_set_report_func (fixture->runtime->runtime, count_report, &n_reports);
  malt_runtime_report (fixture->runtime->runtime, error);
  g_assert_cmpuint (n_reports, ==, 1);
}

static void
test_reports_to_the_log (Fixture      *fixture,
                         gconstpointer data)
{
  g_autoptr (GError) error = g_error_new_literal (MALT_ERROR, MALT_ERROR_FAILED, "Told");
  char *kept = NULL;

  if (g_test_subprocess ())
    {
      g_log_set_writer_func (keep_message, &kept, NULL);
      malt_runtime_report (fixture->runtime->runtime, error);
      g_assert_cmpstr (kept, ==, "An error that nobody waits for: Told");
      g_free (kept);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

static void
test_has_what_it_was_made_with (void)
{
  const char *const path[] = { "/one", "two", NULL };
  g_autoptr (GMainContext) watch_context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltRuntime) runtime =
    malt_runtime_new (NULL, NULL, path, NULL, watch_context, &error);

  g_assert_no_error (error);
  g_assert_true (malt_runtime_get_context (runtime) == g_main_context_default ());
  g_assert_true (g_strv_equal (malt_runtime_get_module_path (runtime), path));
}

static void
test_no_evaluator (void)
{
  g_autoptr (TestRuntime) runtime = test_runtime_new (NULL);
  g_autoptr (Outcome) evaluated = outcome_new ();
  g_autoptr (Outcome) called = outcome_new ();

  test_runtime_call (runtime, "malt.eval", g_variant_new_parsed ("('', '1', <()>)"), evaluated);
  assert_failed (evaluated, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION, "has no evaluator");
  test_runtime_call (runtime, "unit.add", g_variant_new_parsed ("(2, 3)"), called);
  assert_answered (called, "5");
}

static void
test_bad_starts (void)
{
  const struct
  {
    const char *evaluator;
    const char *options;
    const char *module;
    int         code;
    const char *text;
  } cases[] = {
    { "nonsense", NULL, NULL, MALT_ERROR_START_FAILED, "nonsense" },
    { "incomplete", NULL, NULL, MALT_ERROR_START_FAILED, "does not implement call()" },
    { "fake", "{'fail': <true>}", NULL, MALT_ERROR_START_FAILED, "Told to fail" },
    { "fake", NULL, "absent", MALT_ERROR_REMOTE_EXCEPTION, "there is no absent.so" },
    { "fake", NULL, "no-symbol", MALT_ERROR_REMOTE_EXCEPTION, "does not export" },
    { "fake", NULL, "preload-fails", MALT_ERROR_REMOTE_EXCEPTION, "Its data is not there" },
  };
  g_autofree char *fixtures = g_test_build_filename (G_TEST_BUILT, ".", NULL);
  const char *const path[] = { fixtures, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const modules[] = { cases[i].module, NULL };
      g_autoptr (GMainContext) watch_context = g_main_context_new ();
      g_autoptr (GError) error = NULL;
      GVariant *options = NULL;

      if (cases[i].options != NULL)
        options = g_variant_new_parsed (cases[i].options);
      g_assert_null (malt_runtime_new (cases[i].evaluator, options, path, modules, watch_context,
                                       &error));
      g_assert_error (error, MALT_ERROR, cases[i].code);
      if (strstr (error->message, cases[i].text) == NULL)
        g_error ("“%s” is not in “%s”", cases[i].text, error->message);
    }
}

/* Before any other runtime of this process has imported it. */
static void
test_module_of_the_path (void)
{
  g_autofree char *fixtures = g_test_build_filename (G_TEST_BUILT, ".", NULL);
  const char *const path[] = { fixtures, NULL };
  const char *const modules[] = { "good", NULL };
  g_autoptr (GMainContext) watch_context = g_main_context_new ();
  const char *const *loaded_at_start[] = { NULL, modules };

  for (guint i = 0; i < G_N_ELEMENTS (loaded_at_start); i++)
    {
      g_autofree char *n_preloads = g_strdup_printf ("uint32 %u", i);
      g_autoptr (Outcome) sum = outcome_new ();
      g_autoptr (Outcome) preloads = outcome_new ();
      g_autoptr (Outcome) broken = outcome_new ();
      g_autoptr (GError) error = NULL;
      TestRuntime runtime = { .runtime = malt_runtime_new ("fake", NULL, path, loaded_at_start[i],
                                                           watch_context, &error) };

      g_assert_no_error (error);
      test_runtime_start (&runtime, "good.add", g_variant_new_parsed ("(2, 3)"), sum);
      assert_answered (sum, "5");
      test_runtime_start (&runtime, "good.n_preloads", NULL, preloads);
      assert_answered (preloads, n_preloads);
      test_runtime_start (&runtime, "load-fails.f", NULL, broken);
      assert_failed (broken, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION, "There is no room for it");
      test_runtime_end (&runtime);
    }
}

static void
add_test (const char   *group,
          const char   *name,
          gconstpointer data,
          void        (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/malt/runtime/", group, name, NULL);

  g_test_add (path, Fixture, data, set_up, func, tear_down);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  fake_evaluator_register ();
  unit_module_register ();

  for (guint i = 0; i < G_N_ELEMENTS (answer_cases); i++)
    add_test ("answer/", answer_cases[i].name, &answer_cases[i], test_answer);
  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    add_test ("error/", error_cases[i].name, &error_cases[i], test_error);
  for (guint i = 0; i < G_N_ELEMENTS (wait_cases); i++)
    {
      add_test ("waiting-call-is-ended/", wait_cases[i].name, &wait_cases[i],
                test_waiting_call_is_ended);
      add_test ("waiting-call-times-out/", wait_cases[i].name, &wait_cases[i],
                test_waiting_call_times_out);
    }
  add_test ("", "long-unknown-name", NULL, test_long_unknown_name);
  add_test ("", "sync-function-answers-at-once", NULL, test_sync_function_answers_at_once);
  add_test ("", "kwargs-arrive", NULL, test_kwargs_arrive);
  add_test ("", "result-type-is-strict", NULL, test_result_type_is_strict);
  add_test ("", "imported-names-can-be-called-and-listed", NULL,
            test_imported_names_can_be_called_and_listed);
  add_test ("", "sleeps-overlap", NULL, test_sleeps_overlap);
  add_test ("", "endless-sleep", NULL, test_endless_sleep);
  add_test ("", "pool-functions-overlap", NULL, test_pool_functions_overlap);
  add_test ("", "traceback-travels", NULL, test_traceback_travels);
  add_test ("", "value-in-spite-of-cancelling", NULL, test_value_in_spite_of_cancelling);
  add_test ("", "cancelled-before-it-came", NULL, test_cancelled_before_it_came);
  add_test ("", "repeated-id", NULL, test_repeated_id);
  add_test ("", "call-waiting-for-a-thread-is-withdrawn", NULL,
            test_call_waiting_for_a_thread_is_withdrawn);
  add_test ("", "progress-of-a-nested-pool-function", NULL,
            test_progress_of_a_nested_pool_function);
  add_test ("", "nested-without-a-parent", NULL, test_nested_without_a_parent);
  add_test ("", "stopped-runtime-runs-nothing", NULL, test_stopped_runtime_runs_nothing);
  add_test ("", "end-answers-everything", NULL, test_end_answers_everything);
  add_test ("", "reports", NULL, test_reports);
  add_test ("", "reports-to-the-log", NULL, test_reports_to_the_log);
  g_test_add_func ("/malt/runtime/has-what-it-was-made-with", test_has_what_it_was_made_with);
  g_test_add_func ("/malt/runtime/no-evaluator", test_no_evaluator);
  g_test_add_func ("/malt/runtime/bad-starts", test_bad_starts);
  g_test_add_func ("/malt/runtime/module-of-the-path", test_module_of_the_path);

  return g_test_run ();
}

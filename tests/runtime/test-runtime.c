/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-runtime-fixture.h"

#include <string.h>

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
    "['deaf', 'echo', 'held', 'malt.channel.close', 'malt.channel.drop', "
    "'malt.channel.give_back', 'malt.channel.is_ready', 'malt.channel.open', 'malt.channel.put', "
    "'malt.channel.put_many', 'malt.channel.recall', 'malt.channel.take', "
    "'malt.channel.take_many', 'malt.channel.wait', 'malt.channel.withdraw', 'malt.eval', "
    "'malt.import', 'malt.list', 'malt.ping', 'malt.signature', 'malt.sleep', 'nest']" },
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
  { "unknown-module", "absent.f", "()", MALT_ERROR_UNKNOWN_FUNCTION, NULL,
    "There is no function “absent.f”: there is no absent.so in /" },
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

int
main (int   argc,
      char *argv[])
{
  fixture_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (answer_cases); i++)
    fixture_add ("answer", answer_cases[i].name, &answer_cases[i], test_answer);
  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    fixture_add ("error", error_cases[i].name, &error_cases[i], test_error);
  fixture_add ("", "long-unknown-name", NULL, test_long_unknown_name);
  fixture_add ("", "sync-function-answers-at-once", NULL, test_sync_function_answers_at_once);
  fixture_add ("", "kwargs-arrive", NULL, test_kwargs_arrive);
  fixture_add ("", "result-type-is-strict", NULL, test_result_type_is_strict);
  fixture_add ("", "imported-names-can-be-called-and-listed", NULL,
               test_imported_names_can_be_called_and_listed);
  fixture_add ("", "progress-of-a-nested-pool-function", NULL,
               test_progress_of_a_nested_pool_function);
  fixture_add ("", "nested-without-a-parent", NULL, test_nested_without_a_parent);
  fixture_add ("", "stopped-runtime-runs-nothing", NULL, test_stopped_runtime_runs_nothing);
  fixture_add ("", "reports", NULL, test_reports);
  fixture_add ("", "reports-to-the-log", NULL, test_reports_to_the_log);
  g_test_add_func ("/malt/runtime/has-what-it-was-made-with", test_has_what_it_was_made_with);
  g_test_add_func ("/malt/runtime/no-evaluator", test_no_evaluator);
  g_test_add_func ("/malt/runtime/bad-starts", test_bad_starts);
  g_test_add_func ("/malt/runtime/module-of-the-path", test_module_of_the_path);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-runtime-fixture.h"
#include "malt-unit-module.h"

/* More than the pool has threads. */
#define N_MANY 40

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

static guint
attach_idle_source (GMainContext *context)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  guint id = g_source_attach (source, context);

  g_source_destroy (source);
  return id;
}

/* A main loop looks at each source in each turn, and gives them numbers one by one. */
static void
test_sleeps_share_a_source (Fixture      *fixture,
                            gconstpointer data)
{
  guint before = attach_idle_source (fixture->runtime->context);

  for (guint64 id = 1; id <= N_MANY; id++)
    g_assert_cmpuint (test_runtime_start (fixture->runtime, "malt.sleep",
                                          g_variant_new_parsed ("(1e6,)"), fixture->outcome),
                      ==, id);
  g_assert_cmpuint (attach_idle_source (fixture->runtime->context) - before, <=, 2);

  for (guint64 id = 1; id <= N_MANY; id++)
    malt_runtime_cancel (fixture->runtime->runtime, id);
  while (fixture->outcome->n_finished < N_MANY)
    g_main_context_iteration (fixture->runtime->context, TRUE);
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
test_second_interrupt (Fixture      *fixture,
                       gconstpointer data)
{
  g_test_summary ("A call whose hook is called a second time is answered once");

  test_runtime_start (fixture->runtime, "held", NULL, fixture->outcome);
  malt_runtime_interrupt (fixture->runtime->runtime, 1);
  malt_runtime_interrupt (fixture->runtime->runtime, 1);
  while (g_main_context_iteration (fixture->runtime->context, FALSE))
    ;
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_INTERRUPTED, NULL);
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 1);
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
test_answer_after_the_end_is_dropped (Fixture      *fixture,
                                      gconstpointer data)
{
  g_autoptr (MaltInvocation) cancelled =
    test_runtime_new_invocation (fixture->runtime, "deaf", NULL, fixture->outcome);
  g_autoptr (MaltInvocation) other =
    test_runtime_new_invocation (fixture->runtime, "deaf", NULL, fixture->other);

  malt_runtime_dispatch (fixture->runtime->runtime, cancelled);
  malt_runtime_dispatch (fixture->runtime->runtime, other);
  malt_runtime_cancel (fixture->runtime->runtime, malt_invocation_get_id (cancelled));
  test_runtime_end (fixture->runtime);
  malt_invocation_return_value (cancelled, NULL);
  malt_invocation_return_value (other, NULL);
  assert_failed (fixture->outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
  assert_failed (fixture->other, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, NULL);
}

int
main (int   argc,
      char *argv[])
{
  fixture_init (&argc, &argv);

  for (guint i = 0; i < G_N_ELEMENTS (wait_cases); i++)
    {
      fixture_add ("waiting-call-is-ended", wait_cases[i].name, &wait_cases[i],
                   test_waiting_call_is_ended);
      fixture_add ("waiting-call-times-out", wait_cases[i].name, &wait_cases[i],
                   test_waiting_call_times_out);
    }
  fixture_add ("", "sleeps-overlap", NULL, test_sleeps_overlap);
  fixture_add ("", "sleeps-share-a-source", NULL, test_sleeps_share_a_source);
  fixture_add ("", "endless-sleep", NULL, test_endless_sleep);
  fixture_add ("", "pool-functions-overlap", NULL, test_pool_functions_overlap);
  fixture_add ("", "traceback-travels", NULL, test_traceback_travels);
  fixture_add ("", "second-interrupt", NULL, test_second_interrupt);
  fixture_add ("", "value-in-spite-of-cancelling", NULL, test_value_in_spite_of_cancelling);
  fixture_add ("", "cancelled-before-it-came", NULL, test_cancelled_before_it_came);
  fixture_add ("", "repeated-id", NULL, test_repeated_id);
  fixture_add ("", "call-waiting-for-a-thread-is-withdrawn", NULL,
               test_call_waiting_for_a_thread_is_withdrawn);
  fixture_add ("", "end-answers-everything", NULL, test_end_answers_everything);
  fixture_add ("", "answer-after-the-end-is-dropped", NULL, test_answer_after_the_end_is_dropped);

  return g_test_run ();
}

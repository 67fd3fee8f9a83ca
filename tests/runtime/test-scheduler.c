/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-test-runtime.h"

#include "malt/runtime/malt-runtime-private.h"

#define IDS_MAX 9

/* Calls that somebody else ends, under one scheduler. */
typedef struct
{
  TestRuntime    *runtime;
  MaltScheduler  *scheduler;
  Outcome        *outcome;
  MaltInvocation *calls[IDS_MAX + 1]; /* by id; owned (nullable) */
  gboolean        ran[IDS_MAX + 1];   /* whether add() let it run */
} Fixture;

static void
set_up (Fixture      *self,
        gconstpointer data)
{
  self->runtime = test_runtime_new (NULL);
  self->scheduler = malt_runtime_get_scheduler (self->runtime->runtime);
  self->outcome = outcome_new ();
}

static void
tear_down (Fixture      *self,
           gconstpointer data)
{
  for (guint id = 0; id <= IDS_MAX; id++)
    if (self->calls[id] != NULL)
      {
        malt_scheduler_remove (self->scheduler, self->calls[id]);
        malt_invocation_unref (self->calls[id]);
      }
  test_runtime_free (self->runtime);
  outcome_free (self->outcome);
}

static MaltInvocation *
new_call (Fixture    *self,
          guint64     id,
          const char *function)
{
  return malt_invocation_new (self->runtime->runtime, id, function, NULL, NULL, &outcome_carrier,
                              self->outcome);
}

static void
add_call (Fixture    *self,
          guint64     id,
          const char *function)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (self->calls[id]);
  self->calls[id] = new_call (self, id, function);
  self->ran[id] = malt_scheduler_add (self->scheduler, self->calls[id], &error);
  g_assert_true (self->ran[id] == (error == NULL));
}

static MaltCancelReason
get_reason (Fixture *self,
            guint    id)
{
  return malt_invocation_get_cancel_reason (self->calls[id]);
}

/* One letter and a digit each: d2 a call arrives under the id 2, c2 one of a channel operation,
 * e2 it ends, x2 cancel, i2 interrupt up to 2, l0 interrupt the latest. */
static void
run_script (Fixture    *self,
            const char *script)
{
  for (const char *step = script; *step != '\0'; step += step[2] == ' ' ? 3 : 2)
    {
      guint id = (guint) (step[1] - '0');

      switch (step[0])
        {
        case 'd':
          add_call (self, id, "mod.func");
          break;
        case 'c':
          add_call (self, id, "malt.channel.take");
          break;
        case 'e':
          malt_scheduler_remove (self->scheduler, self->calls[id]);
          break;
        case 'x':
          malt_scheduler_cancel (self->scheduler, id);
          break;
        case 'i':
          malt_scheduler_interrupt (self->scheduler, id);
          break;
        case 'l':
          malt_scheduler_interrupt_latest (self->scheduler);
          break;
        default:
          g_assert_not_reached ();
        }
    }
}

typedef struct
{
  const char *name;
  const char *script;
  const char *expected; /* a letter for each id from 1: - nothing, i interrupted, x cancelled;
                           I and X the same, and it did not run; . there is none */
} Case;

static const Case cases[] = {
  { "idle", "i0", "" },
  { "nothing-yet", "l0 d1", "-" },
  { "over", "d1 e1 i1 d2", "--" },
  { "over-latest", "d1 e1 l0 d2", "--" },
  { "one", "d1 i1", "i" },
  { "latest-of-two", "d1 d2 i2", "-i" },
  { "latest", "d1 d2 l0", "-i" },
  { "not-what-was-sent-later", "d1 d2 i1", "i-" },
  { "latest-is-over", "d1 d2 e2 i2", "i-" },
  { "second-goes-to-the-one-before", "d1 d2 i2 i2", "ii" },
  { "third-goes-nowhere-else", "d1 d2 i2 i2 i2 d3", "ii-" },
  { "channel-is-excepted", "d1 c2 i2", "i-" },
  { "channel-alone", "c1 i1", "-" },
  { "channel-latest", "d1 c2 l0", "i-" },
  { "ahead", "d1 i2 d2", "-I" },
  { "ahead-of-the-first", "i1 d1 d2", "I-" },
  { "two-ahead", "i2 i2 d1 d2", "II" },
  { "two-ahead-one-there", "d1 i2 i2 d2", "iI" },
  { "three-ahead", "i3 i3 i3 d1 d2 d3", "III" },
  { "ahead-of-a-channel-moves-on", "d1 i2 c2", "i-" },
  { "ahead-of-a-channel-moves-past-over", "d1 d2 e2 i3 c3", "i--" },
  { "ahead-of-a-channel-alone", "i1 c1 d2", "--" },
  { "ahead-of-what-never-comes", "d1 i2 d3", "-.-" },
  { "cancelled", "d1 d2 x1", "x-" },
  { "cancelled-over", "d1 e1 x1 d2", "--" },
  { "cancelled-twice", "d1 x1 x1 d2", "x-" },
  { "cancelled-ahead", "x2 d1 d2", "-X" },
  { "cancelled-channel", "c1 x1", "x" },
  { "cancelled-channel-ahead", "x1 c1", "X" },
  { "cancelled-ahead-of-what-never-comes", "x2 d1 d3 d4", "-.--" },
  { "cancelled-then-interrupted", "d1 x1 i1", "x" },
  { "interrupted-then-cancelled", "d1 i1 x1", "i" },
  { "interrupt-passes-over-the-cancelled", "d1 d2 x2 i2", "ix" },
  { "interrupt-passes-over-the-cancelled-ahead", "x2 d1 i2 d2", "iX" },
  { "cancel-nobody", "x0 d1", "-" },
};

static void
test_script (Fixture      *fixture,
             gconstpointer data)
{
  static const char letters[] = { '-', 'x', 'i' };
  const Case *expected = data;

  run_script (fixture, expected->script);
  for (guint i = 0; expected->expected[i] != '\0'; i++)
    {
      guint id = i + 1;
      char letter;

      if (fixture->calls[id] == NULL)
        {
          g_assert_cmpint (expected->expected[i], ==, '.');
          continue;
        }
      letter = letters[get_reason (fixture, id)];
      if (!fixture->ran[id])
        letter = g_ascii_toupper (letter);
      g_assert_cmpint (letter, ==, expected->expected[i]);
    }
}

static void
count_hook (MaltInvocation *invocation,
            gpointer        user_data)
{
  (*(guint *) user_data)++;
}

static void
test_second_interrupt_pokes (Fixture      *fixture,
                             gconstpointer data)
{
  guint n_runs = 0;

  add_call (fixture, 1, "mod.func");
  malt_invocation_set_cancel_func (fixture->calls[1], count_hook, &n_runs);
  malt_scheduler_interrupt (fixture->scheduler, 1);
  malt_scheduler_interrupt (fixture->scheduler, 1);
  g_assert_cmpuint (n_runs, ==, 2);
  g_assert_cmpint (get_reason (fixture, 1), ==, MALT_CANCEL_REASON_INTERRUPTED);
}

static void
test_ids_grow (Fixture      *fixture,
               gconstpointer data)
{
  const guint64 bad_ids[] = { 1, 2, G_GUINT64_CONSTANT (1) << 63, G_MAXUINT64 };

  add_call (fixture, 2, "mod.func");
  for (guint i = 0; i < G_N_ELEMENTS (bad_ids); i++)
    {
      g_autoptr (MaltInvocation) call = new_call (fixture, bad_ids[i], "mod.func");
      g_autoptr (GError) error = NULL;

      g_assert_false (malt_scheduler_add (fixture->scheduler, call, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
      g_assert_cmpuint (malt_scheduler_get_n_unfinished (fixture->scheduler), ==, 1);
      malt_scheduler_remove (fixture->scheduler, call);
    }
  g_assert_cmpint (get_reason (fixture, 2), ==, MALT_CANCEL_REASON_NONE);
}

static void
test_marks_are_bounded (Fixture      *fixture,
                        gconstpointer data)
{
  const guint64 last = MALT_SCHEDULER_MAX_MARKS;
  g_autoptr (MaltInvocation) known = new_call (fixture, last, "mod.func");
  g_autoptr (MaltInvocation) lost = new_call (fixture, last + 1, "mod.func");
  g_autoptr (GError) error = NULL;

  for (guint64 id = 1; id <= last + 1; id++)
    malt_scheduler_cancel (fixture->scheduler, id);

  g_assert_false (malt_scheduler_add (fixture->scheduler, known, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (malt_scheduler_add (fixture->scheduler, lost, &error));
  g_assert_no_error (error);

  malt_scheduler_remove (fixture->scheduler, known);
  malt_scheduler_remove (fixture->scheduler, lost);
}

static void
add_child (Fixture *self,
           guint    slot,
           guint    parent_slot)
{
  self->calls[slot] = new_call (self, 0, "mod.child");
  malt_invocation_set_parent (self->calls[slot], self->calls[parent_slot]);
  self->ran[slot] = malt_scheduler_add (self->scheduler, self->calls[slot], NULL);
}

static void
test_children_share_the_cancelling (Fixture      *fixture,
                                    gconstpointer data)
{
  guint n_runs = 0;

  add_call (fixture, 1, "mod.func");
  add_call (fixture, 2, "mod.func");
  add_child (fixture, 3, 1);
  add_child (fixture, 4, 3);
  add_child (fixture, 5, 2);
  add_child (fixture, 6, 1);
  malt_scheduler_remove (fixture->scheduler, fixture->calls[6]);
  malt_invocation_set_cancel_func (fixture->calls[4], count_hook, &n_runs);

  malt_scheduler_cancel (fixture->scheduler, 1);
  add_child (fixture, 7, 3);

  g_assert_cmpint (get_reason (fixture, 3), ==, MALT_CANCEL_REASON_CANCELLED);
  g_assert_cmpint (get_reason (fixture, 4), ==, MALT_CANCEL_REASON_CANCELLED);
  g_assert_cmpint (get_reason (fixture, 5), ==, MALT_CANCEL_REASON_NONE);
  g_assert_cmpint (get_reason (fixture, 6), ==, MALT_CANCEL_REASON_NONE);
  g_assert_cmpint (get_reason (fixture, 7), ==, MALT_CANCEL_REASON_CANCELLED);
  g_assert_cmpuint (n_runs, ==, 1);
  g_assert_false (fixture->ran[7]);
}

static void
test_child_may_outlive_its_parent (Fixture      *fixture,
                                   gconstpointer data)
{
  add_call (fixture, 1, "mod.func");
  add_child (fixture, 3, 1);
  malt_scheduler_remove (fixture->scheduler, fixture->calls[1]);
  g_clear_pointer (&fixture->calls[1], malt_invocation_unref);

  malt_scheduler_cancel (fixture->scheduler, 1);
  g_assert_cmpint (get_reason (fixture, 3), ==, MALT_CANCEL_REASON_NONE);
  malt_scheduler_stop (fixture->scheduler);
  g_assert_cmpint (get_reason (fixture, 3), ==, MALT_CANCEL_REASON_STOPPED);
}

static void
test_children_are_not_interrupted_alone (Fixture      *fixture,
                                         gconstpointer data)
{
  add_call (fixture, 1, "malt.channel.take");
  add_child (fixture, 3, 1);
  malt_scheduler_interrupt (fixture->scheduler, 1);
  g_assert_cmpint (get_reason (fixture, 3), ==, MALT_CANCEL_REASON_NONE);
}

static void
test_chain_of_children_is_no_recursion (Fixture      *fixture,
                                        gconstpointer data)
{
  const guint n = 50000;
  g_autoptr (GPtrArray) chain =
    g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);

  add_call (fixture, 1, "mod.func");
  for (guint i = 0; i < n; i++)
    {
      MaltInvocation *call = new_call (fixture, 0, "mod.child");

      malt_invocation_set_parent (call, i == 0 ? fixture->calls[1] : chain->pdata[i - 1]);
      g_ptr_array_add (chain, call);
      g_assert_true (malt_scheduler_add (fixture->scheduler, call, NULL));
    }

  malt_scheduler_cancel (fixture->scheduler, 1);
  g_assert_cmpint (malt_invocation_get_cancel_reason (chain->pdata[n - 1]), ==,
                   MALT_CANCEL_REASON_CANCELLED);

  /* From the end, so that no unref takes a whole chain along. */
  while (chain->len > 0)
    {
      malt_scheduler_remove (fixture->scheduler, chain->pdata[chain->len - 1]);
      g_ptr_array_set_size (chain, (int) chain->len - 1);
    }
}

static void
test_stop_ends_everything (Fixture      *fixture,
                           gconstpointer data)
{
  add_call (fixture, 1, "mod.func");
  add_call (fixture, 2, "malt.channel.take");
  add_child (fixture, 5, 1);
  malt_scheduler_cancel (fixture->scheduler, 2);
  malt_scheduler_stop (fixture->scheduler);
  add_call (fixture, 3, "mod.func");

  g_assert_cmpint (get_reason (fixture, 1), ==, MALT_CANCEL_REASON_STOPPED);
  g_assert_cmpint (get_reason (fixture, 2), ==, MALT_CANCEL_REASON_CANCELLED);
  g_assert_cmpint (get_reason (fixture, 5), ==, MALT_CANCEL_REASON_STOPPED);
  g_assert_cmpint (get_reason (fixture, 3), ==, MALT_CANCEL_REASON_STOPPED);
  g_assert_false (fixture->ran[3]);
}

static void
test_states (Fixture      *fixture,
             gconstpointer data)
{
  add_call (fixture, 1, "mod.func");
  add_call (fixture, 2, "mod.func");
  malt_invocation_start (fixture->calls[2]);
  add_call (fixture, 3, "mod.func");
  malt_scheduler_remove (fixture->scheduler, fixture->calls[3]);

  g_assert_cmpint (malt_scheduler_get_call_state (fixture->scheduler, 0), ==, 0);
  g_assert_cmpint (malt_scheduler_get_call_state (fixture->scheduler, 1), ==, 1);
  g_assert_cmpint (malt_scheduler_get_call_state (fixture->scheduler, 2), ==, 2);
  g_assert_cmpint (malt_scheduler_get_call_state (fixture->scheduler, 3), ==, 0);
  g_assert_cmpint (malt_scheduler_get_call_state (fixture->scheduler, 4), ==, 1);
  g_assert_cmpuint (malt_scheduler_get_n_unfinished (fixture->scheduler), ==, 2);
}

static void
wake_context (MaltInvocation *invocation,
              gpointer        user_data)
{
  g_main_context_wakeup (user_data);
}

static void
test_time_out (Fixture      *fixture,
               gconstpointer data)
{
  fixture->calls[1] = new_call (fixture, 1, "mod.func");
  malt_invocation_set_timeout (fixture->calls[1], 1);
  malt_invocation_set_cancel_func (fixture->calls[1], wake_context, fixture->runtime->context);
  g_assert_true (malt_scheduler_add (fixture->scheduler, fixture->calls[1], NULL));
  malt_invocation_start (fixture->calls[1]);

  while (get_reason (fixture, 1) == MALT_CANCEL_REASON_NONE)
    g_main_context_iteration (fixture->runtime->context, TRUE);
  g_assert_cmpint (get_reason (fixture, 1), ==, MALT_CANCEL_REASON_TIMED_OUT);
}

typedef struct
{
  MaltScheduler *scheduler;
  guint64        last_id;
} Tormentor;

static gpointer
torment (gpointer user_data)
{
  Tormentor *self = user_data;

  for (guint64 id = 1; id <= self->last_id; id++)
    {
      malt_scheduler_cancel (self->scheduler, id);
      malt_scheduler_interrupt (self->scheduler, id / 2);
      malt_scheduler_interrupt_latest (self->scheduler);
      malt_scheduler_get_call_state (self->scheduler, id);
    }

  return NULL;
}

static void
test_other_threads_meddle (Fixture      *fixture,
                           gconstpointer data)
{
  Tormentor tormentor = { fixture->scheduler, 20000 };
  g_autoptr (GThread) thread = g_thread_new ("tormentor", torment, &tormentor);

  g_test_summary ("Cancels and interrupts of another thread meet calls that begin and end");

  for (guint64 id = 1; id <= tormentor.last_id; id++)
    {
      g_autoptr (MaltInvocation) call = new_call (fixture, id, "mod.func");
      gboolean runs = malt_scheduler_add (fixture->scheduler, call, NULL);
      MaltCancelReason reason = malt_invocation_get_cancel_reason (call);
      guint n_runs = 0;

      g_assert_true (runs || reason != MALT_CANCEL_REASON_NONE);
      malt_invocation_set_cancel_func (call, count_hook, &n_runs);
      malt_invocation_set_cancel_func (call, NULL, NULL);
      malt_scheduler_remove (fixture->scheduler, call);
    }

  g_thread_join (g_steal_pointer (&thread));
  g_assert_cmpuint (malt_scheduler_get_n_unfinished (fixture->scheduler), ==, 0);
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

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/scheduler/interrupt/", cases[i].name, NULL);

      g_test_add (path, Fixture, &cases[i], set_up, test_script, tear_down);
    }
  add_test ("/malt/scheduler/second-interrupt-pokes", test_second_interrupt_pokes);
  add_test ("/malt/scheduler/ids-grow", test_ids_grow);
  add_test ("/malt/scheduler/marks-are-bounded", test_marks_are_bounded);
  add_test ("/malt/scheduler/children-share-the-cancelling", test_children_share_the_cancelling);
  add_test ("/malt/scheduler/child-may-outlive-its-parent", test_child_may_outlive_its_parent);
  add_test ("/malt/scheduler/children-are-not-interrupted-alone",
            test_children_are_not_interrupted_alone);
  add_test ("/malt/scheduler/chain-of-children-is-no-recursion",
            test_chain_of_children_is_no_recursion);
  add_test ("/malt/scheduler/stop-ends-everything", test_stop_ends_everything);
  add_test ("/malt/scheduler/states", test_states);
  add_test ("/malt/scheduler/time-out", test_time_out);
  add_test ("/malt/scheduler/other-threads-meddle", test_other_threads_meddle);

  return g_test_run ();
}

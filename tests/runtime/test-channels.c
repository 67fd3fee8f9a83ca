/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-test-runtime.h"

#include "malt/malt-error.h"
#include "malt/malt-local-channel-private.h"

/* The built-in functions of channels, without an evaluator: the channel is made here. */
typedef struct
{
  TestRuntime      *runtime;
  MaltLocalChannel *channel;
  const char       *path;
  Outcome          *outcome;
  Outcome          *other;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->runtime = test_runtime_new (NULL);
  fixture->channel = malt_local_channel_new (2);
  fixture->path = malt_runtime_export_channel (fixture->runtime->runtime, fixture->channel);
  fixture->outcome = outcome_new ();
  fixture->other = outcome_new ();
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  test_runtime_free (fixture->runtime);
  outcome_free (fixture->outcome);
  outcome_free (fixture->other);
  g_assert_finalize_object (fixture->channel);
}

static void
put (Fixture *fixture,
     gint64   number)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_int64 (number));

  g_assert_true (malt_local_channel_try_put (fixture->channel, value));
}

static void
start (Fixture    *fixture,
       const char *function,
       const char *more_args,
       Outcome    *outcome)
{
  g_autofree char *args = g_strdup_printf ("(objectpath '%s',%s)", fixture->path, more_args);

  test_runtime_start (fixture->runtime, function, g_variant_new_parsed (args), outcome);
}

static void
test_path (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_true (malt_runtime_export_channel (fixture->runtime->runtime, fixture->channel)
                 == fixture->path);
  g_assert_true (malt_runtime_lookup_channel (fixture->runtime->runtime, fixture->path)
                 == fixture->channel);
  g_assert_null (malt_runtime_lookup_channel (fixture->runtime->runtime, "/no/such"));
}

static void
test_unknown (Fixture       *fixture,
              gconstpointer  data)
{
  test_runtime_start (fixture->runtime, "malt.channel.take",
                      g_variant_new_parsed ("(objectpath '/no/such',)"), fixture->outcome);
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL, "“/no/such”");
}

static void
test_take_waits (Fixture       *fixture,
                 gconstpointer  data)
{
  start (fixture, "malt.channel.take", "", fixture->outcome);
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 0);
  put (fixture, 7);
  assert_answered (fixture->outcome, "int64 7");
}

static void
test_many (Fixture       *fixture,
           gconstpointer  data)
{
  start (fixture, "malt.channel.put_many", "[<1>, <2>, <3>]", fixture->outcome);
  assert_answered (fixture->outcome, "uint32 2");
  start (fixture, "malt.channel.take_many", "uint32 5, uint32 0",
         fixture->other);
  assert_answered (fixture->other, "([<1>, <2>], false)");
}

static void
test_withdraw (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr (Outcome) withdrawn = outcome_new ();

  start (fixture, "malt.channel.take_many", "uint32 5, uint32 0",
         fixture->outcome);
  start (fixture, "malt.channel.withdraw", "", withdrawn);
  assert_answered (fixture->outcome, "(@av [], true)");
  assert_answered (withdrawn, "()");
  put (fixture, 1);
  start (fixture, "malt.channel.is_ready", "", fixture->other);
  assert_answered (fixture->other, "true");
}

/* What is on loan comes back for whoever asks, before what was put later. */
static void
test_loan (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (Outcome) recalled = outcome_new ();
  g_autoptr (Outcome) given_back = outcome_new ();

  put (fixture, 1);
  put (fixture, 2);
  start (fixture, "malt.channel.recall", "", recalled);
  start (fixture, "malt.channel.take_many", "uint32 1, uint32 5",
         fixture->outcome);
  assert_answered (fixture->outcome, "([<int64 1>, <int64 2>], false)");
  put (fixture, 3);
  g_assert_cmpuint (recalled->n_finished, ==, 0);

  start (fixture, "malt.channel.take", "", fixture->other);
  g_assert_cmpuint (fixture->other->n_finished, ==, 0);
  assert_answered (recalled, "()");
  start (fixture, "malt.channel.give_back", "[<int64 2>]", given_back);
  assert_answered (given_back, "()");
  assert_answered (fixture->other, "int64 2");
}

static void
test_close (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr (Outcome) closed = outcome_new ();

  start (fixture, "malt.channel.take", "", fixture->outcome);
  start (fixture, "malt.channel.wait", "", fixture->other);
  start (fixture, "malt.channel.close", "", closed);
  assert_answered (closed, "()");
  assert_failed (fixture->outcome, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED, NULL);
  assert_failed (fixture->other, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED, NULL);
}

/* Neither waits any more when the runtime is gone. */
static void
test_end (Fixture       *fixture,
          gconstpointer  data)
{
  start (fixture, "malt.channel.take", "", fixture->outcome);
  start (fixture, "malt.channel.recall", "", fixture->other);
}

/* What is about a channel that only a value has named has an answer when that is gone. */
static void
test_recall_of_what_is_gone (Fixture       *fixture,
                             gconstpointer  data)
{
  start (fixture, "malt.channel.recall", "", fixture->outcome);
  g_assert_cmpuint (fixture->outcome->n_finished, ==, 0);
  g_assert_finalize_object (fixture->channel);
  assert_answered (fixture->outcome, "()");

  fixture->channel = malt_local_channel_new (0);
}

/* One that is told of a put, and takes the value before that has even begun to wait. */
typedef struct
{
  MaltChannelWaiter  waiter; /* first: it is found by it */
  MaltLocalChannel  *channel;
  GVariant          *taken;
} QuickTaker;

static void
take_at_once (MaltChannelWaiter *waiter)
{
  QuickTaker *self = (QuickTaker *) waiter;

  self->taken = malt_local_channel_try_take (self->channel);
}

static void
test_put_is_taken_meanwhile (Fixture       *fixture,
                             gconstpointer  data)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (0);
  QuickTaker taker = {
    .waiter = { .verb = MALT_CHANNEL_VERB_WAIT, .func = take_at_once },
    .channel = channel,
  };

  fixture->path = malt_runtime_export_channel (fixture->runtime->runtime, channel);
  g_assert_false (malt_local_channel_begin (channel, &taker.waiter));
  start (fixture, "malt.channel.put", "<7>", fixture->outcome);
  assert_answered (fixture->outcome, "()");
  g_assert_cmpint (g_variant_get_int32 (taker.taken), ==, 7);
  g_variant_unref (taker.taken);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "/malt/channels/path", test_path },
    { "/malt/channels/unknown", test_unknown },
    { "/malt/channels/take-waits", test_take_waits },
    { "/malt/channels/many", test_many },
    { "/malt/channels/withdraw", test_withdraw },
    { "/malt/channels/loan", test_loan },
    { "/malt/channels/close", test_close },
    { "/malt/channels/recall-of-what-is-gone", test_recall_of_what_is_gone },
    { "/malt/channels/put-is-taken-meanwhile", test_put_is_taken_meanwhile },
    { "/malt/channels/end", test_end },
  };

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);

  return g_test_run ();
}

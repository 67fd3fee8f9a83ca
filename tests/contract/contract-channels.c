/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"

#include <signal.h>

/* Enough for the read-ahead to come into its own, and over in a moment. */
#define MANY_ITEMS 100000

/* How much a process may grow while many times that passes through it. */
#define MANY_MAX_GROWTH_BYTES ((gsize) 32 * 1024 * 1024)

#define RACES 200

/* Takes that are on their way at once. */
#define WINDOW 64

/* Until the worker has been told that a handle is gone. */
#define DROP_MSEC 5000

static MaltChannel *
open_channel (MaltAbstractWorker *worker,
              const char         *expression)
{
  g_autoptr (GError) error = NULL;
  MaltChannel *channel = malt_abstract_worker_worker_channel (worker, expression, NULL, &error);

  g_assert_no_error (error);
  return channel;
}

static void
put (MaltChannel *channel,
     gint64       number)
{
  g_autoptr (GError) error = NULL;

  malt_channel_put (channel, g_variant_new_int64 (number), NULL, &error);
  g_assert_no_error (error);
}

static gint64
take (MaltChannel *channel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take (channel, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64));
  return g_variant_get_int64 (value);
}

static gboolean
is_ready (MaltChannel *channel)
{
  g_autoptr (GError) error = NULL;
  gboolean ready = FALSE;

  malt_channel_is_ready (channel, NULL, &ready, &error);
  g_assert_no_error (error);
  return ready;
}

static void
assert_closed (MaltChannel *channel)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_channel_take (channel, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
wait_for_result (Contract      *contract,
                 GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (contract->context, TRUE);
}

static void
test_numbers (Contract *contract)
{
  static const gint64 numbers[] = {
    0, 1, -1, G_MAXINT64, G_MININT64, (G_GINT64_CONSTANT (1) << 53) + 1, 4611686018427387905,
    -1234567890123456789, 8070450532247928833, -4611686018427387907,
  };
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (20) return rc");

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (GVariant) nothing =
        contract_eval (worker, "rc:put (...)", g_variant_new ("(x)", numbers[i]));

      g_assert_cmpint (take (channel), ==, numbers[i]);
      put (channel, numbers[i]);
      g_assert_cmpint (take (channel), ==, numbers[i]);
    }

  put (channel, 7);
  put (channel, 8);
  g_assert_cmpint (take (channel), ==, 7);
  g_assert_cmpint (take (channel), ==, 8);
  g_assert_false (is_ready (channel));
}

static void
test_values (Contract *contract)
{
  const char *texts[] = {
    "'return 1 + 1'", "'error ()'", "'rc:close ()'", "true", "1.5", "byte 7", "()", "(1, 'a')",
    "@mv nothing", "<<1>>", "@as ['a', 'b']", "{'key': <[1, 2]>}", "[byte 0x00, 0xff]",
  };
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (20) return rc");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (texts[i]));
      g_autoptr (GVariant) taken = NULL;
      g_autoptr (GError) error = NULL;

      malt_channel_put (channel, value, NULL, &error);
      g_assert_no_error (error);
      taken = malt_channel_take (channel, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpvariant (taken, value);
    }
}

/* Both ends are the same channel for Lua, too. */
static void
test_is_a_value (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) path = contract_eval (worker, "rc = malt.channel (2) return rc", NULL);
  g_autoptr (GVariant) is_same =
    contract_eval (worker, "return rawequal (rc, (...))",
                   g_variant_new_tuple ((GVariant *[]) { path }, 1));

  g_assert_true (g_variant_is_of_type (path, G_VARIANT_TYPE_OBJECT_PATH));
  contract_assert_value (is_same, "true");
}

static gpointer
put_forty (gpointer channel)
{
  for (gint64 i = 1; i <= 40; i++)
    put (channel, i);
  return NULL;
}

static void
test_forty_through_twenty (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (20) return rc");
  GThread *putter = g_thread_new ("putter", put_forty, channel);

  for (gint64 i = 1; i <= 40; i++)
    g_assert_cmpint (take (channel), ==, i);
  g_thread_join (putter);
  g_assert_false (is_ready (channel));
}

static void
test_put_waits_for_room (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (2) return rc");
  GAsyncResult *results[3] = { NULL, NULL, NULL };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    malt_channel_put_async (channel, g_variant_new_int64 (i), NULL, store_result, &results[i]);
  wait_for_result (contract, &results[0]);
  wait_for_result (contract, &results[1]);

  /* The worker has looked at all of them when it answers what was asked later. */
  g_assert_true (is_ready (channel));
  g_assert_true (is_ready (channel));
  g_assert_null (results[2]);

  g_assert_cmpint (take (channel), ==, 0);
  wait_for_result (contract, &results[2]);
  g_assert_true (malt_channel_put_finish (channel, results[2], &error));
  g_assert_no_error (error);
  g_assert_cmpint (take (channel), ==, 1);
  g_assert_cmpint (take (channel), ==, 2);
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
}

static void
test_close_in_the_worker (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (3) return rc");
  g_autoptr (GVariant) nothing = contract_eval (worker, "rc:put (1) rc:put (2) rc:close ()", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (malt_channel_put (channel, g_variant_new_int64 (3), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
  g_assert_cmpint (take (channel), ==, 1);
  g_assert_cmpint (take (channel), ==, 2);
  assert_closed (channel);
  assert_closed (channel);
}

static void
test_close_in_the_manager (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (3) return rc");
  ContractReply *reply =
    contract_send_eval (contract, worker,
                        "local sum = 0 for n in rc:each () do sum = sum + n end return sum", NULL);
  g_autoptr (GError) error = NULL;

  put (channel, 20);
  put (channel, 22);
  g_assert_true (malt_channel_close (channel, NULL, &error));
  g_assert_true (malt_channel_close (channel, NULL, &error));
  g_assert_no_error (error);
  contract_wait (contract, reply);
  g_assert_no_error (reply->error);
  contract_assert_value (reply->value, "int64 42");
  assert_closed (channel);
}

static void
test_wait_leaves_it_there (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (3) return rc");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_channel_wait_async (channel, NULL, store_result, &result);
  g_assert_false (is_ready (channel));
  g_assert_null (result);
  put (channel, 5);
  wait_for_result (contract, &result);
  g_assert_true (malt_channel_wait_finish (channel, result, &error));
  g_assert_true (malt_channel_wait (channel, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (is_ready (channel));
  g_assert_cmpint (take (channel), ==, 5);
}

static void
test_waiting_take_blocks_nobody (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (3) return rc");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  malt_channel_take_async (channel, NULL, store_result, &result);
  contract_assert_alive (worker);
  g_assert_true (malt_abstract_worker_interrupt (worker, NULL)
                 || !(contract->capabilities & MALT_WORKER_CAPABILITY_INTERRUPT));
  contract_assert_alive (worker);
  g_assert_null (result);
  put (channel, 9);
  wait_for_result (contract, &result);
  value = malt_channel_take_finish (channel, result, &error);
  g_assert_no_error (error);
  contract_assert_value (value, "int64 9");
}

/* Whoever wins, each value is seen once, in its order. */
static void
test_cancelled_take_swallows_nothing (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (3) return rc");

  for (gint64 i = 0; i < contract_times (RACES); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError) error = NULL;

      malt_channel_take_async (channel, cancellable, store_result, &result);
      g_assert_true (malt_abstract_worker_remote_do (worker, "malt.eval",
                                                     g_variant_new ("(ssv)", "", "rc:put (...)",
                                                                    g_variant_new ("(x)", i)),
                                                     NULL, &error));
      if (i % 2 == 0)
        contract_assert_alive (worker);
      g_cancellable_cancel (cancellable);
      wait_for_result (contract, &result);
      value = malt_channel_take_finish (channel, result, &error);
      if (value != NULL)
        g_assert_cmpint (g_variant_get_int64 (value), ==, i);
      else
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_assert_cmpint (take (channel), ==, i);
        }
    }
  g_assert_false (is_ready (channel));
}

static void
test_cancelled_put_has_no_effect (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (1) return rc");

  put (channel, -1);
  for (gint64 i = 0; i < contract_times (RACES); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GError) error = NULL;

      malt_channel_put_async (channel, g_variant_new_int64 (i), cancellable, store_result, &result);
      if (i % 2 == 0)
        g_assert_true (is_ready (channel));
      g_cancellable_cancel (cancellable);
      wait_for_result (contract, &result);
      g_assert_false (malt_channel_put_finish (channel, result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  g_assert_cmpint (take (channel), ==, -1);
  g_assert_false (is_ready (channel));
}

static void
test_not_a_channel (Contract *contract)
{
  static const struct
  {
    const char *expression;
    int         code;
  } cases[] = {
    { "123", MALT_ERROR_NOT_A_CHANNEL },
    { "", MALT_ERROR_NOT_A_CHANNEL },
    { "print", MALT_ERROR_NOT_A_CHANNEL },
    { "error 'no luck'", MALT_ERROR_REMOTE_EXCEPTION },
    { "malt.channel (-1)", MALT_ERROR_REMOTE_EXCEPTION },
  };
  MaltAbstractWorker *worker = contract_start (contract, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_abstract_worker_worker_channel (worker, cases[i].expression, NULL,
                                                          &error));
      g_assert_error (error, MALT_ERROR, cases[i].code);
      contract_assert_alive (worker);
    }
}

/* The path of a value stands for its channel as long as that lives. */
static gboolean
is_forgotten (gpointer user_data)
{
  gpointer *handle = user_data;
  g_autoptr (GVariant) nothing = contract_eval (handle[0], "collectgarbage ()", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
    handle[0], "malt.channel.is_ready", g_variant_new_tuple ((GVariant **) &handle[1], 1), NULL,
    NULL, &error);

  if (value != NULL)
    return FALSE;

  g_assert_error (error, MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL);
  return TRUE;
}

static void
test_dropped_handle_frees_the_channel (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (GVariant) path = contract_eval (worker, "rc = malt.channel (2) return rc", NULL);
  MaltChannel *channel = open_channel (worker, "local c = rc rc = nil return c");
  g_autoptr (GVariant) collected = NULL;
  g_autoptr (GVariant) kept = NULL;
  gpointer handle[] = { worker, path };

  put (channel, 1);
  collected = contract_eval (worker, "collectgarbage () collectgarbage ()", NULL);
  kept = contract_call (worker, "malt.channel.is_ready",
                        g_variant_new_tuple ((GVariant *[]) { path }, 1));
  contract_assert_value (kept, "true");

  g_object_unref (channel);
  g_assert_true (contract_wait_until (contract, is_forgotten, handle, DROP_MSEC));
}

static void
end_while_a_take_waits (Contract *contract,
                        void    (*end) (MaltAbstractWorker *worker))
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (2) return rc");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  malt_channel_take_async (channel, NULL, store_result, &result);
  contract_assert_alive (worker);
  end (worker);
  wait_for_result (contract, &result);
  g_assert_null (malt_channel_take_finish (channel, result, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_false (malt_channel_put (channel, g_variant_new_int64 (1), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

static void
kill_it (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_kill (worker, SIGKILL, &error));
  g_assert_no_error (error);
}

static void
test_stopped_while_a_take_waits (Contract *contract)
{
  end_while_a_take_waits (contract, contract_stop);
}

static void
test_killed_while_a_take_waits (Contract *contract)
{
  end_while_a_take_waits (contract, kill_it);
}

static void
test_many_items (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (500) return rc");
  gint64 n_items = contract_times (MANY_ITEMS);
  g_autoptr (GVariant) nothing =
    contract_eval (worker, "local n = ...\n"
                   "malt.spawn (function () for i = 1, n do rc:put (i) end end)",
                   g_variant_new ("(x)", n_items));
  gsize before = contract_resident_bytes ();

  for (gint64 i = 1; i <= n_items; i++)
    g_assert_cmpint (take (channel), ==, i);
  g_assert_false (is_ready (channel));
  g_assert_cmpuint (contract_resident_bytes (), <, before + MANY_MAX_GROWTH_BYTES);
}

typedef struct
{
  MaltChannel *channel;
  gint64       n_items;
  gint64       n_asked;
  gint64       n_taken;
} Taking;

static void
on_taken (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  Taking *taking = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take_finish (taking->channel, result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, ++taking->n_taken);
  if (taking->n_asked < taking->n_items)
    {
      taking->n_asked++;
      malt_channel_take_async (taking->channel, NULL, on_taken, taking);
    }
}

static void
test_many_items_async (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (500) return rc");
  Taking taking = { .channel = channel, .n_items = contract_times (MANY_ITEMS) };
  g_autoptr (GVariant) nothing =
    contract_eval (worker, "local n = ...\n"
                   "malt.spawn (function () for i = 1, n do rc:put (i) end end)",
                   g_variant_new ("(x)", taking.n_items));

  for (; taking.n_asked < WINDOW; taking.n_asked++)
    malt_channel_take_async (channel, NULL, on_taken, &taking);
  while (taking.n_taken < taking.n_items)
    g_main_context_iteration (contract->context, TRUE);
  g_assert_false (is_ready (channel));
}

/* What has been read ahead for one end is the other's as soon as it asks. */
static void
test_others_take_too (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  g_autoptr (MaltChannel) channel = open_channel (worker, "rc = malt.channel (100) return rc");
  gint64 next = 1;
  g_autoptr (GVariant) nothing =
    contract_eval (worker, "malt.spawn (function () for i = 1, 1000 do rc:put (i) end end)", NULL);

  for (guint round = 0; round < 4; round++)
    {
      g_autoptr (GVariant) value = NULL;

      for (guint i = 0; i < 60 + round; i++)
        g_assert_cmpint (take (channel), ==, next++);
      value = contract_eval (worker, "rc:take ()", NULL);
      g_assert_cmpint (g_variant_get_int64 (value), ==, next++);
    }
  for (; next <= 1000; next++)
    g_assert_cmpint (take (channel), ==, next);
}

/* A manager that lets go in the midst leaves the rest where it was. */
static void
test_dropped_in_the_midst (Contract *contract)
{
  MaltAbstractWorker *worker = contract_start (contract, NULL);
  MaltChannel *channel = open_channel (worker, "rc = malt.channel (100) return rc");
  g_autoptr (GVariant) nothing =
    contract_eval (worker, "malt.spawn (function () for i = 1, 1000 do rc:put (i) end end)", NULL);
  g_autoptr (GVariant) value = NULL;

  for (gint64 i = 1; i <= 50; i++)
    g_assert_cmpint (take (channel), ==, i);
  g_object_unref (channel);
  value = contract_eval (worker, "rc:take ()", NULL);
  contract_assert_value (value, "int64 51");
}

/* The end of the worker is that of the handle, too: there is nothing to warn of. */
static void
test_dropped_and_stopped (Contract *contract)
{
  for (guint i = 0; i < contract_times (50); i++)
    {
      MaltAbstractWorker *worker = contract_start (contract, NULL);
      MaltChannel *channel = open_channel (worker, "rc = malt.channel (2) return rc");

      put (channel, 1);
      g_object_unref (channel);
      contract_stop (worker);
    }
}

const ContractCase contract_channel_cases[] = {
  { "/channels/numbers", test_numbers, "Numbers of 64 bits come through exactly, in order" },
  { "/channels/values", test_values, "Values of every type come through, and none is run" },
  { "/channels/is-a-value", test_is_a_value, "A channel that comes back is the same one" },
  { "/channels/forty-through-twenty", test_forty_through_twenty,
    "40 items through a channel of 20, in order" },
  { "/channels/put-waits-for-room", test_put_waits_for_room, "A put is over when there was room" },
  { "/channels/close-in-the-worker", test_close_in_the_worker,
    "What is inside of a closed channel can be taken" },
  { "/channels/close-in-the-manager", test_close_in_the_manager, "A loop ends with the channel" },
  { "/channels/wait", test_wait_leaves_it_there, "Waiting takes nothing" },
  { "/channels/waiting-take", test_waiting_take_blocks_nobody,
    "A take that waits holds up nobody, and is not interrupted" },
  { "/channels/cancelled-take", test_cancelled_take_swallows_nothing,
    "A cancelled take swallows nothing" },
  { "/channels/cancelled-put", test_cancelled_put_has_no_effect, "A cancelled put has no effect" },
  { "/channels/not-a-channel", test_not_a_channel,
    "What is no channel is an error, and the worker lives on" },
  { "/channels/dropped-handle", test_dropped_handle_frees_the_channel,
    "A handle that is let go of frees the channel" },
  { "/channels/stopped", test_stopped_while_a_take_waits, "A channel ends with its worker" },
  { "/channels/killed", test_killed_while_a_take_waits, "A channel dies with its worker",
    MALT_WORKER_CAPABILITY_KILL },
  { "/channels/many-items", test_many_items, "Many items in order, in little memory" },
  { "/channels/many-items-async", test_many_items_async, "Callbacks come in the order of takes" },
  { "/channels/others-take-too", test_others_take_too, "Both ends take, in order" },
  { "/channels/dropped-in-the-midst", test_dropped_in_the_midst,
    "What was read ahead goes back with the handle" },
  { "/channels/dropped-and-stopped", test_dropped_and_stopped,
    "A handle that ends with its worker is nothing to warn of" },
  { NULL }
};

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

typedef struct
{
  MaltWireFixture *fixture;
  const char      *function;
  GCancellable    *cancellable;
  GError          *error;
  GVariant        *value;
  gint             is_done;
} Caller;

static gpointer
call_blocking (gpointer user_data)
{
  Caller *caller = user_data;
  g_autoptr (MaltCall) call = malt_call_new (caller->function, g_variant_new ("(i)", 1), NULL);

  caller->value = malt_connection_send_sync (caller->fixture->connection, call,
                                             caller->cancellable, &caller->error);
  g_atomic_int_set (&caller->is_done, TRUE);
  return NULL;
}

static void
caller_clear (Caller *caller)
{
  g_clear_object (&caller->cancellable);
  g_clear_error (&caller->error);
  g_clear_pointer (&caller->value, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Caller, caller_clear)

static void
test_cancelled_before_is_not_sent (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltCall) call = malt_call_new ("echo", NULL, NULL);
  g_autoptr (MaltWireAsync) async = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (malt_connection_send_sync (fixture->connection, call, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  async = malt_wire_async_new (fixture->connection, "echo", NULL, cancellable);
  g_assert_false (async->is_done);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_error (async->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  malt_wire_fixture_check_echo (fixture);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CALL), ==, 1);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CANCEL), ==, 0);
}

static void
test_blocking (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_auto (Caller) caller = {
    .fixture = fixture, .function = "hold", .cancellable = g_cancellable_new (),
  };
  GThread *thread = g_thread_new ("caller", call_blocking, &caller);

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  g_cancellable_cancel (caller.cancellable);
  g_thread_join (thread);
  g_assert_error (caller.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CANCEL, 1), ==, 1);

  /* The late answer is nobody's. */
  malt_fake_peer_release (fixture->peer);
  malt_wire_fixture_check_echo (fixture);
}

static void
test_asynchronous (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltWireAsync) held = NULL;
  g_autoptr (MaltWireAsync) other = NULL;

  held = malt_wire_async_new (fixture->connection, "hold", NULL, cancellable);
  other = malt_wire_async_new (fixture->connection, "hold", g_variant_new ("(i)", 5), NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (held->is_done);
  malt_wire_iterate_until (fixture->context, &held->is_done);
  g_assert_error (held->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CANCEL, 1), ==, 1);

  /* Cancelling one call leaves the others alone. */
  g_assert_false (other->is_done);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 2);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &other->is_done);
  g_assert_no_error (other->error);
  malt_wire_fixture_check_echo (fixture);
  g_assert_cmpuint (held->n_done, ==, 1);
}

static void
test_cancelled_after_the_end_does_nothing (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltWireAsync) async = NULL;

  async = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 1), cancellable);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_cancellable_cancel (cancellable);
  g_assert_no_error (async->error);
  malt_wire_fixture_check_echo (fixture);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CANCEL), ==, 0);
}

/* The one that reads is cancelled: another goes on reading. */
static void
test_read_role_is_passed_on (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_auto (Caller) reader = {
    .fixture = fixture, .function = "hold", .cancellable = g_cancellable_new (),
  };
  g_auto (Caller) waiter = { .fixture = fixture, .function = "hold" };
  g_auto (Caller) third = { .fixture = fixture, .function = "hold" };
  GThread *reading = g_thread_new ("reader", call_blocking, &reader);
  GThread *waiting;
  GThread *waiting_too;

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  waiting = g_thread_new ("waiter", call_blocking, &waiter);
  waiting_too = g_thread_new ("third", call_blocking, &third);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 3);

  g_cancellable_cancel (reader.cancellable);
  g_thread_join (reading);
  g_assert_error (reader.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_atomic_int_get (&waiter.is_done));

  malt_fake_peer_release (fixture->peer);
  g_thread_join (waiting);
  g_thread_join (waiting_too);
  g_assert_no_error (waiter.error);
  g_assert_no_error (third.error);
}

static void
test_read_role_is_passed_on_to_a_context (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_auto (Caller) reader = {
    .fixture = fixture, .function = "hold", .cancellable = g_cancellable_new (),
  };
  GThread *reading = g_thread_new ("reader", call_blocking, &reader);
  g_autoptr (MaltWireAsync) async = NULL;

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  async = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 2);

  g_cancellable_cancel (reader.cancellable);
  g_thread_join (reading);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_no_error (async->error);
}

static void
on_cancelled_too (GCancellable *cancellable,
                  gpointer      user_data)
{
  MaltWireAsync *async = user_data;

  /* Handlers of "cancelled" may do this; it must not lead back into the same handler, nor wait for
   * it. */
  for (int i = 0; i < 5; i++)
    g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
  g_assert_cmpuint (async->n_done, <=, 1);
}

static void
test_iterating_in_a_handler (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltWireAsync) async = NULL;

  async = malt_wire_async_new (fixture->connection, "hold", NULL, cancellable);
  g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled_too), async);
  g_cancellable_cancel (cancellable);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_error (async->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_many_with_one_cancellable (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) calls = malt_wire_async_array_new ();

  for (int i = 0; i < 50; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "hold", NULL, cancellable));
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < calls->len; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      malt_wire_iterate_until (fixture->context, &call->is_done);
      g_assert_error (call->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CANCEL, 50);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/cancel/cancelled-before-is-not-sent", test_cancelled_before_is_not_sent);
  g_test_add_func ("/malt/cancel/blocking", test_blocking);
  g_test_add_func ("/malt/cancel/asynchronous", test_asynchronous);
  g_test_add_func ("/malt/cancel/cancelled-after-the-end-does-nothing",
                   test_cancelled_after_the_end_does_nothing);
  g_test_add_func ("/malt/cancel/read-role-is-passed-on", test_read_role_is_passed_on);
  g_test_add_func ("/malt/cancel/read-role-is-passed-on-to-a-context",
                   test_read_role_is_passed_on_to_a_context);
  g_test_add_func ("/malt/cancel/iterating-in-a-handler", test_iterating_in_a_handler);
  g_test_add_func ("/malt/cancel/many-with-one-cancellable", test_many_with_one_cancellable);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

/* Room for some ten of the calls below. */
static const MaltConnectionLimits narrow_limits = {
  .max_pending_bytes = 1000,
  .max_message_bytes = 100000,
};

#define N_CALLS 40

static GPtrArray *
send_many (MaltWireFixture *fixture,
           guint           *n_limited)
{
  GPtrArray *calls = malt_wire_async_array_new ();

  for (int i = 0; i < N_CALLS; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "hold",
                                                 g_variant_new ("(i)", i), NULL));
  while (g_main_context_iteration (fixture->context, FALSE))
    ;

  *n_limited = 0;
  for (int i = 0; i < N_CALLS; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      if (call->is_done)
        g_assert_error (call->error, MALT_ERROR, MALT_ERROR_LIMIT);
      *n_limited += call->is_done;
    }

  return calls;
}

static void
release_until_done (MaltWireFixture *fixture,
                    GPtrArray       *calls)
{
  for (guint i = 0; i < calls->len; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      while (!call->is_done)
        {
          malt_fake_peer_release (fixture->peer);
          g_main_context_iteration (fixture->context, FALSE);
        }
    }
}

static void
test_calls_wait_and_then_fail (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&narrow_limits);
  g_autoptr (GPtrArray) calls = NULL;
  guint n_limited;

  calls = send_many (fixture, &n_limited);
  g_assert_cmpuint (n_limited, >, 0);
  g_assert_cmpuint (n_limited, <, N_CALLS);
  g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, N_CALLS - n_limited);

  /* Those that waited are sent in their turn, the failed ones are the last. */
  release_until_done (fixture, calls);
  for (guint i = 0; i < calls->len; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      g_assert_cmpuint (call->n_done, ==, 1);
      g_assert_true ((call->error == NULL) == (i < N_CALLS - n_limited));
    }
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CALL), ==,
                    N_CALLS - n_limited);
  malt_wire_fixture_check_echo (fixture);
}

/* The thread that waits for room is the only one that could read the answers which make it. */
static void
test_blocking_call_makes_its_own_room (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&narrow_limits);
  g_autoptr (GPtrArray) calls = malt_wire_async_array_new ();

  malt_fake_peer_set_paused (fixture->peer, TRUE);
  for (int i = 0; i < 30; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "echo",
                                                 g_variant_new ("(i)", i), NULL));
  malt_fake_peer_set_paused (fixture->peer, FALSE);
  malt_wire_fixture_check_echo (fixture);

  for (guint i = 0; i < calls->len; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      malt_wire_iterate_until (fixture->context, &call->is_done);
      g_assert_no_error (call->error);
    }
}

static void
test_waiting_call_can_be_cancelled (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&narrow_limits);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) calls = malt_wire_async_array_new ();
  g_autoptr (MaltWireAsync) waiting = NULL;
  guint n_sent;

  for (int i = 0; i < 30; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "hold", NULL, NULL));
  waiting = malt_wire_async_new (fixture->connection, "hold", NULL, cancellable);
  g_cancellable_cancel (cancellable);
  malt_wire_iterate_until (fixture->context, &waiting->is_done);
  g_assert_error (waiting->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  release_until_done (fixture, calls);
  n_sent = malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CALL);
  g_assert_cmpuint (n_sent, ==, 30);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_CANCEL), ==, 0);
}

static void
test_one_large_call_alone (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&narrow_limits);
  g_autofree char *text = g_strnfill (50000, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_wire_fixture_call (fixture, "echo", g_variant_new ("(s)", text), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, text);
}

static void
test_message_above_the_limit (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&narrow_limits);
  g_autofree char *text = g_strnfill (100001, 'x');
  g_autoptr (MaltWireAsync) async = NULL;
  g_autoptr (MaltCall) call = NULL;
  g_autoptr (GError) error = NULL;

  call = malt_call_new ("echo", g_variant_new ("(s)", text), NULL);
  g_assert_null (malt_connection_send_sync (fixture->connection, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);

  async = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(s)", text), NULL);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_error (async->error, MALT_ERROR, MALT_ERROR_LIMIT);

  g_clear_error (&error);
  g_assert_false (malt_connection_post (fixture->connection, call, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
  malt_wire_fixture_check_echo (fixture);
}

static void
test_posts_fail_when_nobody_reads (void)
{
  const MaltConnectionLimits limits = { 2 * 1024 * 1024, 1024 * 1024, 0 };
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&limits);
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(s)", text), NULL);
  g_autoptr (GError) error = NULL;
  guint n_sent = 0;

  malt_fake_peer_set_paused (fixture->peer, TRUE);
  while (malt_connection_post (fixture->connection, call, &error))
    g_assert_cmpuint (++n_sent, <, 1000);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);

  /* What the socket did not take is written when it does, by the monitor: nobody calls anything
   * here. */
  malt_fake_peer_set_paused (fixture->peer, FALSE);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_POST, n_sent);
  malt_wire_fixture_check_echo (fixture);
}

/* A worker whose watch thread is stopped must not make its manager grow. */
static void
test_control_is_bounded (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);

  malt_fake_peer_set_paused (fixture->peer, TRUE);
  for (int i = 0; i < 50000; i++)
    g_assert_true (malt_connection_interrupt (fixture->connection, NULL));
  malt_fake_peer_set_paused (fixture->peer, FALSE);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_INTERRUPT, 1000);
  malt_wire_fixture_check_echo (fixture);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_INTERRUPT), <, 50000);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/limits/calls-wait-and-then-fail", test_calls_wait_and_then_fail);
  g_test_add_func ("/malt/limits/blocking-call-makes-its-own-room",
                   test_blocking_call_makes_its_own_room);
  g_test_add_func ("/malt/limits/waiting-call-can-be-cancelled",
                   test_waiting_call_can_be_cancelled);
  g_test_add_func ("/malt/limits/one-large-call-alone", test_one_large_call_alone);
  g_test_add_func ("/malt/limits/message-above-the-limit", test_message_above_the_limit);
  g_test_add_func ("/malt/limits/posts-fail-when-nobody-reads", test_posts_fail_when_nobody_reads);
  g_test_add_func ("/malt/limits/control-is-bounded", test_control_is_bounded);

  return g_test_run ();
}

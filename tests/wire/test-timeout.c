/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

/* Deadlines that the worker does not keep, and what is watched after a call has ended. */

static void
check_times_out (const char *function,
                 guint       expected_probes)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new (function, NULL, NULL);
  g_autoptr (GError) error = NULL;

  malt_call_set_timeout (call, 20);
  g_assert_null (malt_connection_send_sync (fixture->connection, call, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpuint (malt_fake_peer_count (fixture->peer, MALT_MESSAGE_PROBE), ==, expected_probes);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CANCEL, 1);

  malt_fake_peer_release (fixture->peer);
  malt_wire_fixture_check_echo (fixture);
}

static void
test_still_running (void)
{
  check_times_out ("hold", 1);
}

static void
test_says_where (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("last-words", g_variant_new ("(u)", 1), NULL);
  g_autoptr (GError) error = NULL;

  malt_call_set_timeout (call, 20);
  g_assert_null (malt_connection_send_sync (fixture->connection, call, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (malt_call_get_remote_traceback (call), ==, "chunk:1");
  g_assert_true (g_str_has_suffix (error->message, "\nchunk:1"));
}

static void
test_unknown_to_the_worker (void)
{
  check_times_out ("lose", 1);
}

static void
test_worker_says_nothing (void)
{
  check_times_out ("mute", 1);
}

/* The time counts from the start of the call. */
static void
test_queued_calls_go_on_waiting (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) async = NULL;
  g_autoptr (MaltCall) call = malt_call_new ("queue", NULL, NULL);

  malt_connection_set_call_timeout (fixture->connection, 20);
  async = malt_wire_async_new (fixture->connection, "queue", NULL, NULL);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_PROBE, 2);
  g_assert_false (async->is_done);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_no_error (async->error);
}

/* The answer lies in the socket because the main context is busy elsewhere. */
static void
test_answer_that_nobody_has_read (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) async = NULL;

  malt_connection_set_call_timeout (fixture->connection, 20);
  async = malt_wire_async_new (fixture->connection, "late", NULL, NULL);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_PROBE, 1);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_no_error (async->error);
}

static void
test_default_and_exceptions (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) channel = NULL;
  g_autoptr (MaltWireAsync) timed = NULL;
  g_autoptr (MaltCall) call = malt_call_new ("hold", NULL, NULL);
  g_autoptr (GError) error = NULL;

  /* Waits for people: does not time out. */
  malt_connection_set_call_timeout (fixture->connection, 20);
  channel = malt_wire_async_new (fixture->connection, "malt.channel.take", NULL, NULL);
  timed = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);
  malt_wire_iterate_until (fixture->context, &timed->is_done);
  g_assert_error (timed->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (channel->is_done);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &channel->is_done);
  g_assert_no_error (channel->error);
}

static const MaltConnectionLimits strict_limits = {
  .max_pending_bytes = 1024 * 1024,
  .max_message_bytes = 1024 * 1024,
  .unresponsive_timeout_ms = 20,
};

static void
test_cancelled_call_goes_on (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&strict_limits);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MaltWireAsync) async = NULL;
  g_autofree char *function = NULL;

  async = malt_wire_async_new (fixture->connection, "hold", NULL, cancellable);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  g_cancellable_cancel (cancellable);
  function = malt_wire_fixture_wait_unresponsive (fixture);
  g_assert_cmpstr (function, ==, "hold");
  malt_wire_iterate_until (fixture->context, &async->is_done);
}

static void
test_interrupted_call_goes_on (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&strict_limits);
  g_autoptr (MaltWireAsync) async = NULL;
  g_autofree char *function = NULL;

  async = malt_wire_async_new (fixture->connection, "mute", NULL, NULL);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  g_assert_true (malt_connection_interrupt (fixture->connection, NULL));
  function = malt_wire_fixture_wait_unresponsive (fixture);
  g_assert_cmpstr (function, ==, "mute");
  g_assert_false (async->is_done);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &async->is_done);
}

/* A call that was over before, one that has not begun, and one whose end lies unread are all no
 * reason. */
static void
test_responsive (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&strict_limits);
  const char *const functions[] = { "queue", "lose", "late" };

  for (gsize i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (MaltWireAsync) async = NULL;

      async = malt_wire_async_new (fixture->connection, functions[i], NULL, cancellable);
      malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, i + 1);
      g_cancellable_cancel (cancellable);
      malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_PROBE, i + 1);
      malt_wire_iterate_until (fixture->context, &async->is_done);
    }

  malt_connection_interrupt (fixture->connection, NULL);
  malt_wire_fixture_check_echo (fixture);
  g_assert_null (fixture->unresponsive);
}

static void
test_interrupted_post_is_asked_about (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (&strict_limits);
  g_autoptr (MaltCall) call = malt_call_new ("echo", NULL, NULL);

  malt_connection_post (fixture->connection, call, NULL);
  malt_connection_interrupt (fixture->connection, NULL);
  g_assert_cmpuint (malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_PROBE, 1), ==, 1);
  g_assert_null (fixture->unresponsive);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/timeout/still-running", test_still_running);
  g_test_add_func ("/malt/timeout/says-where", test_says_where);
  g_test_add_func ("/malt/timeout/unknown-to-the-worker", test_unknown_to_the_worker);
  g_test_add_func ("/malt/timeout/worker-says-nothing", test_worker_says_nothing);
  g_test_add_func ("/malt/timeout/queued-calls-go-on-waiting", test_queued_calls_go_on_waiting);
  g_test_add_func ("/malt/timeout/answer-that-nobody-has-read", test_answer_that_nobody_has_read);
  g_test_add_func ("/malt/timeout/default-and-exceptions", test_default_and_exceptions);
  g_test_add_func ("/malt/unresponsive/cancelled-call-goes-on", test_cancelled_call_goes_on);
  g_test_add_func ("/malt/unresponsive/interrupted-call-goes-on", test_interrupted_call_goes_on);
  g_test_add_func ("/malt/unresponsive/responsive", test_responsive);
  g_test_add_func ("/malt/unresponsive/interrupted-post-is-asked-about",
                   test_interrupted_post_is_asked_about);

  return g_test_run ();
}

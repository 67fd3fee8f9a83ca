/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

#include <string.h>

/* The usual traffic: blocking calls, asynchronous ones, both at once. */

#define N_THREADS 6
#define N_CALLS 300

static void
test_blocking (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);

  for (int i = 0; i < N_CALLS; i++)
    malt_wire_fixture_check_echo (fixture);

  g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, 0);
  g_assert_cmpint (g_atomic_int_get (&fixture->n_deliveries), >, 0);
}

static void
test_times_are_known (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 1), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_connection_send_sync (fixture->connection, call, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (malt_call_get_run_time_us (call), ==, 7);
}

static void
test_keyword_arguments (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  gint32 number = 0;

  call = malt_call_new ("kwargs", g_variant_new ("(s)", "x"), g_variant_new_parsed ("{'n': <5>}"));
  value = malt_connection_send_sync (fixture->connection, call, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (value, "n", "i", &number));
  g_assert_cmpint (number, ==, 5);
}

static void
test_result_without_a_value (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_wire_fixture_call (fixture, "nothing", NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (value), ==, "()");
}

static void
test_discarded_result (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(s)", "x"), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  malt_call_set_discard_result (call, TRUE);
  value = malt_connection_send_sync (fixture->connection, call, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (value), ==, "()");
}

static void
test_result_type (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(s)", "x"), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) wrong = NULL;

  malt_call_set_result_type (call, G_VARIANT_TYPE_STRING);
  value = malt_connection_send_sync (fixture->connection, call, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "x");

  malt_call_set_result_type (call, G_VARIANT_TYPE_INT32);
  wrong = malt_connection_send_sync (fixture->connection, call, NULL, &error);
  g_assert_null (wrong);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION);
}

/* Wire codes are numbers that other languages know: written out. */
static void
test_failures (void)
{
  const struct
  {
    guint32 wire_code;
    gboolean is_io;
    int code;
  } cases[] = {
    { 0, FALSE, MALT_ERROR_FAILED },
    { 1, FALSE, MALT_ERROR_REMOTE_EXCEPTION },
    { 2, FALSE, MALT_ERROR_INTERRUPTED },
    { 3, FALSE, MALT_ERROR_TERMINATED_WORKER },
    { 4, FALSE, MALT_ERROR_SERIALIZATION },
    { 7, FALSE, MALT_ERROR_LIMIT },
    { 11, FALSE, MALT_ERROR_UNKNOWN_FUNCTION },
    { 13, FALSE, MALT_ERROR_SANDBOX_UNAVAILABLE },
    { 14, FALSE, MALT_ERROR_REMOTE_EXCEPTION },
    { 100, TRUE, G_IO_ERROR_CANCELLED },
    { 101, TRUE, G_IO_ERROR_TIMED_OUT },
    { 102, TRUE, G_IO_ERROR_NOT_SUPPORTED },
    { G_MAXUINT32, FALSE, MALT_ERROR_REMOTE_EXCEPTION },
  };
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (MaltCall) call = NULL;
      g_autoptr (GError) error = NULL;

      call = malt_call_new ("raise", g_variant_new ("(uss)", cases[i].wire_code, "broken", "t"),
                            NULL);
      g_assert_null (malt_connection_send_sync (fixture->connection, call, NULL, &error));
      if (cases[i].is_io)
        g_assert_error (error, G_IO_ERROR, cases[i].code);
      else
        g_assert_error (error, MALT_ERROR, cases[i].code);
      g_assert_cmpstr (malt_call_get_remote_message (call), ==, "broken");
      g_assert_cmpstr (malt_call_get_remote_type (call), ==, "t");
      g_assert_cmpstr (malt_call_get_remote_traceback (call), ==, "chunk:1");
    }

  malt_wire_fixture_check_echo (fixture);
}

static gpointer
call_often (gpointer user_data)
{
  MaltWireFixture *fixture = user_data;
  GThread *self = g_thread_self ();

  for (int i = 0; i < N_CALLS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      guint64 number = (guint64) GPOINTER_TO_SIZE (self) + i;

      value = malt_wire_fixture_call (fixture, "echo", g_variant_new ("(t)", number), &error);
      g_assert_no_error (error);
      g_assert_cmpuint (g_variant_get_uint64 (value), ==, number);
    }

  return NULL;
}

static void
test_many_threads (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("caller", call_often, fixture);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);

  g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, 0);
}

static void
test_asynchronous (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GPtrArray) calls = malt_wire_async_array_new ();

  for (int i = 0; i < N_CALLS; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "echo",
                                                 g_variant_new ("(i)", i), NULL));

  for (int i = 0; i < N_CALLS; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      malt_wire_iterate_until (fixture->context, &call->is_done);
      g_assert_no_error (call->error);
      g_assert_cmpint (g_variant_get_int32 (call->value), ==, i);
      g_assert_true (call->thread == g_thread_self ());
    }
}

typedef struct
{
  MaltWireFixture *fixture;
  int              n_left;
  gboolean         is_done;
} Chain;

static void
on_link (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Chain *chain = user_data;
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", chain->n_left), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_connection_send_finish (chain->fixture->connection, result, &error);
  g_assert_no_error (error);

  /* A blocking call from the callback of another is nothing special. */
  if (chain->n_left % 10 == 0)
    malt_wire_fixture_check_echo (chain->fixture);

  chain->n_left--;
  chain->is_done = chain->n_left < 0;
  if (chain->n_left >= 0)
    malt_connection_send_async (chain->fixture->connection, call, NULL, on_link, chain);
}

static void
test_sending_from_callbacks (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 0), NULL);
  Chain chain = { fixture, N_CALLS, FALSE };

  malt_connection_send_async (fixture->connection, call, NULL, on_link, &chain);
  malt_wire_iterate_until (fixture->context, &chain.is_done);
}

/* Its callback is over when the peer has seen the call that it has sent. */
static void
on_before_work (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Chain *chain = user_data;
  g_autoptr (MaltCall) call = malt_call_new ("hold", g_variant_new ("(i)", 0), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  guint n_calls = malt_fake_peer_count (chain->fixture->peer, MALT_MESSAGE_CALL);

  value = malt_connection_send_finish (chain->fixture->connection, result, &error);
  g_assert_no_error (error);
  if (chain->n_left-- == 0)
    {
      chain->is_done = TRUE;
      return;
    }

  malt_connection_send_async (chain->fixture->connection, call, NULL, on_before_work, chain);
  malt_fake_peer_wait_for (chain->fixture->peer, MALT_MESSAGE_CALL, n_calls + 1);
  malt_fake_peer_release (chain->fixture->peer);
}

static void
test_working_in_a_callback (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 0), NULL);
  g_autoptr (MaltCall) second = malt_call_new ("echo", g_variant_new ("(i)", 0), NULL);
  Chain quick = { fixture, N_CALLS, FALSE };
  Chain slow = { fixture, 5, FALSE };

  g_test_summary ("What a callback sends leaves while it works, also after many that did not");
  malt_connection_send_async (fixture->connection, call, NULL, on_link, &quick);
  malt_wire_iterate_until (fixture->context, &quick.is_done);
  malt_connection_send_async (fixture->connection, second, NULL, on_before_work, &slow);
  malt_wire_iterate_until (fixture->context, &slow.is_done);
}

static void
on_outer (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  MaltWireFixture *fixture = user_data;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MaltWireAsync) inner = NULL;
  g_autoptr (GError) error = NULL;

  value = malt_connection_send_finish (fixture->connection, result, &error);
  g_assert_no_error (error);

  inner = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 2), NULL);
  malt_wire_iterate_until (fixture->context, &inner->is_done);
  g_assert_no_error (inner->error);
}

static void
test_iterating_in_a_callback (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 1), NULL);
  g_autoptr (MaltWireAsync) other = NULL;

  malt_connection_send_async (fixture->connection, call, NULL, on_outer, fixture);
  other = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 3), NULL);
  while (malt_connection_get_n_pending (fixture->connection) > 0 || !other->is_done)
    g_main_context_iteration (fixture->context, TRUE);
  g_assert_cmpint (other->n_done, ==, 1);
}

static gpointer
call_in_own_context (gpointer user_data)
{
  MaltWireFixture *fixture = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (int i = 0; i < N_CALLS / 10; i++)
    {
      g_autoptr (MaltWireAsync) a = NULL;
      g_autoptr (MaltWireAsync) b = NULL;

      a = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", i), NULL);
      b = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", -i), NULL);
      malt_wire_fixture_check_echo (fixture);
      malt_wire_iterate_until (context, &a->is_done);
      malt_wire_iterate_until (context, &b->is_done);
      g_assert_cmpint (g_variant_get_int32 (a->value), ==, i);
      g_assert_cmpint (g_variant_get_int32 (b->value), ==, -i);
      g_assert_true (a->thread == g_thread_self ());
    }
  g_main_context_pop_thread_default (context);

  return NULL;
}

static void
test_blocking_and_many_contexts (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  GThread *threads[N_THREADS];

  for (int i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new ("caller", i % 2 == 0 ? call_in_own_context : call_often, fixture);
  for (int i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

/* The one context that polls belongs to a thread that does something else. */
static void
test_busy_context_holds_up_nobody (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) call = NULL;
  GThread *thread;

  call = malt_wire_async_new (fixture->connection, "echo", g_variant_new ("(i)", 1), NULL);
  thread = g_thread_new ("caller", call_in_own_context, fixture);
  g_thread_join (thread);

  malt_wire_iterate_until (fixture->context, &call->is_done);
  g_assert_no_error (call->error);
}

static void
test_call_that_is_on_its_way (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) held = NULL;
  g_autoptr (GError) error = NULL;

  held = malt_wire_async_new (fixture->connection, "hold", g_variant_new ("(i)", 1), NULL);
  g_assert_null (malt_connection_send_sync (fixture->connection, held->call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_FAILED);

  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 1);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &held->is_done);
}

static void
on_blocking_progress (MaltCall   *call,
                      double      fraction,
                      const char *message,
                      gpointer    user_data)
{
  MaltWireAsync *seen = user_data;

  seen->n_progress++;
  seen->fraction = fraction;
  seen->thread = g_thread_self ();
}

static void
test_progress_of_a_blocking_call (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("progress", g_variant_new ("(u)", 100), NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  MaltWireAsync seen = { 0 };

  g_signal_connect (call, "progress", G_CALLBACK (on_blocking_progress), &seen);
  value = malt_connection_send_sync (fixture->connection, call, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (seen.n_progress, >=, 1);
  g_assert_cmpuint (seen.n_progress, <=, 100);
  g_assert_cmpfloat (seen.fraction, ==, 1.0);
  g_assert_true (seen.thread == g_thread_self ());
}

static void
test_progress_of_an_asynchronous_call (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) call = NULL;

  call = malt_wire_async_new (fixture->connection, "progress", g_variant_new ("(u)", 100), NULL);
  malt_wire_iterate_until (fixture->context, &call->is_done);

  g_assert_no_error (call->error);
  g_assert_cmpuint (call->n_progress, >=, 1);
  g_assert_cmpfloat (call->fraction, ==, 1.0);
}

static void
test_posts (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", g_variant_new ("(i)", 1), NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (malt_connection_post (fixture->connection, call, &error));
      g_assert_no_error (error);
    }
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_POST, 3);
  g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, 0);
}

/* Ids are given in the order of the data, posts included. */
static void
test_interrupt_names_the_highest_id (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", NULL, NULL);
  g_autoptr (GError) error = NULL;

  malt_wire_fixture_check_echo (fixture);
  malt_connection_post (fixture->connection, call, NULL);
  malt_wire_fixture_check_echo (fixture);
  g_assert_true (malt_connection_interrupt (fixture->connection, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_INTERRUPT, 1), ==, 3);
}

static void
test_running_calls_latest_first (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) a = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);
  g_autoptr (MaltWireAsync) b = malt_wire_async_new (fixture->connection, "lose", NULL, NULL);
  g_auto (GStrv) functions = malt_connection_dup_running_calls (fixture->connection);
  const char *const expected[] = { "lose", "hold", NULL };

  g_assert_cmpstrv (functions, expected);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 2);
  malt_fake_peer_release (fixture->peer);
  malt_wire_iterate_until (fixture->context, &a->is_done);
  malt_wire_iterate_until (fixture->context, &b->is_done);
}

static void
check_big_echo (MaltWireFixture *fixture,
                gsize            size)
{
  g_autofree guint8 *bytes = g_malloc (size);
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  gconstpointer back;
  gsize n;

  for (gsize i = 0; i < size; i++)
    bytes[i] = (guint8) (i * 31 + i / 251);
  args = g_variant_ref_sink (g_variant_new ("(@ay)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE,
                                                                               bytes, size, 1)));
  value = malt_wire_fixture_call (fixture, "echo", args, &error);
  g_assert_no_error (error);
  back = g_variant_get_fixed_array (value, &n, 1);
  g_assert_cmpmem (back, n, bytes, size);
}

static void
test_big_values (void)
{
  const gsize sizes[] = {
    0, 1, 65503, 65504, 65535, 65536, 65537, 131072, 262144, 262145, 3000001,
  };
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_big_echo (fixture, sizes[i]);
  check_big_echo (fixture, 64 * 1024 * 1024);
}

static gpointer
echo_big_values (gpointer user_data)
{
  for (int i = 0; i < 4; i++)
    check_big_echo (user_data, 4 * 1024 * 1024);

  return NULL;
}

/* Both sides have more to write than the sockets hold, and neither waits for the other. */
static void
test_big_values_both_ways (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GPtrArray) calls = malt_wire_async_array_new ();
  GThread *threads[3];
  g_autofree char *text = g_strnfill (2 * 1024 * 1024, 'x');

  for (int i = 0; i < 8; i++)
    g_ptr_array_add (calls, malt_wire_async_new (fixture->connection, "echo",
                                                 g_variant_new ("(s)", text), NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", echo_big_values, fixture);
  for (gsize i = 0; i < calls->len; i++)
    {
      MaltWireAsync *call = g_ptr_array_index (calls, i);

      malt_wire_iterate_until (fixture->context, &call->is_done);
      g_assert_cmpuint (strlen (g_variant_get_string (call->value, NULL)), ==, strlen (text));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/connection/blocking", test_blocking);
  g_test_add_func ("/malt/connection/times-are-known", test_times_are_known);
  g_test_add_func ("/malt/connection/keyword-arguments", test_keyword_arguments);
  g_test_add_func ("/malt/connection/result-without-a-value", test_result_without_a_value);
  g_test_add_func ("/malt/connection/discarded-result", test_discarded_result);
  g_test_add_func ("/malt/connection/result-type", test_result_type);
  g_test_add_func ("/malt/connection/failures", test_failures);
  g_test_add_func ("/malt/connection/many-threads", test_many_threads);
  g_test_add_func ("/malt/connection/asynchronous", test_asynchronous);
  g_test_add_func ("/malt/connection/sending-from-callbacks", test_sending_from_callbacks);
  g_test_add_func ("/malt/connection/working-in-a-callback", test_working_in_a_callback);
  g_test_add_func ("/malt/connection/iterating-in-a-callback", test_iterating_in_a_callback);
  g_test_add_func ("/malt/connection/blocking-and-many-contexts", test_blocking_and_many_contexts);
  g_test_add_func ("/malt/connection/busy-context-holds-up-nobody",
                   test_busy_context_holds_up_nobody);
  g_test_add_func ("/malt/connection/call-that-is-on-its-way", test_call_that_is_on_its_way);
  g_test_add_func ("/malt/connection/progress-of-a-blocking-call",
                   test_progress_of_a_blocking_call);
  g_test_add_func ("/malt/connection/progress-of-an-asynchronous-call",
                   test_progress_of_an_asynchronous_call);
  g_test_add_func ("/malt/connection/posts", test_posts);
  g_test_add_func ("/malt/connection/interrupt-names-the-highest-id",
                   test_interrupt_names_the_highest_id);
  g_test_add_func ("/malt/connection/running-calls-latest-first", test_running_calls_latest_first);
  g_test_add_func ("/malt/connection/big-values", test_big_values);
  g_test_add_func ("/malt/connection/big-values-both-ways", test_big_values_both_ways);

  return g_test_run ();
}

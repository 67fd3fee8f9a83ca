/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-wire-fixture.h"

#include "malt/malt-text-private.h"

#include <string.h>

/* Every call ends, exactly once, whatever happens. */

static gpointer
call_held (gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_wire_fixture_call (user_data, "hold", NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  return NULL;
}

static void
test_ends_all_calls (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltWireAsync) a = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);
  g_autoptr (MaltWireAsync) b = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);
  GThread *threads[3];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("caller", call_held, fixture);
  malt_fake_peer_wait_for (fixture->peer, MALT_MESSAGE_CALL, 2 + G_N_ELEMENTS (threads));
  malt_wire_fixture_close (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);

  g_assert_false (a->is_done);
  malt_wire_iterate_until (fixture->context, &a->is_done);
  malt_wire_iterate_until (fixture->context, &b->is_done);
  g_assert_error (a->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_error (b->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_cmpuint (fixture->n_lost, ==, 0);
}

static void
test_later_calls_end_at_once (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", NULL, NULL);
  g_autoptr (MaltWireAsync) async = NULL;
  g_autoptr (GError) error = NULL;

  malt_wire_fixture_close (fixture);
  malt_wire_fixture_close (fixture);

  g_assert_null (malt_connection_send_sync (fixture->connection, call, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_false (malt_connection_post (fixture->connection, call, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);
  g_assert_false (malt_connection_interrupt (fixture->connection, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);

  async = malt_wire_async_new (fixture->connection, "echo", NULL, NULL);
  g_assert_false (async->is_done);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_error (async->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

/* It knows where the call was, but not how it ended: its answer is the end, and says both. */
static void
test_last_words (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (GVariant) length = g_variant_ref_sink (g_variant_new ("(u)", 100000));
  g_autoptr (MaltWireAsync) async = malt_wire_async_new (fixture->connection, "last-words", length,
                                                         NULL);
  const char *traceback;

  malt_wire_fixture_check_echo (fixture);
  g_assert_false (async->is_done);
  malt_wire_fixture_close (fixture);
  malt_wire_iterate_until (fixture->context, &async->is_done);
  g_assert_error (async->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_true (g_str_has_prefix (async->error->message, "The fake peer is gone\nxxx"));
  traceback = malt_error_get_remote_traceback (async->error);
  g_assert_true (g_str_has_prefix (traceback, "xxx"));
  g_assert_cmpuint (strlen (traceback), <=, MALT_TRACEBACK_MAX_BYTES);
}

static void
test_never_greeted (void)
{
  g_autoptr (MaltWireFixture) fixture = NULL;

  fixture = malt_wire_fixture_new_raw (NULL, MALT_FAKE_GREETING_SILENCE);
}

static void
on_done_close (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  MaltWireFixture *fixture = user_data;
  g_autoptr (GVariant) value = malt_connection_send_finish (fixture->connection, result, NULL);

  malt_wire_fixture_close (fixture);
}

static void
test_closed_in_a_callback (void)
{
  g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (NULL);
  g_autoptr (MaltCall) call = malt_call_new ("echo", NULL, NULL);
  g_autoptr (MaltWireAsync) held = malt_wire_async_new (fixture->connection, "hold", NULL, NULL);

  malt_connection_send_async (fixture->connection, call, NULL, on_done_close, fixture);
  malt_wire_iterate_until (fixture->context, &held->is_done);
  g_assert_error (held->error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
}

/* Random calls, blocking and asynchronous, some of them cancelled, one thread closes: the accounts
 * must agree. */

#define STRESS_ROUNDS 25
#define STRESS_THREADS 4
#define STRESS_CALLS 60

typedef struct
{
  MaltWireFixture *fixture;
  GThread         *thread;
  guint            seed;
  guint            n_sent;
  guint            n_ended;
  gint            *n_running;
  gint            *is_cancelling_over;
  GCancellable    *cancellable; /* of all threads: cancelled again and again */
} Stress;

static void
on_stress_done (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  Stress *stress = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;

  value = malt_connection_send_finish (MALT_CONNECTION (source), result, &error);
  g_assert_true ((value != NULL) != (error != NULL));
  stress->n_ended++;
}

static void
stress_once (Stress *stress,
             GRand  *rand)
{
  const char *const functions[] = { "echo", "echo", "progress", "twice", "stranger", "hold" };
  MaltConnection *connection = stress->fixture->connection;
  guint kind = g_rand_int_range (rand, 0, G_N_ELEMENTS (functions));
  g_autoptr (GCancellable) own = g_cancellable_new ();
  GCancellable *cancellable = g_rand_boolean (rand) ? stress->cancellable : own;
  g_autoptr (MaltCall) call = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  call = malt_call_new (functions[kind], g_variant_new ("(u)", g_rand_int_range (rand, 0, 5)),
                        NULL);
  if (g_rand_boolean (rand))
    malt_call_set_timeout (call, 1000);
  stress->n_sent++;

  /* A blocking one that is held is not to be waited for. */
  if (kind == G_N_ELEMENTS (functions) - 1 || g_rand_boolean (rand))
    {
      malt_connection_send_async (connection, call, cancellable, on_stress_done, stress);
      if (g_rand_boolean (rand))
        g_cancellable_cancel (own);
    }
  else
    {
      value = malt_connection_send_sync (connection, call, cancellable, &error);
      g_assert_true ((value != NULL) != (error != NULL));
      stress->n_ended++;
    }
}

static gpointer
stress_thread (gpointer user_data)
{
  Stress *stress = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (stress->seed);

  g_main_context_push_thread_default (context);
  for (int i = 0; i < STRESS_CALLS; i++)
    {
      stress_once (stress, rand);
      if (g_rand_int_range (rand, 0, 4) == 0)
        g_main_context_iteration (context, FALSE);
      if (g_rand_int_range (rand, 0, 10) == 0)
        malt_fake_peer_release (stress->fixture->peer);
      if (i == STRESS_CALLS / 2)
        g_atomic_int_inc (stress->n_running);
    }
  while (stress->n_ended < stress->n_sent)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  return NULL;
}

static gpointer
cancel_thread (gpointer user_data)
{
  Stress *stress = user_data;

  while (!g_atomic_int_get (stress->is_cancelling_over))
    {
      g_cancellable_cancel (stress->cancellable);
      g_cancellable_reset (stress->cancellable);
      g_thread_yield ();
    }

  return NULL;
}

static void
test_stress (void)
{
  const MaltConnectionLimits limits = { 2000, 100000, 5 };

  for (guint round = 0; round < STRESS_ROUNDS; round++)
    {
      g_autoptr (MaltWireFixture) fixture = malt_wire_fixture_new (round % 2 == 0 ? &limits : NULL);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Stress stress[STRESS_THREADS];
      gint n_running = 0;
      gint is_cancelling_over = FALSE;
      GThread *canceller;

      for (guint i = 0; i < STRESS_THREADS; i++)
        {
          stress[i] = (Stress) {
            .fixture = fixture, .seed = 100 * round + i, .n_running = &n_running,
            .is_cancelling_over = &is_cancelling_over, .cancellable = cancellable,
          };
          stress[i].thread = g_thread_new ("stress", stress_thread, &stress[i]);
        }
      canceller = g_thread_new ("canceller", cancel_thread, &stress[0]);

      /* Half-way, so that some are sent before and some after. */
      while (g_atomic_int_get (&n_running) < 1 + (int) round % STRESS_THREADS)
        g_thread_yield ();
      malt_wire_fixture_close (fixture);

      for (guint i = 0; i < STRESS_THREADS; i++)
        {
          g_thread_join (stress[i].thread);
          g_assert_cmpuint (stress[i].n_ended, ==, stress[i].n_sent);
        }
      g_atomic_int_set (&is_cancelling_over, TRUE);
      g_thread_join (canceller);
      g_assert_cmpuint (malt_connection_get_n_pending (fixture->connection), ==, 0);
    }
}

int
main (int argc, char *argv[])
{
  malt_wire_test_init (&argc, &argv);

  g_test_add_func ("/malt/close/ends-all-calls", test_ends_all_calls);
  g_test_add_func ("/malt/close/later-calls-end-at-once", test_later_calls_end_at_once);
  g_test_add_func ("/malt/close/last-words", test_last_words);
  g_test_add_func ("/malt/close/never-greeted", test_never_greeted);
  g_test_add_func ("/malt/close/closed-in-a-callback", test_closed_in_a_callback);
  g_test_add_func ("/malt/close/stress", test_stress);

  return g_test_run ();
}

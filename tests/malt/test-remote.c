/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

typedef struct
{
  MaltFakeWorker     *fake;
  MaltAbstractWorker *worker;
} Fixture;

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->fake = malt_fake_worker_new ();
  fixture->worker = MALT_ABSTRACT_WORKER (fixture->fake);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  g_assert_finalize_object (fixture->fake);
}

static void
store_result (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
wait_for_result (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_call_fetch (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
    fixture->worker, "malt.ping", g_variant_new ("(s)", "hello"), NULL, NULL, &error);
  g_autoptr (GVariant) kwargs = malt_abstract_worker_remote_call_fetch (
    fixture->worker, "fake.kwargs", NULL, g_variant_new_parsed ("{'deep': <true>}"), NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "hello");
  g_assert_false (g_variant_is_floating (value));
  text = g_variant_print (kwargs, FALSE);
  g_assert_cmpstr (text, ==, "{'deep': <true>}");
}

static void
test_call_fails (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (malt_abstract_worker_remote_call_fetch (fixture->worker, "fake.fail", NULL, NULL,
                                                         NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_assert_true (g_str_has_prefix (error->message, "Remote exception from MaltFakeWorker:\n\n"));
  g_clear_error (&error);

  g_assert_false (malt_abstract_worker_remote_call_wait (fixture->worker, "fake.fail", NULL, NULL,
                                                         NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION);
  g_clear_error (&error);

  g_assert_null (malt_abstract_worker_remote_call_fetch (fixture->worker, "no.such", NULL, NULL,
                                                         NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION);
}

static void
test_call_wait (Fixture       *fixture,
                gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_remote_call_wait (
    fixture->worker, "malt.ping", g_variant_new ("(s)", "hello"), NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
test_call_async (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;

  malt_abstract_worker_remote_call_async (fixture->worker, "malt.ping", g_variant_new ("(u)", 3u),
                                          NULL, NULL, store_result, &result);
  g_assert_null (result);
  wait_for_result (&result);
  value = malt_abstract_worker_remote_call_finish (fixture->worker, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_get_uint32 (value), ==, 3);
}

static void
test_do (Fixture       *fixture,
         gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_remote_do (fixture->worker, "some.thing",
                                                 g_variant_new ("(s)", "x"), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (malt_fake_worker_get_last_post (fixture->fake), ==, "some.thing");
}

static void
test_eval (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_eval_fetch (
    fixture->worker, "Stub", "return ...", g_variant_new ("(i)", 5), NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = g_variant_print (value, FALSE);
  g_assert_cmpstr (text, ==, "('Stub', 'return ...', <(5,)>)");

  g_assert_true (
    malt_abstract_worker_remote_eval_wait (fixture->worker, NULL, "1", NULL, NULL, &error));
  g_assert_no_error (error);
}

static void
test_eval_async (Fixture       *fixture,
                 gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  malt_abstract_worker_remote_eval_async (fixture->worker, NULL, "1", NULL, NULL, store_result,
                                          &result);
  wait_for_result (&result);
  value = malt_abstract_worker_remote_eval_finish (fixture->worker, result, &error);
  g_assert_no_error (error);
  text = g_variant_print (value, FALSE);
  g_assert_cmpstr (text, ==, "('', '1', <()>)");
}

static void
test_ended_worker (Fixture       *fixture,
                   gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_stop (fixture->worker, 0, 0, NULL, NULL, &error));
  g_assert_no_error (error);

  g_assert_false (malt_abstract_worker_remote_do (fixture->worker, "f", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_clear_error (&error);

  g_assert_false (
    malt_abstract_worker_remote_eval_wait (fixture->worker, NULL, "1", NULL, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_assert_nonnull (malt_error_get_exit_report (error));
}

static void
count_progress (MaltCall   *call,
                double      fraction,
                const char *message,
                gpointer    user_data)
{
  (*(guint *) user_data)++;
}

static void
test_progress_of_a_blocking_call (Fixture       *fixture,
                                  gconstpointer  data)
{
  g_autoptr (MaltCall) call = malt_call_new ("fake.progress", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  guint n_reports = 0;

  g_signal_connect (call, "progress", G_CALLBACK (count_progress), &n_reports);
  value = malt_abstract_worker_send (fixture->worker, call, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n_reports, ==, 1);
}

/* The functions that every worker has are enough. */
static void
test_channel (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltChannel) channel = NULL;
  gboolean ready = FALSE;

  malt_abstract_worker_worker_channel_async (fixture->worker, "c", NULL, store_result, &result);
  wait_for_result (&result);
  channel = malt_abstract_worker_worker_channel_finish (fixture->worker, result, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GVariant) value = malt_channel_take (channel, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
      g_assert_true (malt_channel_put (channel, value, NULL, &error));
      g_assert_no_error (error);
    }
  g_assert_true (malt_channel_wait (channel, NULL, &error));
  g_assert_true (malt_channel_is_ready (channel, NULL, &ready, &error));
  g_assert_true (ready);
  g_assert_false (malt_channel_close (channel, NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION);

  /* The thread that has brought the last value lets go of its worker a moment later. */
  g_clear_object (&result);
  g_clear_object (&channel);
  while (g_atomic_int_get (&G_OBJECT (fixture->fake)->ref_count) > 1)
    g_thread_yield ();
}

static void
on_taken (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take_finish (MALT_CHANNEL (source), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, 42);
  *(gboolean *) user_data = TRUE;
}

static void
on_put (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_channel_put_finish (MALT_CHANNEL (source), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

/* What the worker lacks is learnt from two requests that are on their way at once. */
static void
test_channel_both_ways (Fixture       *fixture,
                        gconstpointer  data)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MaltChannel) channel =
        malt_abstract_worker_worker_channel (fixture->worker, "c", NULL, &error);
      gboolean is_taken = FALSE;
      gboolean is_put = FALSE;

      g_assert_no_error (error);
      malt_channel_put_async (channel, g_variant_new_int64 (1), NULL, on_put, &is_put);
      malt_channel_take_async (channel, NULL, on_taken, &is_taken);
      while (!is_taken || !is_put)
        g_main_context_iteration (NULL, TRUE);
    }

  /* The thread that has brought the last value lets go of its worker a moment later. */
  while (g_atomic_int_get (&G_OBJECT (fixture->fake)->ref_count) > 1)
    g_thread_yield ();
}

static void
test_channel_of_an_ended_worker (Fixture       *fixture,
                                 gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_abstract_worker_stop (fixture->worker, 0, 0, NULL, NULL, &error));
  g_assert_null (malt_abstract_worker_worker_channel (fixture->worker, "c", NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
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
    { "/malt/remote/call-fetch", test_call_fetch },
    { "/malt/remote/call-fails", test_call_fails },
    { "/malt/remote/call-wait", test_call_wait },
    { "/malt/remote/call-async", test_call_async },
    { "/malt/remote/do", test_do },
    { "/malt/remote/eval", test_eval },
    { "/malt/remote/eval-async", test_eval_async },
    { "/malt/remote/ended-worker", test_ended_worker },
    { "/malt/remote/progress-of-a-blocking-call", test_progress_of_a_blocking_call },
    { "/malt/remote/channel", test_channel },
    { "/malt/remote/channel-both-ways", test_channel_both_ways },
    { "/malt/remote/channel-of-an-ended-worker", test_channel_of_an_ended_worker },
  };

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

#define RACES 500

static void
put (gpointer channel,
     gint64   number)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_channel_put (channel, g_variant_new_int64 (number), NULL, &error));
  g_assert_no_error (error);
}

static gint64
take (gpointer channel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take (channel, NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_int64 (value);
}

static gboolean
is_ready (gpointer channel)
{
  g_autoptr (GError) error = NULL;
  gboolean ready = FALSE;

  g_assert_true (malt_channel_is_ready (channel, NULL, &ready, &error));
  g_assert_no_error (error);
  return ready;
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
assert_taken (gpointer      channel,
              GAsyncResult *result,
              gint64        number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_channel_take_finish (channel, result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, number);
}

static void
test_order (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (3);

  g_assert_false (is_ready (channel));
  for (gint64 i = 0; i < 3; i++)
    put (channel, i);
  g_assert_true (is_ready (channel));
  for (gint64 i = 0; i < 3; i++)
    g_assert_cmpint (take (channel), ==, i);
  g_assert_false (is_ready (channel));
}

static gpointer
put_hundred (gpointer channel)
{
  for (gint64 i = 0; i < 100; i++)
    put (channel, i);
  return NULL;
}

static void
test_threads (gconstpointer data)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (GPOINTER_TO_UINT (data));
  GThread *putter = g_thread_new ("putter", put_hundred, channel);

  for (gint64 i = 0; i < 100; i++)
    g_assert_cmpint (take (channel), ==, i);
  g_thread_join (putter);
  g_assert_false (is_ready (channel));
}

static void
test_takers_are_served_in_order (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (0);
  GAsyncResult *results[3] = { NULL, NULL, NULL };

  for (guint i = 0; i < 3; i++)
    malt_channel_take_async (MALT_CHANNEL (channel), NULL, store_result, &results[i]);
  for (gint64 i = 0; i < 3; i++)
    put (channel, i);
  for (guint i = 0; i < 3; i++)
    {
      wait_for_result (&results[i]);
      assert_taken (channel, results[i], i);
      g_object_unref (results[i]);
    }
}

static void
test_putters_are_served_in_order (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (1);
  GAsyncResult *results[3] = { NULL, NULL, NULL };

  for (guint i = 0; i < 3; i++)
    malt_channel_put_async (MALT_CHANNEL (channel), g_variant_new_int64 (i), NULL, store_result,
                            &results[i]);
  wait_for_result (&results[0]);
  g_assert_null (results[1]);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (take (channel), ==, i);
      wait_for_result (&results[i]);
      g_assert_true (malt_channel_put_finish (MALT_CHANNEL (channel), results[i], &error));
      g_assert_no_error (error);
      g_object_unref (results[i]);
    }
}

static void
test_wait (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (0);
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (GAsyncResult) was_put = NULL;
  g_autoptr (GError) error = NULL;

  malt_channel_wait_async (MALT_CHANNEL (channel), NULL, store_result, &waited);
  malt_channel_put_async (MALT_CHANNEL (channel), g_variant_new_int64 (1), NULL, store_result,
                          &was_put);
  wait_for_result (&waited);
  g_assert_true (malt_channel_wait_finish (MALT_CHANNEL (channel), waited, &error));
  g_assert_true (is_ready (channel));
  g_assert_null (was_put);
  g_assert_cmpint (take (channel), ==, 1);
  wait_for_result (&was_put);
}

static void
test_close (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (1);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  put (channel, 1);
  malt_channel_put_async (MALT_CHANNEL (channel), g_variant_new_int64 (2), NULL, store_result,
                          &result);
  g_assert_true (malt_channel_close (MALT_CHANNEL (channel), NULL, &error));
  g_assert_true (malt_channel_close (MALT_CHANNEL (channel), NULL, &error));
  g_assert_no_error (error);

  wait_for_result (&result);
  g_assert_false (malt_channel_put_finish (MALT_CHANNEL (channel), result, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);

  g_assert_true (is_ready (channel));
  g_assert_cmpint (take (channel), ==, 1);
  g_assert_null (malt_channel_take (MALT_CHANNEL (channel), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  g_assert_false (malt_channel_wait (MALT_CHANNEL (channel), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
  g_clear_error (&error);
  g_assert_false (malt_channel_put (MALT_CHANNEL (channel), g_variant_new_int64 (3), NULL, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED);
  g_assert_false (is_ready (channel));
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Of a blocking take and a cancel in another thread one wins, and the value is seen once. */
static void
test_cancelled_take (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (1);

  for (gint64 i = 0; i < RACES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autoptr (GError) error = NULL;
      GThread *thread;

      malt_channel_take_async (MALT_CHANNEL (channel), cancellable, store_result, &result);
      thread = g_thread_new ("canceller", cancel, cancellable);
      put (channel, i);
      wait_for_result (&result);
      value = malt_channel_take_finish (MALT_CHANNEL (channel), result, &error);
      if (value == NULL)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_assert_cmpint (take (channel), ==, i);
        }
      g_thread_join (thread);
    }
  g_assert_false (is_ready (channel));
}

static void
test_cancelled_blocking_put (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (1);

  put (channel, -1);
  for (gint64 i = 0; i < RACES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GError) error = NULL;
      GThread *thread = g_thread_new ("canceller", cancel, cancellable);

      g_assert_false (malt_channel_put (MALT_CHANNEL (channel), g_variant_new_int64 (i),
                                        cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (thread);
    }
  g_assert_cmpint (take (channel), ==, -1);
  g_assert_false (is_ready (channel));
}

static void
never (MaltChannelWaiter *waiter)
{
  g_assert_not_reached ();
}

static void
test_waiters (void)
{
  g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (1);
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_int64 (1));
  g_autoptr (GVariant) taken = NULL;
  MaltChannelWaiter taker = { .verb = MALT_CHANNEL_VERB_TAKE, .func = never };

  g_assert_null (malt_local_channel_try_take (channel));
  g_assert_false (malt_local_channel_begin (channel, &taker));
  g_assert_true (malt_local_channel_withdraw (channel, &taker));
  g_assert_false (malt_local_channel_withdraw (channel, &taker));

  g_assert_true (malt_local_channel_try_put (channel, value));
  g_assert_false (malt_local_channel_try_put (channel, value));
  g_assert_true (malt_local_channel_begin (channel, &taker));
  malt_local_channel_untake (channel, taker.value);
  g_clear_pointer (&taker.value, g_variant_unref);
  taken = malt_local_channel_try_take (channel);
  g_assert_cmpvariant (taken, value);
  g_assert_cmpuint (malt_local_channel_get_capacity (channel), ==, 1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/local-channel/order", test_order);
  g_test_add_data_func ("/malt/local-channel/threads", GUINT_TO_POINTER (7), test_threads);
  g_test_add_data_func ("/malt/local-channel/rendezvous", NULL, test_threads);
  g_test_add_func ("/malt/local-channel/takers-in-order", test_takers_are_served_in_order);
  g_test_add_func ("/malt/local-channel/putters-in-order", test_putters_are_served_in_order);
  g_test_add_func ("/malt/local-channel/wait", test_wait);
  g_test_add_func ("/malt/local-channel/close", test_close);
  g_test_add_func ("/malt/local-channel/cancelled-take", test_cancelled_take);
  g_test_add_func ("/malt/local-channel/cancelled-blocking-put", test_cancelled_blocking_put);
  g_test_add_func ("/malt/local-channel/waiters", test_waiters);

  return g_test_run ();
}

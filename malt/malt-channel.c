/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-channel.h"

#include "malt/malt-own-context.h"

/**
 * MaltChannel:
 *
 * A queue with a bounded number of places, between those who put and those who take.
 *
 * ```c
 * g_autoptr (MaltChannel) channel = NULL;
 * g_autoptr (GVariant) value = NULL;
 *
 * channel = malt_abstract_worker_worker_channel (worker, "numbers = malt.channel (20)\n"
 *                                                "return numbers", NULL, &error);
 * if (channel != NULL)
 *   value = malt_channel_take (channel, NULL, &error);
 * ```
 *
 * A put waits while the channel is full, a take while it is empty, each in the order in
 * which they came; so the slower side sets the pace. One that is cancelled has had no
 * effect, whatever it was cancelled in the midst of. Operations never time out, and
 * [method@Malt.AbstractWorker.interrupt] passes them over.
 *
 * [class@Malt.LocalChannel] is one inside of a process,
 * [method@Malt.AbstractWorker.worker_channel] gives one that lives in a worker and ends
 * with it. Letting go of the latter tells the worker, which keeps the channel if it needs
 * it itself.
 *
 * All methods may be called in any thread. None iterates a main context of the caller's.
 * It is not a broadcast: each value is taken once.
 *
 * Since: 0.1
 */
G_DEFINE_INTERFACE (MaltChannel, malt_channel, G_TYPE_OBJECT)

static void
malt_channel_default_init (MaltChannelInterface *iface)
{
}

/**
 * malt_channel_put_async:
 * @self: a channel
 * @value: the value. A floating reference is taken.
 * @cancellable: (nullable): ends it; the value has not been put then
 * @callback: (scope async) (nullable): called when it is over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Puts a value into a channel. Completes when there is room for it.
 *
 * [method@Malt.Channel.put_finish] gets the outcome;
 * [method@Malt.Channel.put] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_channel_put_async (MaltChannel         *self,
                        GVariant            *value,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr (GVariant) owned_value = NULL;

  g_return_if_fail (MALT_IS_CHANNEL (self));
  g_return_if_fail (value != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  owned_value = g_variant_ref_sink (value);
  MALT_CHANNEL_GET_IFACE (self)->put_async (self, owned_value, cancellable, callback, user_data);
}

/**
 * malt_channel_put_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Channel.put_async].
 *
 * Errors: those of [method@Malt.Channel.put].
 *
 * Returns: whether the value is in the channel
 *
 * Since: 0.1
 */
gboolean
malt_channel_put_finish (MaltChannel   *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return MALT_CHANNEL_GET_IFACE (self)->put_finish (self, result, error);
}

/**
 * malt_channel_put:
 * @self: a channel
 * @value: the value. A floating reference is taken.
 * @cancellable: (nullable): ends it; the value has not been put then
 * @error: return location for an error
 *
 * Puts a value into a channel, and blocks while it is full.
 *
 * Errors: %MALT_ERROR_CHANNEL_CLOSED if the channel is closed, or is while it waits;
 * %MALT_ERROR_TERMINATED_WORKER if the worker that it
 * lives in has ended or ends first; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the value is in the channel
 *
 * Since: 0.1
 */
gboolean
malt_channel_put (MaltChannel   *self,
                  GVariant      *value,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr (GVariant) owned_value = NULL;
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  owned_value = g_variant_ref_sink (value);
  if (MALT_CHANNEL_GET_IFACE (self)->put != NULL)
    return MALT_CHANNEL_GET_IFACE (self)->put (self, owned_value, cancellable, error);

  own = malt_own_context_new ();
  malt_channel_put_async (self, owned_value, cancellable, malt_own_context_return, own);

  return malt_channel_put_finish (self, malt_own_context_wait (own), error);
}

/**
 * malt_channel_take_async:
 * @self: a channel
 * @cancellable: (nullable): ends it at once; nothing has been taken then
 * @callback: (scope async) (nullable): called when it is over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Takes the oldest value out of a channel. Completes when there is one.
 *
 * [method@Malt.Channel.take_finish] gets the outcome;
 * [method@Malt.Channel.take] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_channel_take_async (MaltChannel         *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (MALT_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  MALT_CHANNEL_GET_IFACE (self)->take_async (self, cancellable, callback, user_data);
}

/**
 * malt_channel_take_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Channel.take_async].
 *
 * Errors: those of [method@Malt.Channel.take].
 *
 * Returns: (transfer full): the value; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_channel_take_finish (MaltChannel   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (MALT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return MALT_CHANNEL_GET_IFACE (self)->take_finish (self, result, error);
}

/**
 * malt_channel_take:
 * @self: a channel
 * @cancellable: (nullable): ends it at once; nothing has been taken then
 * @error: return location for an error
 *
 * Takes the oldest value out of a channel, and blocks while it is empty.
 *
 * Errors: %MALT_ERROR_CHANNEL_CLOSED if the channel is closed and nothing is left in it;
 * %MALT_ERROR_TERMINATED_WORKER if the worker that it
 * lives in has ended or ends first; %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the value; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_channel_take (MaltChannel   *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (MALT_CHANNEL_GET_IFACE (self)->take != NULL)
    return MALT_CHANNEL_GET_IFACE (self)->take (self, cancellable, error);

  own = malt_own_context_new ();
  malt_channel_take_async (self, cancellable, malt_own_context_return, own);

  return malt_channel_take_finish (self, malt_own_context_wait (own), error);
}

/**
 * malt_channel_is_ready_async:
 * @self: a channel
 * @cancellable: (nullable): ends it at once
 * @callback: (scope async) (nullable): called when it is over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Asks whether something can be taken at once.
 *
 * [method@Malt.Channel.is_ready_finish] gets the outcome;
 * [method@Malt.Channel.is_ready] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_channel_is_ready_async (MaltChannel         *self,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_return_if_fail (MALT_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  MALT_CHANNEL_GET_IFACE (self)->is_ready_async (self, cancellable, callback, user_data);
}

/**
 * malt_channel_is_ready_finish:
 * @self: a channel
 * @result: what the callback got
 * @ready: (out) (optional): return location for whether something can be taken
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Channel.is_ready_async].
 *
 * Errors: those of [method@Malt.Channel.is_ready].
 *
 * Returns: whether the channel could be asked
 *
 * Since: 0.1
 */
gboolean
malt_channel_is_ready_finish (MaltChannel   *self,
                              GAsyncResult  *result,
                              gboolean      *ready,
                              GError       **error)
{
  gboolean is_ready = FALSE;
  gboolean is_known;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  is_known = MALT_CHANNEL_GET_IFACE (self)->is_ready_finish (self, result, &is_ready, error);
  if (ready != NULL)
    *ready = is_ready;

  return is_known;
}

/**
 * malt_channel_is_ready:
 * @self: a channel
 * @cancellable: (nullable): ends it at once
 * @ready: (out) (optional): return location for whether something can be taken
 * @error: return location for an error
 *
 * Asks whether something can be taken at once. Blocks until the answer is there,
 * which for a channel in a worker is a round trip.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker that it
 * lives in has ended or ends first; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the channel could be asked
 *
 * Since: 0.1
 */
gboolean
malt_channel_is_ready (MaltChannel   *self,
                       GCancellable  *cancellable,
                       gboolean      *ready,
                       GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_channel_is_ready_async (self, cancellable, malt_own_context_return, own);

  return malt_channel_is_ready_finish (self, malt_own_context_wait (own), ready, error);
}

/**
 * malt_channel_wait_async:
 * @self: a channel
 * @cancellable: (nullable): ends it at once
 * @callback: (scope async) (nullable): called when it is over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Waits until something can be taken, and leaves it there. Another taker may be
 * quicker: only [method@Malt.Channel.take_async] is sure to get it.
 *
 * [method@Malt.Channel.wait_finish] gets the outcome;
 * [method@Malt.Channel.wait] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_channel_wait_async (MaltChannel         *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (MALT_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  MALT_CHANNEL_GET_IFACE (self)->wait_async (self, cancellable, callback, user_data);
}

/**
 * malt_channel_wait_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Channel.wait_async].
 *
 * Errors: those of [method@Malt.Channel.wait].
 *
 * Returns: whether there was something
 *
 * Since: 0.1
 */
gboolean
malt_channel_wait_finish (MaltChannel   *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return MALT_CHANNEL_GET_IFACE (self)->wait_finish (self, result, error);
}

/**
 * malt_channel_wait:
 * @self: a channel
 * @cancellable: (nullable): ends it at once
 * @error: return location for an error
 *
 * Blocks until something can be taken, and leaves it there. Another taker may be
 * quicker: only [method@Malt.Channel.take] is sure to get it.
 *
 * Errors: %MALT_ERROR_CHANNEL_CLOSED if the channel is closed and nothing is left in it;
 * %MALT_ERROR_TERMINATED_WORKER if the worker that it
 * lives in has ended or ends first; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether there was something
 *
 * Since: 0.1
 */
gboolean
malt_channel_wait (MaltChannel   *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_channel_wait_async (self, cancellable, malt_own_context_return, own);

  return malt_channel_wait_finish (self, malt_own_context_wait (own), error);
}

/**
 * malt_channel_close_async:
 * @self: a channel
 * @cancellable: (nullable): ends it at once; the channel may be closed all the same
 * @callback: (scope async) (nullable): called when it is over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Closes a channel. What is inside can still be taken. Puts that wait for room fail,
 * and so do takes, once nothing is left. To close it again does nothing.
 *
 * [method@Malt.Channel.close_finish] gets the outcome;
 * [method@Malt.Channel.close] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_channel_close_async (MaltChannel         *self,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (MALT_IS_CHANNEL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  MALT_CHANNEL_GET_IFACE (self)->close_async (self, cancellable, callback, user_data);
}

/**
 * malt_channel_close_finish:
 * @self: a channel
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Channel.close_async].
 *
 * Errors: those of [method@Malt.Channel.close].
 *
 * Returns: whether the channel is closed
 *
 * Since: 0.1
 */
gboolean
malt_channel_close_finish (MaltChannel   *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return MALT_CHANNEL_GET_IFACE (self)->close_finish (self, result, error);
}

/**
 * malt_channel_close:
 * @self: a channel
 * @cancellable: (nullable): ends it at once; the channel may be closed all the same
 * @error: return location for an error
 *
 * Closes a channel. What is inside can still be taken. Puts that wait for room fail,
 * and so do takes, once nothing is left. To close it again does nothing.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker that it
 * lives in has ended or ends first; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the channel is closed
 *
 * Since: 0.1
 */
gboolean
malt_channel_close (MaltChannel   *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_channel_close_async (self, cancellable, malt_own_context_return, own);

  return malt_channel_close_finish (self, malt_own_context_wait (own), error);
}

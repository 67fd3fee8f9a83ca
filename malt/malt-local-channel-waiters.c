/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-local-channel-private.h"

/* Operations of a channel without a GTask: at once, or with a waiter that is served later. */

/**
 * MaltChannelVerb: (skip)
 * @MALT_CHANNEL_VERB_PUT: puts a value, as [method@Malt.Channel.put]
 * @MALT_CHANNEL_VERB_TAKE: takes the oldest value, as [method@Malt.Channel.take]
 * @MALT_CHANNEL_VERB_IS_READY: tells whether there is a value to take, as
 *   [method@Malt.Channel.is_ready]
 * @MALT_CHANNEL_VERB_WAIT: waits until there is a value to take, and leaves it
 *   there, as [method@Malt.Channel.wait]
 *
 * What a [struct@Malt.ChannelWaiter] asks of a channel.
 *
 * Since: 0.1
 */

/**
 * MaltChannelWaiterFunc: (skip)
 * @waiter: the operation, whose memory is its owner's again
 *
 * Is told that an operation is over. Once, without a lock held, in any thread: as a
 * rule that which made it possible by a put, take or close of its own, and which this
 * holds up.
 *
 * Since: 0.1
 */

/**
 * MaltChannelWaiter: (skip)
 * @verb: what is asked of the channel; set before it begins
 * @func: who is told when it is over; set before it begins
 * @value: (nullable): owned by the waiter: what is to be put, not floating, set
 *   before a put begins, %NULL once the channel has it; and what was taken, once a
 *   take is over without error
 * @is_ready: the answer of %MALT_CHANNEL_VERB_IS_READY, once that is over
 * @error: (nullable): owned by the waiter: %MALT_ERROR_CHANNEL_CLOSED, once it is
 *   over, of a put into a closed channel, and of a take or a wait where it is empty
 *   besides; of the end of a channel in another process, also why that fails
 *
 * One operation of a [class@Malt.LocalChannel] without a #GTask, for evaluators,
 * whose coroutines wait in their own way. It lies in memory of whoever begins it,
 * all zero but for what is set before, and neither moves nor is freed while it
 * waits.
 *
 * ```c
 * self->waiter.verb = MALT_CHANNEL_VERB_TAKE;
 * self->waiter.func = on_over;
 * if (malt_local_channel_begin (channel, &self->waiter))
 *   go_on (self);
 * ```
 *
 * Since: 0.1
 */

static gboolean
has_room_locked (MaltLocalChannel *self)
{
  return !self->is_closed
         && (self->values.length < self->capacity
             || (self->takers.length > 0 && self->recall == NULL));
}

/**
 * malt_local_channel_try_put: (skip)
 * @self: a channel
 * @value: what to put, of any type, not floating
 *
 * Puts a value if there is room for it, or somebody who waits to take. Any thread;
 * does not block.
 *
 * Returns: %FALSE if it would have to wait, and also where the channel is closed,
 *   which [method@Malt.LocalChannel.begin] tells apart
 *
 * Since: 0.1
 */
gboolean
malt_local_channel_try_put (MaltLocalChannel *self,
                            GVariant         *value)
{
  GQueue over = G_QUEUE_INIT;
  gboolean has_room;

  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (self), FALSE);
  g_return_val_if_fail (value != NULL && !g_variant_is_floating (value), FALSE);

  g_mutex_lock (&self->lock);
  has_room = has_room_locked (self);
  if (has_room)
    {
      g_queue_push_tail (&self->values, g_variant_ref (value));
      malt_local_channel_serve_locked (self, &over);
    }
  malt_local_channel_unlock (self, &over);

  return has_room;
}

/**
 * malt_local_channel_try_take: (skip)
 * @self: a channel
 *
 * Takes the oldest value if there is one. Any thread; does not block.
 *
 * Returns: (transfer full) (nullable): the value; %NULL if it would have to wait,
 *   and also where the channel is closed and empty, which
 *   [method@Malt.LocalChannel.begin] tells apart
 *
 * Since: 0.1
 */
GVariant *
malt_local_channel_try_take (MaltLocalChannel *self)
{
  GQueue over = G_QUEUE_INIT;
  GVariant *value = NULL;

  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (self), NULL);

  g_mutex_lock (&self->lock);
  if (self->recall == NULL)
    value = malt_local_channel_pop_locked (self, &over);
  if (value != NULL)
    malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);

  return value;
}

static void
enqueue_locked (MaltChannelWaiter *waiter,
                GQueue            *queue)
{
  waiter->link.data = waiter;
  waiter->queue = queue;
  g_queue_push_tail_link (queue, &waiter->link);
}

/* Puts it into its queue, or gives the answer that there is already. */
static void
enter_locked (MaltLocalChannel  *self,
              MaltChannelWaiter *waiter,
              GQueue            *over)
{
  gboolean is_answered = FALSE;
  GQueue *queue = &self->takers;

  if (waiter->verb == MALT_CHANNEL_VERB_PUT)
    {
      queue = &self->putters;
      is_answered = self->is_closed;
      if (is_answered)
        malt_channel_waiter_set_closed (waiter);
    }
  else if (waiter->verb == MALT_CHANNEL_VERB_WAIT)
    queue = &self->waits;
  else if (waiter->verb == MALT_CHANNEL_VERB_IS_READY && self->recall == NULL)
    {
      waiter->is_ready = malt_local_channel_can_take_locked (self);
      is_answered = TRUE;
    }

  enqueue_locked (waiter, queue);
  if (is_answered)
    malt_local_channel_end_locked (waiter, over);
}

/* TRUE: it is over; it is told so only if `is_told`. */
static gboolean
begin (MaltLocalChannel  *self,
       MaltChannelWaiter *waiter,
       gboolean           is_told)
{
  GQueue over = G_QUEUE_INIT;
  MaltLocalChannelFunc demand_func = NULL;
  gpointer demand_data;
  gboolean is_over;

  g_mutex_lock (&self->lock);
  enter_locked (self, waiter, &over);
  malt_local_channel_serve_locked (self, &over);
  is_over = waiter->queue == NULL;
  if (is_over && !is_told)
    g_queue_unlink (&over, &waiter->link);
  if (!is_over)
    demand_func = self->demand_func;
  demand_data = self->demand_data;
  malt_local_channel_unlock (self, &over);

  if (demand_func != NULL)
    demand_func (demand_data);

  return is_over;
}

/**
 * malt_local_channel_begin: (skip)
 * @self: a channel
 * @waiter: an operation that is set and has not begun
 *
 * Begins an operation. If it does not end at once, its memory stays where it is, and
 * its owner keeps a reference on the channel, until its function has been called,
 * possibly before this returns, or [method@Malt.LocalChannel.withdraw] has answered
 * %TRUE. Those who wait are served in the order in which they began. Any thread; does
 * not block.
 *
 * Returns: %TRUE if it is over, and its function will not be called; %FALSE if it
 *   waits
 *
 * Since: 0.1
 */
gboolean
malt_local_channel_begin (MaltLocalChannel  *self,
                          MaltChannelWaiter *waiter)
{
  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (self), FALSE);
  g_return_val_if_fail (waiter->func != NULL, FALSE);

  return begin (self, waiter, FALSE);
}

void
malt_local_channel_begin_and_tell (MaltLocalChannel  *self,
                                   MaltChannelWaiter *waiter)
{
  begin (self, waiter, TRUE);
}

/**
 * malt_local_channel_withdraw: (skip)
 * @self: a channel
 * @waiter: an operation that has begun there, and whose memory is still there
 *
 * Withdraws an operation that nobody wants any more. Any thread; does not block.
 *
 * A put into the end of a channel of another process may be on its way there: it
 * goes on then, and ends when it is known whether it has had an effect.
 *
 * Returns: %TRUE if it has had no effect, and its function will not be called;
 *   %FALSE if it has been called or will be
 *
 * Since: 0.1
 */
gboolean
malt_local_channel_withdraw (MaltLocalChannel  *self,
                             MaltChannelWaiter *waiter)
{
  MaltLocalChannelFunc demand_func = NULL;
  gpointer demand_data;
  gboolean waited;

  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (self), FALSE);

  g_mutex_lock (&self->lock);
  waited = waiter->queue != NULL;
  if (waited)
    demand_func = self->demand_func;
  demand_data = self->demand_data;
  if (waited && waiter->is_claimed)
    {
      waiter->is_cancelled = TRUE;
      waited = FALSE;
    }
  else if (waited)
    {
      g_queue_unlink (waiter->queue, &waiter->link);
      waiter->queue = NULL;
    }
  g_mutex_unlock (&self->lock);

  if (demand_func != NULL)
    demand_func (demand_data);

  return waited;
}

/**
 * malt_local_channel_untake: (skip)
 * @self: a channel
 * @value: what was taken from there
 *
 * Puts back what has been taken for somebody who is gone meanwhile: it is the oldest
 * value again, whether or not there is room, also in a closed channel. Several are
 * put back in the reverse order. Any thread; does not block.
 *
 * Since: 0.1
 */
void
malt_local_channel_untake (MaltLocalChannel *self,
                           GVariant         *value)
{
  GQueue over = G_QUEUE_INIT;

  g_return_if_fail (MALT_IS_LOCAL_CHANNEL (self));
  g_return_if_fail (value != NULL);

  g_mutex_lock (&self->lock);
  g_queue_push_head (&self->values, g_variant_ref (value));
  malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-local-channel-private.h"

#include "malt/malt-error.h"

/**
 * MaltLocalChannel:
 *
 * A [iface@Malt.Channel] inside of this process, between threads or between parts of a
 * main loop.
 *
 * ```c
 * g_autoptr (MaltLocalChannel) channel = malt_local_channel_new (20);
 *
 * malt_channel_put (MALT_CHANNEL (channel), g_variant_new_int64 (42), NULL, &error);
 * ```
 *
 * Closing is the way to say that nothing more comes; letting go of the last reference
 * drops what is left inside. It does not reach into a worker: for that there is
 * [method@Malt.AbstractWorker.worker_channel].
 *
 * Since: 0.1
 */

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltLocalChannel, malt_local_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_CHANNEL,
                                                      malt_local_channel_add_verbs))

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

static void
enqueue_locked (MaltChannelWaiter *waiter,
                GQueue            *queue)
{
  waiter->link.data = waiter;
  waiter->queue = queue;
  g_queue_push_tail_link (queue, &waiter->link);
}

void
malt_local_channel_end_locked (MaltChannelWaiter *waiter,
                               GQueue            *over)
{
  g_queue_unlink (waiter->queue, &waiter->link);
  waiter->queue = NULL;
  waiter->is_claimed = FALSE;
  g_queue_push_tail_link (over, &waiter->link);
}

static void
set_closed_error (MaltChannelWaiter *waiter)
{
  g_set_error_literal (&waiter->error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED,
                       "The channel is closed");
}

static gboolean
has_something_locked (MaltLocalChannel *self)
{
  return self->values.length > 0 || self->putters.length > 0;
}

/* The oldest value: one that is inside, else one that is being put. (transfer full) */
static GVariant *
pop_locked (MaltLocalChannel *self,
            GQueue           *over)
{
  MaltChannelWaiter *putter;

  if (self->values.length > 0)
    return g_queue_pop_head (&self->values);

  putter = g_queue_peek_head (&self->putters);
  if (putter == NULL)
    return NULL;

  malt_local_channel_end_locked (putter, over);

  return g_steal_pointer (&putter->value);
}

/* FALSE: it has to wait on. */
static gboolean
serve_taker_locked (MaltLocalChannel  *self,
                    MaltChannelWaiter *taker,
                    GQueue            *over)
{
  if (taker->verb == MALT_CHANNEL_VERB_IS_READY)
    taker->is_ready = has_something_locked (self);
  else if ((taker->value = pop_locked (self, over)) == NULL)
    {
      if (!self->is_closed)
        return FALSE;
      set_closed_error (taker);
    }

  malt_local_channel_end_locked (taker, over);

  return TRUE;
}

static void
serve_waits_locked (MaltLocalChannel *self,
                    GQueue           *over)
{
  MaltChannelWaiter *waiter;

  if (!has_something_locked (self) && !self->is_closed)
    return;

  while ((waiter = g_queue_peek_head (&self->waits)) != NULL)
    {
      if (!has_something_locked (self))
        set_closed_error (waiter);
      malt_local_channel_end_locked (waiter, over);
    }
}

static void
admit_putters_locked (MaltLocalChannel *self,
                      GQueue           *over)
{
  while (self->values.length < self->capacity && self->putters.length > 0)
    {
      MaltChannelWaiter *putter = g_queue_peek_head (&self->putters);

      malt_local_channel_end_locked (putter, over);
      g_queue_push_tail (&self->values, g_steal_pointer (&putter->value));
    }
}

void
malt_local_channel_serve_locked (MaltLocalChannel *self,
                                 GQueue           *over)
{
  if (self->recall == NULL)
    {
      while (self->takers.length > 0
             && serve_taker_locked (self, g_queue_peek_head (&self->takers), over))
        ;
      serve_waits_locked (self, over);
    }
  admit_putters_locked (self, over);
}

/* Releases the lock. Those that are told by another thread, or further up in this one, are told
 * there: what a taker does then must not overtake the ones that came before it. */
static void
tell_and_unlock (MaltLocalChannel *self)
{
  GList *link;

  if (!self->is_telling)
    {
      self->is_telling = TRUE;
      while ((link = g_queue_pop_head_link (&self->over)) != NULL)
        {
          MaltChannelWaiter *waiter = link->data;

          g_mutex_unlock (&self->lock);
          waiter->func (waiter);
          g_mutex_lock (&self->lock);
        }
      self->is_telling = FALSE;
    }
  g_mutex_unlock (&self->lock);
}

void
malt_local_channel_unlock (MaltLocalChannel *self,
                           GQueue           *over)
{
  gboolean is_wanted = self->takers.length > 0 || self->waits.length > 0;
  GList *link;

  while ((link = g_queue_pop_head_link (over)) != NULL)
    g_queue_push_tail_link (&self->over, link);

  if (is_wanted && self->recall != NULL && !self->is_recalled)
    {
      MaltLocalChannelFunc recall = self->recall;
      gpointer recall_data = self->recall_data;

      self->is_recalled = TRUE;
      g_mutex_unlock (&self->lock);
      recall (recall_data);
      g_mutex_lock (&self->lock);
    }

  tell_and_unlock (self);
}

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
    value = pop_locked (self, &over);
  if (value != NULL)
    malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);

  return value;
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
        set_closed_error (waiter);
    }
  else if (waiter->verb == MALT_CHANNEL_VERB_WAIT)
    queue = &self->waits;
  else if (waiter->verb == MALT_CHANNEL_VERB_IS_READY && self->recall == NULL)
    {
      waiter->is_ready = has_something_locked (self);
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

/**
 * malt_local_channel_close: (skip)
 * @self: a channel
 *
 * Closes a channel as [method@Malt.Channel.close] does, at once: who waits to put fails
 * with %MALT_ERROR_CHANNEL_CLOSED, what is inside can still be taken. The second call
 * does nothing. Any thread; does not block.
 *
 * Since: 0.1
 */
void
malt_local_channel_close (MaltLocalChannel *self)
{
  GQueue over = G_QUEUE_INIT;
  MaltChannelWaiter *putter;

  g_return_if_fail (MALT_IS_LOCAL_CHANNEL (self));

  g_mutex_lock (&self->lock);
  self->is_closed = TRUE;
  while ((putter = g_queue_peek_head (&self->putters)) != NULL)
    {
      set_closed_error (putter);
      malt_local_channel_end_locked (putter, &over);
    }
  malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);
}

/**
 * malt_local_channel_get_capacity: (skip)
 * @self: a channel
 *
 * Gets what it was made with. Any thread.
 *
 * Returns: how many values it holds before a put waits
 *
 * Since: 0.1
 */
guint
malt_local_channel_get_capacity (MaltLocalChannel *self)
{
  g_return_val_if_fail (MALT_IS_LOCAL_CHANNEL (self), 0);

  return self->capacity;
}

gboolean
malt_local_channel_lend (MaltLocalChannel     *self,
                         MaltLocalChannelFunc  recall,
                         gpointer              user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->recall != NULL || self->takers.length > 0 || self->waits.length > 0)
    return FALSE;

  self->recall = recall;
  self->recall_data = user_data;
  self->is_recalled = FALSE;

  return TRUE;
}

void
malt_local_channel_settle (MaltLocalChannel *self,
                           GVariant         *unused)
{
  gsize n_unused = unused != NULL ? g_variant_n_children (unused) : 0;
  GQueue over = G_QUEUE_INIT;

  g_mutex_lock (&self->lock);
  while (n_unused-- > 0)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (unused, n_unused);

      g_queue_push_head (&self->values, g_variant_get_variant (item));
    }
  self->recall = NULL;
  malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);
}

static void
malt_local_channel_finalize (GObject *object)
{
  MaltLocalChannel *self = MALT_LOCAL_CHANNEL (object);

  g_assert (self->takers.length == 0 && self->waits.length == 0 && self->putters.length == 0);

  g_queue_clear_full (&self->values, (GDestroyNotify) g_variant_unref);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (malt_local_channel_parent_class)->finalize (object);
}

static void
malt_local_channel_class_init (MaltLocalChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_local_channel_finalize;
}

static void
malt_local_channel_init (MaltLocalChannel *self)
{
  g_mutex_init (&self->lock);
}

/**
 * malt_local_channel_new:
 * @capacity: how many values it holds before a put waits; 0: a put waits for a take
 *
 * Creates a channel inside of this process.
 *
 * Returns: (transfer full): a new channel, open and empty
 *
 * Since: 0.1
 */
MaltLocalChannel *
malt_local_channel_new (guint capacity)
{
  MaltLocalChannel *self = g_object_new (MALT_TYPE_LOCAL_CHANNEL, NULL);

  self->capacity = capacity;

  return self;
}

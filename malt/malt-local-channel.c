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

void
malt_local_channel_end_locked (MaltChannelWaiter *waiter,
                               GQueue            *over)
{
  g_queue_unlink (waiter->queue, &waiter->link);
  waiter->queue = NULL;
  waiter->is_claimed = FALSE;
  g_queue_push_tail_link (over, &waiter->link);
}

void
malt_channel_waiter_set_closed (MaltChannelWaiter *waiter)
{
  g_set_error_literal (&waiter->error, MALT_ERROR, MALT_ERROR_CHANNEL_CLOSED,
                       "The channel is closed");
}

gboolean
malt_local_channel_can_take_locked (MaltLocalChannel *self)
{
  return self->values.length > 0 || self->putters.length > 0;
}

GVariant *
malt_local_channel_pop_locked (MaltLocalChannel *self,
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
    taker->is_ready = malt_local_channel_can_take_locked (self);
  else if ((taker->value = malt_local_channel_pop_locked (self, over)) == NULL)
    {
      if (!self->is_closed)
        return FALSE;
      malt_channel_waiter_set_closed (taker);
    }

  malt_local_channel_end_locked (taker, over);

  return TRUE;
}

static void
serve_waits_locked (MaltLocalChannel *self,
                    GQueue           *over)
{
  MaltChannelWaiter *waiter;

  if (!malt_local_channel_can_take_locked (self) && !self->is_closed)
    return;

  while ((waiter = g_queue_peek_head (&self->waits)) != NULL)
    {
      if (!malt_local_channel_can_take_locked (self))
        malt_channel_waiter_set_closed (waiter);
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
      malt_channel_waiter_set_closed (putter);
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

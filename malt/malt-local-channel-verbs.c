/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-local-channel-private.h"

#include "malt/malt-delivery.h"

/* The verbs of MaltChannel on top of begin() and withdraw(): with a GTask, or blocking. */

/* One with a GTask; a reference for its end, and one for the handler of its cancellable. */
typedef struct
{
  MaltChannelWaiter  waiter;  /* first: it is found by it */
  MaltDelivery       delivery;
  MaltLocalChannel  *channel; /* owned */
  GTask             *task;    /* owned, until it returns */
  gulong             handler; /* of its cancellable, or 0 */
} Operation;

static void
clear_operation (gpointer data)
{
  Operation *self = data;

  g_clear_pointer (&self->waiter.value, g_variant_unref);
  g_clear_error (&self->waiter.error);
  g_clear_object (&self->task);
  g_clear_object (&self->channel);
}

static void
unref_operation (gpointer data)
{
  g_atomic_rc_box_release_full (data, clear_operation);
}

static void
unref_closure_data (gpointer  data,
                    GClosure *closure)
{
  unref_operation (data);
}

/* Runs in the context of the task. */
static void
return_task (MaltDelivery *delivery)
{
  Operation *self = (Operation *) ((char *) delivery - G_STRUCT_OFFSET (Operation, delivery));
  MaltChannelWaiter *waiter = &self->waiter;

  if (waiter->error != NULL)
    g_task_return_error (self->task, g_steal_pointer (&waiter->error));
  else if (waiter->verb == MALT_CHANNEL_VERB_TAKE)
    g_task_return_pointer (self->task, g_steal_pointer (&waiter->value),
                           (GDestroyNotify) g_variant_unref);
  else
    g_task_return_boolean (self->task,
                           waiter->verb != MALT_CHANNEL_VERB_IS_READY || waiter->is_ready);

  unref_operation (self);
}

/* Runs in the thread that made it possible, or that cancelled it. */
static void
on_over (MaltChannelWaiter *waiter)
{
  Operation *self = (Operation *) waiter;

  /* Not g_cancellable_disconnect(), which waits for a handler that may be this one. */
  if (self->handler != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (self->task), self->handler);

  self->delivery.func = return_task;
  malt_delivery_send (&self->delivery, g_task_get_context (self->task));
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  Operation *self = user_data;

  if (!malt_local_channel_withdraw (self->channel, &self->waiter))
    return;

  g_cancellable_set_error_if_cancelled (cancellable, &self->waiter.error);
  on_over (&self->waiter);
}

/* `task` returns what the verb of that name finishes with. */
void
malt_local_channel_start (MaltLocalChannel *channel,
                          MaltChannelVerb   verb,
                          GVariant         *value,
                          GTask            *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  Operation *self = g_atomic_rc_box_new0 (Operation);

  self->waiter.verb = verb;
  self->waiter.func = on_over;
  self->waiter.value = value != NULL ? g_variant_ref (value) : NULL;
  self->channel = g_object_ref (channel);
  self->task = g_object_ref (task);
  /* What was taken before it was cancelled has been taken. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, &self->waiter.error))
    {
      on_over (&self->waiter);
      return;
    }

  /* Before it begins: afterwards it may be over at any time. */
  g_atomic_rc_box_acquire (self);
  if (cancellable != NULL)
    self->handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled),
                                           g_atomic_rc_box_acquire (self), unref_closure_data, 0);
  malt_local_channel_begin_and_tell (channel, &self->waiter);
  if (g_cancellable_is_cancelled (cancellable))
    on_cancelled (cancellable, self);
  unref_operation (self);
}

/* What is possible at once; the rest of it is NULL, FALSE or an error. */
static gboolean
is_possible (MaltLocalChannel  *self,
             MaltChannelWaiter *waiter)
{
  switch (waiter->verb)
    {
    case MALT_CHANNEL_VERB_PUT:
      return malt_local_channel_try_put (self, waiter->value);

    case MALT_CHANNEL_VERB_TAKE:
      waiter->value = malt_local_channel_try_take (self);
      return waiter->value != NULL;

    default:
      return FALSE;
    }
}

/* One that a thread waits for, on its stack. */
typedef struct
{
  MaltChannelWaiter  waiter;  /* first: it is found by it */
  MaltLocalChannel  *channel; /* not owned */
  GCond              cond;
  gboolean           is_over; /* protected by the lock of @channel */
} Blocker;

/* Under the lock, so that the thread does not leave with the condition before it has been told. */
static void
on_blocker_over (MaltChannelWaiter *waiter)
{
  Blocker *self = (Blocker *) waiter;
  MaltLocalChannel *channel = self->channel;

  g_mutex_lock (&channel->lock);
  self->is_over = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&channel->lock);
}

static void
on_blocker_cancelled (GCancellable *cancellable,
                      gpointer      user_data)
{
  Blocker *self = user_data;

  if (!malt_local_channel_withdraw (self->channel, &self->waiter))
    return;

  g_cancellable_set_error_if_cancelled (cancellable, &self->waiter.error);
  on_blocker_over (&self->waiter);
}

static void
block (Blocker      *self,
       GCancellable *cancellable)
{
  gulong handler = 0;

  g_cond_init (&self->cond);
  if (!malt_local_channel_begin (self->channel, &self->waiter))
    {
      if (cancellable != NULL)
        handler = g_cancellable_connect (cancellable, G_CALLBACK (on_blocker_cancelled), self,
                                         NULL);

      g_mutex_lock (&self->channel->lock);
      while (!self->is_over)
        g_cond_wait (&self->cond, &self->channel->lock);
      g_mutex_unlock (&self->channel->lock);

      /* Waits until the handler has left, if it is running. */
      g_cancellable_disconnect (cancellable, handler);
    }
  g_cond_clear (&self->cond);
}

/* `value`: of a put. TRUE: done; `taken` (nullable) is set by a take. */
gboolean
malt_local_channel_block (MaltLocalChannel  *self,
                          MaltChannelVerb    verb,
                          GVariant          *value,
                          GCancellable      *cancellable,
                          GVariant         **taken,
                          GError           **error)
{
  Blocker blocker = {
    .waiter = { .verb = verb, .func = on_blocker_over, .value = value },
    .channel = self,
  };

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (!is_possible (self, &blocker.waiter))
    {
      if (value != NULL)
        g_variant_ref (value);
      block (&blocker, cancellable);
      if (verb == MALT_CHANNEL_VERB_PUT)
        g_clear_pointer (&blocker.waiter.value, g_variant_unref);
    }

  if (taken != NULL)
    *taken = blocker.waiter.value;
  if (blocker.waiter.error == NULL)
    return TRUE;

  g_propagate_error (error, blocker.waiter.error);

  return FALSE;
}

static GTask *
new_task (MaltChannel         *channel,
          gpointer             source_tag,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  GTask *task = g_task_new (channel, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);

  return task;
}

static void
put_async (MaltChannel         *channel,
           GVariant            *value,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             user_data)
{
  g_autoptr (GTask) task = new_task (channel, put_async, cancellable, callback, user_data);

  malt_local_channel_start (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_PUT, value, task);
}

static void
take_async (MaltChannel         *channel,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr (GTask) task = new_task (channel, take_async, cancellable, callback, user_data);

  malt_local_channel_start (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_TAKE, NULL, task);
}

static void
is_ready_async (MaltChannel         *channel,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  g_autoptr (GTask) task = new_task (channel, is_ready_async, cancellable, callback, user_data);

  malt_local_channel_start (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_IS_READY, NULL, task);
}

static void
wait_async (MaltChannel         *channel,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr (GTask) task = new_task (channel, wait_async, cancellable, callback, user_data);

  malt_local_channel_start (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_WAIT, NULL, task);
}

static void
close_async (MaltChannel         *channel,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  g_autoptr (GTask) task = new_task (channel, close_async, cancellable, callback, user_data);

  if (g_task_return_error_if_cancelled (task))
    return;

  malt_local_channel_close (MALT_LOCAL_CHANNEL (channel));
  g_task_set_check_cancellable (task, FALSE);
  g_task_return_boolean (task, TRUE);
}

static gboolean
finish_boolean (MaltChannel   *channel,
                GAsyncResult  *result,
                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, channel), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static GVariant *
take_finish (MaltChannel   *channel,
             GAsyncResult  *result,
             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, channel), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_ready_finish (MaltChannel   *channel,
                 GAsyncResult  *result,
                 gboolean      *ready,
                 GError       **error)
{
  g_autoptr (GError) local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, channel), FALSE);

  *ready = g_task_propagate_boolean (G_TASK (result), &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
}

static gboolean
put (MaltChannel   *channel,
     GVariant      *value,
     GCancellable  *cancellable,
     GError       **error)
{
  return malt_local_channel_block (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_PUT, value,
                                   cancellable, NULL, error);
}

static GVariant *
take (MaltChannel   *channel,
      GCancellable  *cancellable,
      GError       **error)
{
  GVariant *value = NULL;

  malt_local_channel_block (MALT_LOCAL_CHANNEL (channel), MALT_CHANNEL_VERB_TAKE, NULL,
                            cancellable, &value, error);

  return value;
}

void
malt_local_channel_add_verbs (MaltChannelInterface *iface)
{
  iface->put_async = put_async;
  iface->put_finish = finish_boolean;
  iface->take_async = take_async;
  iface->take_finish = take_finish;
  iface->is_ready_async = is_ready_async;
  iface->is_ready_finish = is_ready_finish;
  iface->wait_async = wait_async;
  iface->wait_finish = finish_boolean;
  iface->close_async = close_async;
  iface->close_finish = finish_boolean;
  iface->put = put;
  iface->take = take;
}

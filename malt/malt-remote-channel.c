/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-remote-channel-private.h"

#include "malt/malt-context-thread-private.h"
#include "malt/malt-delivery.h"
#include "malt/malt-error.h"
#include "malt/malt-remote.h"

static void malt_remote_channel_init_interface (MaltChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltRemoteChannel, malt_remote_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_CHANNEL,
                                                      malt_remote_channel_init_interface))

static GMainContext *channel_context; /* atomic; set once, before the first channel is made */

static gpointer
channel_thread (gpointer user_data)
{
  GMainContext *context = user_data;

  g_main_context_acquire (context);
  g_main_context_push_thread_default (context);
  for (;;)
    g_main_context_iteration (context, TRUE);

  return NULL;
}

gboolean
malt_remote_channel_start_thread (GError **error)
{
  return malt_context_thread_start ("malt-channels", channel_thread, &channel_context, error);
}

/* Runs `func` in the channel thread, after what has been asked for before. Takes the data. */
static void
run_later (GSourceFunc    func,
           gpointer       data,
           GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, g_atomic_pointer_get (&channel_context));
}

/* Runs in the channel thread. */
static gboolean
on_scheduled (gpointer user_data)
{
  MaltRemoteChannel *self = user_data;

  g_atomic_int_set (&self->is_scheduled, FALSE);
  malt_remote_channel_pump (self);

  return G_SOURCE_REMOVE;
}

/* Any thread, which has a reference. */
static void
on_demand (gpointer user_data)
{
  MaltRemoteChannel *self = user_data;

  if (g_atomic_int_compare_and_exchange (&self->is_scheduled, FALSE, TRUE))
    run_later (on_scheduled, g_object_ref (self), g_object_unref);
}

/* One of the other verbs, which are calls of their own, after what has been put before. */
typedef struct
{
  MaltDelivery  delivery; /* first: it is found by it */
  GTask        *task;     /* owned */
  GVariant     *answer;   /* owned */
  GError       *error;    /* owned */
} Verb;

/* The only verb whose answer says something. */
static gboolean
is_question (GTask *task)
{
  return g_str_equal (g_task_get_task_data (task), "malt.channel.is_ready");
}

/* Runs in the context of the task, which may hold the last reference of the worker. */
static void
return_verb (MaltDelivery *delivery)
{
  Verb *self = (Verb *) delivery;
  g_autoptr (GTask) task = self->task;
  g_autoptr (GVariant) answer = self->answer;

  if (answer == NULL)
    g_task_return_error (task, self->error);
  else if (is_question (task) && !g_variant_is_of_type (answer, G_VARIANT_TYPE_BOOLEAN))
    g_task_return_new_error (task, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                             "The worker did not answer whether the channel is ready");
  else
    g_task_return_boolean (task, !is_question (task) || g_variant_get_boolean (answer));
  g_free (self);
}

static void
on_verb_over (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Verb *self = g_new0 (Verb, 1);

  self->task = user_data;
  self->answer = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result,
                                                   &self->error);
  self->delivery.func = return_verb;
  malt_delivery_send (&self->delivery, g_task_get_context (self->task));
}

/* Runs in the channel thread. */
static gboolean
send_verb (gpointer user_data)
{
  GTask *task = user_data;
  MaltRemoteChannel *self = g_task_get_source_object (task);

  malt_remote_channel_pump (self);
  malt_remote_channel_send (self, g_task_get_task_data (task), g_variant_new ("(o)", self->path),
                            is_question (task) ? "b" : "()", g_task_get_cancellable (task),
                            on_verb_over, g_object_ref (task));

  return G_SOURCE_REMOVE;
}

static void
start_verb (MaltChannel         *channel,
            const char          *function,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (channel, cancellable, callback, user_data);

  g_task_set_source_tag (task, start_verb);
  g_task_set_task_data (task, (gpointer) function, NULL);
  if (g_task_return_error_if_cancelled (task))
    return;

  g_task_set_check_cancellable (task, FALSE);
  run_later (send_verb, g_steal_pointer (&task), g_object_unref);
}

static void
start_on_end (MaltChannel         *channel,
              MaltLocalChannel    *end,
              MaltChannelVerb      verb,
              GVariant            *value,
              GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (channel, cancellable, callback, user_data);

  g_task_set_source_tag (task, start_on_end);
  malt_local_channel_start (end, verb, value, task);
}

static void
put_async (MaltChannel         *channel,
           GVariant            *value,
           GCancellable        *cancellable,
           GAsyncReadyCallback  callback,
           gpointer             user_data)
{
  start_on_end (channel, MALT_REMOTE_CHANNEL (channel)->outbox, MALT_CHANNEL_VERB_PUT, value,
                cancellable, callback, user_data);
}

static void
take_async (MaltChannel         *channel,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  start_on_end (channel, MALT_REMOTE_CHANNEL (channel)->inbox, MALT_CHANNEL_VERB_TAKE, NULL,
                cancellable, callback, user_data);
}

/* What has been read ahead can be taken at once. */
static void
ask (MaltChannel         *channel,
     const char          *function,
     GCancellable        *cancellable,
     GAsyncReadyCallback  callback,
     gpointer             user_data)
{
  MaltRemoteChannel *self = MALT_REMOTE_CHANNEL (channel);

  if (malt_channel_end_has_values (self->inbox))
    start_on_end (channel, self->inbox, MALT_CHANNEL_VERB_IS_READY, NULL, cancellable, callback,
                  user_data);
  else
    start_verb (channel, function, cancellable, callback, user_data);
}

static void
is_ready_async (MaltChannel         *channel,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  ask (channel, "malt.channel.is_ready", cancellable, callback, user_data);
}

static void
wait_async (MaltChannel         *channel,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data)
{
  ask (channel, "malt.channel.wait", cancellable, callback, user_data);
}

static void
close_async (MaltChannel         *channel,
             GCancellable        *cancellable,
             GAsyncReadyCallback  callback,
             gpointer             user_data)
{
  start_verb (channel, "malt.channel.close", cancellable, callback, user_data);
}

static gboolean
finish_boolean (MaltChannel   *channel,
                GAsyncResult  *result,
                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, channel), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Something was there, or has come. */
static gboolean
wait_finish (MaltChannel   *channel,
             GAsyncResult  *result,
             GError       **error)
{
  g_autoptr (GError) local_error = NULL;

  finish_boolean (channel, result, &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
}

static gboolean
is_ready_finish (MaltChannel   *channel,
                 GAsyncResult  *result,
                 gboolean      *ready,
                 GError       **error)
{
  g_autoptr (GError) local_error = NULL;

  *ready = finish_boolean (channel, result, &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
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
put (MaltChannel   *channel,
     GVariant      *value,
     GCancellable  *cancellable,
     GError       **error)
{
  return malt_local_channel_block (MALT_REMOTE_CHANNEL (channel)->outbox, MALT_CHANNEL_VERB_PUT,
                                   value, cancellable, NULL, error);
}

static GVariant *
take (MaltChannel   *channel,
      GCancellable  *cancellable,
      GError       **error)
{
  GVariant *value = NULL;

  malt_local_channel_block (MALT_REMOTE_CHANNEL (channel)->inbox, MALT_CHANNEL_VERB_TAKE, NULL,
                            cancellable, &value, error);

  return value;
}

/* Posts, which keep nothing alive: the worker may be on its way out, or busy for ever. */
static void
malt_remote_channel_dispose (GObject *object)
{
  MaltRemoteChannel *self = MALT_REMOTE_CHANNEL (object);

  if (self->worker != NULL)
    {
      g_autoptr (GVariant) unused = malt_channel_end_drain (self->inbox);

      g_cancellable_cancel (self->cancellable);
      if (unused != NULL)
        malt_abstract_worker_remote_do (self->worker, "malt.channel.give_back",
                                        g_variant_new ("(o@av)", self->path, unused), NULL, NULL);
      malt_abstract_worker_remote_do (self->worker, "malt.channel.drop",
                                      g_variant_new ("(o)", self->path), NULL, NULL);
    }
  g_clear_object (&self->worker);

  G_OBJECT_CLASS (malt_remote_channel_parent_class)->dispose (object);
}

static void
malt_remote_channel_finalize (GObject *object)
{
  MaltRemoteChannel *self = MALT_REMOTE_CHANNEL (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->inbox);
  g_clear_object (&self->outbox);
  g_clear_pointer (&self->path, g_free);

  G_OBJECT_CLASS (malt_remote_channel_parent_class)->finalize (object);
}

static void
malt_remote_channel_class_init (MaltRemoteChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = malt_remote_channel_dispose;
  G_OBJECT_CLASS (klass)->finalize = malt_remote_channel_finalize;
}

static void
malt_remote_channel_init (MaltRemoteChannel *self)
{
  self->inbox = malt_local_channel_new (0);
  self->outbox = malt_local_channel_new (0);
  self->cancellable = g_cancellable_new ();
  malt_remote_channel_init_requests (self);
  malt_channel_end_set_demand_func (self->inbox, on_demand, self);
  malt_channel_end_set_demand_func (self->outbox, on_demand, self);
}

static void
malt_remote_channel_init_interface (MaltChannelInterface *iface)
{
  iface->put_async = put_async;
  iface->put_finish = finish_boolean;
  iface->take_async = take_async;
  iface->take_finish = take_finish;
  iface->is_ready_async = is_ready_async;
  iface->is_ready_finish = is_ready_finish;
  iface->wait_async = wait_async;
  iface->wait_finish = wait_finish;
  iface->close_async = close_async;
  iface->close_finish = finish_boolean;
  iface->put = put;
  iface->take = take;
}

MaltChannel *
malt_remote_channel_new (MaltAbstractWorker *worker,
                         const char         *path)
{
  MaltRemoteChannel *self = g_object_new (MALT_TYPE_REMOTE_CHANNEL, NULL);

  self->worker = g_object_ref (worker);
  self->path = g_strdup (path);

  return MALT_CHANNEL (self);
}

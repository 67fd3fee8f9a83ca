/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-remote-channel-private.h"

#include "malt/malt-call.h"
#include "malt/malt-delivery-private.h"
#include "malt/malt-error.h"
#include "malt/malt-local-channel-private.h"
#include "malt/malt-remote.h"

/* Values in one request: more of them cost no less each. */
#define LOT_MAX_ITEMS 256u

/* Bytes of values in one put_many, beyond the first. */
#define LOT_MAX_BYTES ((gsize) 256 * 1024)

/* Takes in a row that found something at once before values are asked for in advance: somebody who
 * takes a few sees exactly as many leave the worker. */
#define STREAK_MIN 8u
#define STREAK_MAX (1u << 16)

/* A channel that lives in a worker.
 *
 * Who takes waits on @inbox, who puts waits on @outbox, both local channels. The channel thread, one
 * a process, moves the values: at most one malt.channel.take_many and one put_many are on their way,
 * each for all who wait. So whoever waits needs no main context that runs, and one that is cancelled
 * just leaves: what a request brings for nobody is given back.
 *
 * After a streak of takes that found something, a request asks for more than is waited for. The
 * rest is on loan: it lies in @inbox, and goes back when malt.channel.recall is answered, which says
 * that somebody else asks for it. The next take_many tells the worker that the loan has been used. */
struct _MaltRemoteChannel
{
  GObject             parent_instance;

  /* Immutable after construction. */
  MaltAbstractWorker *worker;       /* owned */
  char               *path;         /* owned */
  MaltLocalChannel   *inbox;        /* owned; thread safe */
  MaltLocalChannel   *outbox;       /* owned; likewise */
  GCancellable       *cancellable;  /* owned; of what waits as long as we live */

  int                 is_scheduled; /* atomic */

  /* Channel thread only. A request holds a reference. */
  GCancellable       *put_cancellable; /* owned; of the put on its way, without put_many */
  gboolean            is_taking;
  gboolean            is_putting;
  gboolean            is_take_withdrawn;
  gboolean            is_put_withdrawn;
  guint               n_withdrawing;
  gboolean            is_plain;     /* the worker has malt.channel.take and put only */
  guint               n_wanted;     /* of the take on its way */
  guint               n_ahead;      /* to ask for beside those */
  guint               n_streak;
  guint               n_streak_needed;
  guint               n_put_at_once; /* to try */
  gboolean            is_lent;
  gboolean            is_recalling; /* malt.channel.recall is on its way */
  gboolean            is_recalled;  /* what the take on its way brings is to go back */
};

static void malt_remote_channel_init_interface (MaltChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltRemoteChannel, malt_remote_channel, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_CHANNEL,
                                                      malt_remote_channel_init_interface))

static void pump (MaltRemoteChannel *self);

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

/* Of the thread, which is started by the first who needs it and never ends. */
static GMainContext *
get_context (void)
{
  static GMainContext *channel_context;

  if (g_once_init_enter (&channel_context))
    {
      GMainContext *context = g_main_context_new ();

      g_thread_unref (g_thread_new ("malt-channels", channel_thread, context));
      g_once_init_leave (&channel_context, context);
    }

  return channel_context;
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
  g_source_attach (source, get_context ());
}

/* Sends a call of a built-in function about this channel; takes `args`. `result_type` (nullable): what
 * it answers. */
static void
send (MaltRemoteChannel   *self,
      const char          *function,
      GVariant            *args,
      const char          *result_type,
      GCancellable        *cancellable,
      GAsyncReadyCallback  callback,
      gpointer             user_data)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, NULL);

  if (result_type != NULL)
    malt_call_set_result_type (call, G_VARIANT_TYPE (result_type));
  malt_abstract_worker_send_async (self->worker, call, cancellable, callback, user_data);
}

/* The answer of a request. (transfer full) */
static GVariant *
finish (MaltRemoteChannel  *self,
        GAsyncResult       *result,
        const char         *type,
        GError            **error)
{
  GVariant *value = malt_abstract_worker_send_finish (self->worker, result, error);

  if (value == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return value;

  g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
               "The worker answered a channel operation with a value of type “%s”",
               g_variant_get_type_string (value));
  g_variant_unref (value);

  return NULL;
}

static void
refuse_count (GError **error)
{
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                       "The worker answered a channel operation with another number of values "
                       "than was asked for");
}

/* What has been read ahead is the oldest in the worker again, in its order. */
static void
give_back (MaltRemoteChannel *self)
{
  g_autoptr (GVariant) values = malt_channel_end_drain (self->inbox);
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("av", NULL));

  self->is_recalled = FALSE;
  if (values == NULL && !self->is_lent)
    return;

  self->is_lent = FALSE;
  send (self, "malt.channel.give_back",
        g_variant_new ("(o@av)", self->path, values != NULL ? values : nothing), "()", NULL, NULL,
        NULL);
}

static void
on_recalled (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (MaltRemoteChannel) self = g_weak_ref_get (weak);
  g_autoptr (GVariant) value =
    malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, NULL);

  g_weak_ref_clear (weak);
  g_free (weak);
  if (self == NULL)
    return;

  self->is_recalling = FALSE;
  if (value == NULL)
    return;

  self->n_ahead = 0;
  self->n_streak = 0;
  self->n_streak_needed = MIN (self->n_streak_needed * 2, STREAK_MAX);
  if (self->is_taking)
    self->is_recalled = TRUE;
  else
    give_back (self);
}

static void
expect_recall (MaltRemoteChannel *self)
{
  GWeakRef *weak;

  if (self->is_recalling)
    return;

  self->is_recalling = TRUE;
  weak = g_new (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  send (self, "malt.channel.recall", g_variant_new ("(o)", self->path), "()", self->cancellable,
        on_recalled, weak);
}

/* Doubles what is read ahead as long as it is there, and halves it when it had to be waited for. */
static void
adapt_ahead (MaltRemoteChannel *self,
             gboolean           has_waited)
{
  if (has_waited)
    {
      self->n_ahead /= 2;
      if (self->n_ahead == 0)
        self->n_streak = 0;
    }
  else if (self->n_streak < self->n_streak_needed)
    self->n_streak++;
  else
    self->n_ahead = CLAMP (self->n_ahead * 2, 2, LOT_MAX_ITEMS);
}

/* The values of an answer, as av; NULL with an error if there are not as many as there may be. */
static GVariant *
check_lot (MaltRemoteChannel  *self,
           GVariant           *answer,
           GError            **error)
{
  g_autoptr (GVariant) values = NULL;
  gboolean has_waited;
  gsize n_values;

  if (self->is_plain)
    return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARIANT,
                                                    (GVariant *[]) {
                                                      g_variant_new_variant (answer)
                                                    }, 1));

  g_variant_get (answer, "(@avb)", &values, &has_waited);
  n_values = g_variant_n_children (values);
  if (n_values > self->n_wanted + self->n_ahead || (n_values == 0 && self->n_withdrawing == 0))
    {
      refuse_count (error);
      return NULL;
    }

  self->is_lent = n_values > self->n_wanted;
  if (n_values > 0)
    adapt_ahead (self, has_waited);

  return g_steal_pointer (&values);
}

static void
on_taken (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, result, self->is_plain ? "*" : "(avb)", &error);
  g_autoptr (GVariant) values = answer != NULL ? check_lot (self, answer, &error) : NULL;

  self->is_taking = FALSE;
  if (values != NULL)
    malt_channel_end_feed (self->inbox, values);
  else if (!self->is_plain && g_error_matches (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION))
    self->is_plain = TRUE;
  else
    malt_channel_end_fail_takers (self->inbox, error);

  if ((!self->is_lent && !self->is_plain) || self->is_recalled)
    give_back (self);
  pump (self);
}

static void
send_take (MaltRemoteChannel *self,
           guint              n_takers)
{
  self->is_taking = TRUE;
  self->is_take_withdrawn = FALSE;
  self->is_lent = FALSE;
  self->n_wanted = MIN (n_takers, LOT_MAX_ITEMS);
  if (self->is_plain)
    {
      send (self, "malt.channel.take", g_variant_new ("(o)", self->path), NULL, NULL, on_taken,
            g_object_ref (self));
      return;
    }

  if (self->n_ahead > 0)
    expect_recall (self);
  send (self, "malt.channel.take_many",
        g_variant_new ("(ouu)", self->path, self->n_wanted, self->n_ahead), "(avb)", NULL,
        on_taken, g_object_ref (self));
}

static guint
check_n_put (MaltRemoteChannel  *self,
             GVariant           *answer,
             GError            **error)
{
  guint n_put = self->is_plain ? 1 : g_variant_get_uint32 (answer);

  if (n_put == 0 && self->n_withdrawing == 0)
    refuse_count (error);
  /* After what there was room for, twice as much may have. */
  self->n_put_at_once = (guint) CLAMP ((guint64) n_put * 2, 1, LOT_MAX_ITEMS);

  return n_put;
}

static void
on_put (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = finish (self, result, self->is_plain ? "*" : "u", &error);
  guint n_put = answer != NULL ? check_n_put (self, answer, &error) : 0;

  self->is_putting = FALSE;
  g_clear_object (&self->put_cancellable);
  if (!self->is_plain && g_error_matches (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION))
    {
      self->is_plain = TRUE;
      g_clear_error (&error);
    }

  malt_channel_end_settle_putters (self->outbox, n_put, error);
  pump (self);
}

static void
send_put (MaltRemoteChannel *self)
{
  guint max_items = self->is_plain ? 1 : self->n_put_at_once;
  g_autoptr (GVariant) values = malt_channel_end_claim_putters (self->outbox, max_items,
                                                                LOT_MAX_BYTES);

  if (values == NULL)
    return;

  self->is_putting = TRUE;
  self->is_put_withdrawn = FALSE;
  if (self->is_plain)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (values, 0);

      self->put_cancellable = g_cancellable_new ();
      send (self, "malt.channel.put", g_variant_new ("(o@v)", self->path, item), NULL,
            self->put_cancellable, on_put, g_object_ref (self));
      return;
    }

  send (self, "malt.channel.put_many", g_variant_new ("(o@av)", self->path, values), "u", NULL,
        on_put, g_object_ref (self));
}

static void
on_withdrawn (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (MaltRemoteChannel) self = user_data;
  g_autoptr (GVariant) answer = malt_abstract_worker_send_finish (self->worker, result, NULL);

  self->n_withdrawing--;
}

static void
send_withdraw (MaltRemoteChannel *self)
{
  if (self->is_plain)
    {
      g_cancellable_cancel (self->put_cancellable);
      return;
    }

  self->n_withdrawing++;
  send (self, "malt.channel.withdraw", g_variant_new ("(o)", self->path), "()", NULL, on_withdrawn,
        g_object_ref (self));
}

/* Sends what there is to send; also what waits for nobody any more is told. */
static void
pump (MaltRemoteChannel *self)
{
  guint n_takers = malt_channel_end_get_n_takers (self->inbox);
  gboolean is_unwanted = FALSE;

  if (!self->is_taking && n_takers > 0)
    send_take (self, n_takers);
  else if (self->is_taking && n_takers == 0 && !self->is_take_withdrawn && !self->is_plain)
    is_unwanted = self->is_take_withdrawn = TRUE;

  if (!self->is_putting)
    send_put (self);
  else if (!self->is_put_withdrawn && malt_channel_end_has_cancelled (self->outbox))
    is_unwanted = self->is_put_withdrawn = TRUE;

  if (is_unwanted)
    send_withdraw (self);
}

/* Runs in the channel thread. */
static gboolean
on_scheduled (gpointer user_data)
{
  MaltRemoteChannel *self = user_data;

  g_atomic_int_set (&self->is_scheduled, FALSE);
  pump (self);

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

/* Runs in the context of the task, which may hold the last reference of the worker. */
static void
return_verb (MaltDelivery *delivery)
{
  Verb *self = (Verb *) delivery;
  g_autoptr (GTask) task = self->task;
  g_autoptr (GVariant) answer = self->answer;

  if (answer == NULL)
    g_task_return_error (task, self->error);
  else
    g_task_return_boolean (task, !g_variant_is_of_type (answer, G_VARIANT_TYPE_BOOLEAN)
                                   || g_variant_get_boolean (answer));
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
  const char *function = g_task_get_task_data (task);
  gboolean is_question = g_str_equal (function, "malt.channel.is_ready");

  pump (self);
  send (self, function, g_variant_new ("(o)", self->path), is_question ? "b" : "()",
        g_task_get_cancellable (task), on_verb_over, g_object_ref (task));

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
  self->n_streak_needed = STREAK_MIN;
  self->n_put_at_once = LOT_MAX_ITEMS;
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

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-channels-private.h"

#include "malt/malt-error.h"
#include "malt/malt-local-channel-private.h"
#include "malt/runtime/malt-invocation-private.h"
#include "malt/runtime/malt-runtime-private.h"

#define PATH_PREFIX "/malt/channel/"

/* What one answer to malt.channel.take_many carries: a message of this size costs the wire about as
 * much an item as an infinite one, and is nothing to either side's memory. */
#define LOT_MAX_ITEMS 256u
#define LOT_MAX_BYTES ((gsize) 256 * 1024)

/* Which path stands for which channel, and the operations that wait.
 *
 * A handle is what malt.channel.open answers: it keeps its channel. What a handle has been sent
 * more than it waits for is lent, and comes back when somebody else asks for it;
 * docs/decisions.md has the rules. Operations that are cancelled are ended by @source: a cancel
 * hook only wakes it. */
struct _MaltChannels
{
  MaltRuntime *runtime; /* not owned: outlives us */
  GSource     *source;  /* owned; its ready time is set in any thread */
  GHashTable  *handles; /* path, in the handle → owned Handle */
  GQueue       waiting; /* Operations, by their @link; owned */
  guint64      last_number;
};

typedef struct
{
  MaltChannels     *channels; /* not owned */
  char             *path;     /* owned */
  MaltLocalChannel *channel;  /* owned if it is open: else the channel owns us */
  gboolean          is_open;
  gboolean          is_lent;   /* the manager may have values that it has not used */
  gboolean          is_wanted; /* … and somebody asks for them */
  GPtrArray        *recalls;   /* owned MaltInvocations, to be answered when that is so */
} Handle;

/* One that waits, or is being answered. */
typedef struct
{
  MaltChannelWaiter  waiter;     /* first: it is found by it */
  MaltChannels      *channels;   /* not owned */
  Handle            *handle;     /* not owned; NULL: not one of many, or the handle is gone */
  MaltLocalChannel  *channel;    /* owned */
  MaltInvocation    *invocation; /* owned */
  GVariant          *values;     /* owned (nullable): of put_many */
  guint              n_wanted;   /* of take_many */
  guint              n_ahead;
  gboolean           is_many;
  gboolean           has_waited;
  GList              link;
} Operation;

static GQuark
handle_quark (void)
{
  return g_quark_from_static_string ("malt-channel-handle");
}

static void
free_handle (gpointer data)
{
  Handle *self = data;

  if (self->is_open)
    g_object_unref (self->channel);
  g_ptr_array_unref (self->recalls);
  g_free (self->path);
  g_free (self);
}

/* The channel is gone. */
static void
forget_handle (gpointer data)
{
  Handle *self = data;

  g_hash_table_remove (self->channels->handles, self->path);
}

static Handle *
add_handle (MaltChannels     *self,
            MaltLocalChannel *channel)
{
  Handle *handle = g_new0 (Handle, 1);

  handle->channels = self;
  handle->channel = channel;
  handle->path = g_strdup_printf (PATH_PREFIX "%" G_GUINT64_FORMAT, ++self->last_number);
  handle->recalls = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
  g_hash_table_insert (self->handles, handle->path, handle);

  return handle;
}

static void
free_operation (Operation *self)
{
  if (self->link.data != NULL)
    g_queue_unlink (&self->channels->waiting, &self->link);
  g_clear_pointer (&self->waiter.value, g_variant_unref);
  g_clear_error (&self->waiter.error);
  g_clear_pointer (&self->values, g_variant_unref);
  malt_invocation_unref (self->invocation);
  g_object_unref (self->channel);
  g_free (self);
}

/* Runs in the executing thread: somebody else wants what the handle has been lent. */
static void
on_recall (gpointer user_data)
{
  Handle *self = user_data;
  g_autoptr (GPtrArray) recalls = g_steal_pointer (&self->recalls);

  self->recalls = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
  self->is_wanted = TRUE;
  for (guint i = 0; i < recalls->len; i++)
    malt_invocation_return_value (g_ptr_array_index (recalls, i), NULL);
}

/* The first one is there; what else is, up to so many. (transfer full) */
static GPtrArray *
collect (Operation *self)
{
  guint n_ahead = MIN (self->n_ahead, malt_local_channel_get_capacity (self->channel));
  GPtrArray *items = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  gsize n_bytes = 0;
  GVariant *value = g_steal_pointer (&self->waiter.value);

  for (;;)
    {
      n_bytes += g_variant_get_size (value);
      g_ptr_array_add (items, value);
      if (items->len >= MIN (self->n_wanted + n_ahead, LOT_MAX_ITEMS) || n_bytes >= LOT_MAX_BYTES)
        return items;

      value = malt_local_channel_try_take (self->channel);
      if (value == NULL)
        return items;
    }
}

static void
lend (Operation *self,
      GPtrArray *items)
{
  Handle *handle = self->handle;

  if (items->len <= self->n_wanted)
    return;

  if (handle != NULL && malt_local_channel_lend (self->channel, on_recall, handle))
    {
      handle->is_lent = TRUE;
      handle->is_wanted = FALSE;
      return;
    }

  /* Another thread was quicker to ask for them. */
  while (items->len > self->n_wanted)
    {
      malt_local_channel_untake (self->channel, g_ptr_array_index (items, items->len - 1));
      g_ptr_array_set_size (items, (int) items->len - 1);
    }
}

static GVariant *
new_lot (GPtrArray *items,
         gboolean   has_waited)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; items != NULL && i < items->len; i++)
    g_variant_builder_add (&builder, "v", g_ptr_array_index (items, i));

  return g_variant_new ("(avb)", &builder, has_waited);
}

static gboolean
answer_if_cancelled (MaltInvocation *invocation)
{
  if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
    return FALSE;

  malt_invocation_return_error (invocation, malt_invocation_new_cancel_error (invocation, NULL));

  return TRUE;
}

static void
answer_take (Operation *self)
{
  g_autoptr (GPtrArray) items = NULL;

  /* Nobody waits for it any more: it has not been taken. */
  if (answer_if_cancelled (self->invocation))
    {
      malt_local_channel_untake (self->channel, self->waiter.value);
      return;
    }

  if (!self->is_many)
    {
      malt_invocation_return_value (self->invocation, self->waiter.value);
      return;
    }

  items = collect (self);
  lend (self, items);
  malt_invocation_return_value (self->invocation, new_lot (items, self->has_waited));
}

/* The first one is in; the others as far as there is room at once. */
static void
answer_put (Operation *self)
{
  gsize n_values = self->is_many ? g_variant_n_children (self->values) : 0;
  guint n_put = 1;

  for (; n_put < n_values; n_put++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (self->values, n_put);
      g_autoptr (GVariant) value = g_variant_get_variant (item);

      if (!malt_local_channel_try_put (self->channel, value))
        break;
    }

  malt_invocation_return_value (self->invocation,
                                self->is_many ? g_variant_new_uint32 (n_put) : NULL);
}

/* Runs in the executing thread. */
static void
on_over (MaltChannelWaiter *waiter)
{
  Operation *self = (Operation *) waiter;

  /* Whoever it is answered to may ask for the next thing at once. */
  if (self->link.data != NULL)
    g_queue_unlink (&self->channels->waiting, &self->link);
  self->link.data = NULL;

  if (waiter->error != NULL)
    malt_invocation_return_error (self->invocation, g_steal_pointer (&waiter->error));
  else if (waiter->verb == MALT_CHANNEL_VERB_TAKE)
    answer_take (self);
  else if (waiter->verb == MALT_CHANNEL_VERB_PUT)
    answer_put (self);
  else if (waiter->verb == MALT_CHANNEL_VERB_IS_READY)
    malt_invocation_return_value (self->invocation, g_variant_new_boolean (waiter->is_ready));
  else
    malt_invocation_return_value (self->invocation, NULL);

  free_operation (self);
}

/* Nothing was done, and that is no error: the manager asked for it. */
static void
answer_withdrawn (Operation *self)
{
  malt_invocation_return_value (self->invocation,
                                self->waiter.verb == MALT_CHANNEL_VERB_PUT
                                ? g_variant_new_uint32 (0) : new_lot (NULL, TRUE));
  free_operation (self);
}

static void
end_cancelled_recalls (MaltChannels *self)
{
  GHashTableIter iter;
  Handle *handle;

  g_hash_table_iter_init (&iter, self->handles);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &handle))
    for (guint i = handle->recalls->len; i > 0; i--)
      if (answer_if_cancelled (g_ptr_array_index (handle->recalls, i - 1)))
        g_ptr_array_remove_index (handle->recalls, i - 1);
}

static gboolean
on_cancelled_dispatch (gpointer user_data)
{
  MaltChannels *self = user_data;
  GList *next;

  g_source_set_ready_time (self->source, -1);
  end_cancelled_recalls (self);
  for (GList *l = self->waiting.head; l != NULL; l = next)
    {
      Operation *operation = l->data;

      next = l->next;
      if (malt_invocation_get_cancel_reason (operation->invocation) == MALT_CANCEL_REASON_NONE
          || !malt_local_channel_withdraw (operation->channel, &operation->waiter))
        continue;

      answer_if_cancelled (operation->invocation);
      free_operation (operation);
    }

  return G_SOURCE_CONTINUE;
}

/* Runs in the cancelling thread, under the invocation's lock. */
static void
on_cancelled (MaltInvocation *invocation,
              gpointer        user_data)
{
  MaltChannels *self = user_data;

  g_source_set_ready_time (self->source, 0);
}

static gboolean
source_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  return callback (user_data);
}

static GSourceFuncs source_funcs = {
  .dispatch = source_dispatch,
};

MaltChannels *
malt_channels_new (MaltRuntime *runtime)
{
  MaltChannels *self = g_new0 (MaltChannels, 1);

  self->runtime = runtime;
  self->handles = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_handle);
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "malt channels");
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, on_cancelled_dispatch, self, NULL);
  g_source_attach (self->source, malt_runtime_get_context (runtime));

  return self;
}

void
malt_channels_free (MaltChannels *self)
{
  GHashTableIter iter;
  Handle *handle;

  while (self->waiting.head != NULL)
    {
      Operation *operation = self->waiting.head->data;

      malt_local_channel_withdraw (operation->channel, &operation->waiter);
      free_operation (operation);
    }

  g_hash_table_iter_init (&iter, self->handles);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &handle))
    {
      if (handle->is_lent)
        malt_local_channel_settle (handle->channel, NULL);
      if (!handle->is_open)
        g_object_steal_qdata (G_OBJECT (handle->channel), handle_quark ());
      g_hash_table_iter_steal (&iter);
      free_handle (handle);
      g_hash_table_iter_init (&iter, self->handles);
    }

  g_hash_table_unref (self->handles);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_free (self);
}

const char *
malt_channels_export (MaltChannels     *self,
                      MaltLocalChannel *channel)
{
  Handle *handle = g_object_get_qdata (G_OBJECT (channel), handle_quark ());

  if (handle == NULL)
    {
      handle = add_handle (self, channel);
      g_object_set_qdata_full (G_OBJECT (channel), handle_quark (), handle, forget_handle);
    }

  return handle->path;
}

MaltLocalChannel *
malt_channels_lookup (MaltChannels *self,
                      const char   *path)
{
  Handle *handle = g_hash_table_lookup (self->handles, path);

  return handle != NULL ? handle->channel : NULL;
}

/* The handle that the first argument names, or NULL after the invocation has been answered. */
static Handle *
find_handle (MaltRuntime    *runtime,
             MaltInvocation *invocation,
             GVariant       *args)
{
  MaltChannels *self = malt_runtime_get_channels (runtime);
  const char *path;
  Handle *handle;

  malt_invocation_start (invocation);
  g_variant_get_child (args, 0, "&o", &path);
  handle = g_hash_table_lookup (self->handles, path);
  if (handle == NULL)
    malt_invocation_return_error (invocation,
                                  g_error_new (MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL,
                                               "There is no channel “%s” in this worker", path));

  return handle;
}

static Operation *
new_operation (Handle          *handle,
               MaltInvocation  *invocation,
               MaltChannelVerb  verb)
{
  Operation *self = g_new0 (Operation, 1);

  self->waiter.verb = verb;
  self->waiter.func = on_over;
  self->channels = handle->channels;
  self->handle = handle;
  self->channel = g_object_ref (handle->channel);
  self->invocation = malt_invocation_ref (invocation);

  return self;
}

static void
begin (Operation *self)
{
  if (malt_local_channel_begin (self->channel, &self->waiter))
    {
      on_over (&self->waiter);
      return;
    }

  self->has_waited = TRUE;
  self->link.data = self;
  g_queue_push_tail_link (&self->channels->waiting, &self->link);
  malt_invocation_set_cancel_func (self->invocation, on_cancelled, self->channels);
}

static void
begin_verb (MaltRuntime     *runtime,
            MaltInvocation  *invocation,
            GVariant        *args,
            MaltChannelVerb  verb)
{
  Handle *handle = find_handle (runtime, invocation, args);

  if (handle != NULL)
    begin (new_operation (handle, invocation, verb));
}

/* malt.channel.put (ov): answers () when there was room. */
void
malt_channels_put (MaltRuntime    *runtime,
                   MaltInvocation *invocation,
                   GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);
  Operation *operation;

  if (handle == NULL)
    return;

  operation = new_operation (handle, invocation, MALT_CHANNEL_VERB_PUT);
  g_variant_get_child (args, 1, "v", &operation->waiter.value);
  begin (operation);
}

/* malt.channel.take (o): answers the value. */
void
malt_channels_take (MaltRuntime    *runtime,
                    MaltInvocation *invocation,
                    GVariant       *args)
{
  begin_verb (runtime, invocation, args, MALT_CHANNEL_VERB_TAKE);
}

/* malt.channel.is_ready (o): answers b. */
void
malt_channels_is_ready (MaltRuntime    *runtime,
                        MaltInvocation *invocation,
                        GVariant       *args)
{
  begin_verb (runtime, invocation, args, MALT_CHANNEL_VERB_IS_READY);
}

/* malt.channel.wait (o): answers () when something can be taken. */
void
malt_channels_wait (MaltRuntime    *runtime,
                    MaltInvocation *invocation,
                    GVariant       *args)
{
  begin_verb (runtime, invocation, args, MALT_CHANNEL_VERB_WAIT);
}

/* malt.channel.close (o) */
void
malt_channels_close (MaltRuntime    *runtime,
                     MaltInvocation *invocation,
                     GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  malt_local_channel_close (handle->channel);
  malt_invocation_return_value (invocation, NULL);
}

/* malt.channel.put_many (oav): puts the first when there is room, and those after it that have room
 * then. Answers how many, u; 0 after a withdraw. */
void
malt_channels_put_many (MaltRuntime    *runtime,
                        MaltInvocation *invocation,
                        GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);
  g_autoptr (GVariant) values = NULL;
  Operation *operation;

  if (handle == NULL)
    return;

  values = g_variant_get_child_value (args, 1);
  if (g_variant_n_children (values) == 0)
    {
      malt_invocation_return_value (invocation, g_variant_new_uint32 (0));
      return;
    }

  operation = new_operation (handle, invocation, MALT_CHANNEL_VERB_PUT);
  operation->is_many = TRUE;
  g_variant_get_child (values, 0, "v", &operation->waiter.value);
  operation->values = g_steal_pointer (&values);
  begin (operation);
}

/* malt.channel.take_many (ouu): so many if they are there, at least one, and so many more on loan.
 * Says that whatever was on loan before has been used. Answers the values, and whether it had to
 * wait for the first: (avb). There is none after a withdraw. */
void
malt_channels_take_many (MaltRuntime    *runtime,
                         MaltInvocation *invocation,
                         GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);
  Operation *operation;

  if (handle == NULL)
    return;

  operation = new_operation (handle, invocation, MALT_CHANNEL_VERB_TAKE);
  operation->is_many = TRUE;
  g_variant_get (args, "(&ouu)", NULL, &operation->n_wanted, &operation->n_ahead);
  operation->n_wanted = CLAMP (operation->n_wanted, 1, LOT_MAX_ITEMS);
  operation->n_ahead = MIN (operation->n_ahead, LOT_MAX_ITEMS);
  if (handle->is_lent)
    {
      handle->is_lent = FALSE;
      malt_local_channel_settle (handle->channel, NULL);
    }
  begin (operation);
}

/* malt.channel.withdraw (o): what waits of put_many and take_many answers that nothing was done. */
void
malt_channels_withdraw (MaltRuntime    *runtime,
                        MaltInvocation *invocation,
                        GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);
  GList *next;

  if (handle == NULL)
    return;

  for (GList *l = handle->channels->waiting.head; l != NULL; l = next)
    {
      Operation *operation = l->data;

      next = l->next;
      if (operation->is_many && operation->handle == handle
          && malt_local_channel_withdraw (operation->channel, &operation->waiter))
        answer_withdrawn (operation);
    }

  malt_invocation_return_value (invocation, NULL);
}

/* malt.channel.recall (o): answers () when somebody else asks for what is on loan. */
void
malt_channels_recall (MaltRuntime    *runtime,
                      MaltInvocation *invocation,
                      GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  if (handle->is_lent && handle->is_wanted)
    {
      malt_invocation_return_value (invocation, NULL);
      return;
    }

  g_ptr_array_add (handle->recalls, malt_invocation_ref (invocation));
  malt_invocation_set_cancel_func (invocation, on_cancelled, handle->channels);
}

static void
untake_all (MaltLocalChannel *channel,
            GVariant         *values)
{
  for (gsize i = g_variant_n_children (values); i > 0; i--)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (values, i - 1);
      g_autoptr (GVariant) value = g_variant_get_variant (item);

      malt_local_channel_untake (channel, value);
    }
}

/* malt.channel.give_back (oav): what has not been used of a loan, or was not wanted any more. */
void
malt_channels_give_back (MaltRuntime    *runtime,
                         MaltInvocation *invocation,
                         GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);
  g_autoptr (GVariant) values = NULL;

  if (handle == NULL)
    return;

  values = g_variant_get_child_value (args, 1);
  if (handle->is_lent)
    {
      handle->is_lent = FALSE;
      malt_local_channel_settle (handle->channel, values);
    }
  else
    untake_all (handle->channel, values);
  malt_invocation_return_value (invocation, NULL);
}

/* malt.channel.drop (o): the manager has let go of the handle. */
void
malt_channels_drop (MaltRuntime    *runtime,
                    MaltInvocation *invocation,
                    GVariant       *args)
{
  Handle *handle = find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  if (handle->is_open)
    {
      for (GList *l = handle->channels->waiting.head; l != NULL; l = l->next)
        {
          Operation *operation = l->data;

          if (operation->handle == handle)
            operation->handle = NULL;
        }
      if (handle->is_lent)
        malt_local_channel_settle (handle->channel, NULL);
      on_recall (handle);
      g_hash_table_remove (handle->channels->handles, handle->path);
    }
  malt_invocation_return_value (invocation, NULL);
}

static void
answer_opened (MaltInvocation *invocation,
               MaltChannels   *channels,
               GVariant       *value)
{
  gboolean is_path = g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH);
  MaltLocalChannel *channel =
    is_path ? malt_channels_lookup (channels, g_variant_get_string (value, NULL)) : NULL;
  Handle *handle;

  if (channel == NULL)
    {
      malt_invocation_return_error (invocation,
                                    g_error_new (MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL,
                                                 "The expression did not make a channel: its "
                                                 "value is of type “%s”",
                                                 g_variant_get_type_string (value)));
      return;
    }

  handle = add_handle (channels, g_object_ref (channel));
  handle->is_open = TRUE;
  malt_invocation_return_value (invocation, g_variant_new_object_path (handle->path));
}

typedef struct
{
  MaltChannels   *channels;   /* not owned */
  MaltInvocation *invocation; /* owned */
} Opening;

static void
on_evaluated (GVariant     *value,
              const GError *error,
              gpointer      user_data)
{
  g_autofree Opening *self = user_data;
  g_autoptr (MaltInvocation) invocation = self->invocation;

  if (value != NULL)
    answer_opened (invocation, self->channels, value);
  else if (g_error_matches (error, MALT_ERROR, MALT_ERROR_SERIALIZATION))
    malt_invocation_return_error (invocation,
                                  g_error_new (MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL,
                                               "The expression did not make a channel: %s",
                                               error->message));
  else
    malt_invocation_return_error (invocation, g_error_copy (error));
}

/* malt.channel.open (s): evaluates the expression in the default module. Answers a handle of the
 * channel that is its value, o. */
void
malt_channels_open (MaltRuntime    *runtime,
                    MaltInvocation *invocation,
                    GVariant       *args)
{
  Opening *opening = g_new (Opening, 1);
  const char *expression;

  opening->channels = malt_runtime_get_channels (runtime);
  opening->invocation = malt_invocation_ref (invocation);
  malt_invocation_start (invocation);
  g_variant_get (args, "(&s)", &expression);
  malt_runtime_call (runtime, invocation, "malt.eval",
                     g_variant_new ("(ssv)", "", expression, g_variant_new_tuple (NULL, 0)), NULL,
                     on_evaluated, opening);
}

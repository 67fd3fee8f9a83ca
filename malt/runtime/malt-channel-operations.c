/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-channel-handle-private.h"

#include "malt/malt-local-channel-private.h"

/* What one answer to malt.channel.take_many carries: a message of this size costs the wire about as
 * much an item as an infinite one, and is nothing to either side's memory. */
#define LOT_MAX_ITEMS 256u
#define LOT_MAX_BYTES ((gsize) 256 * 1024)

/* One that waits, or is being answered. */
typedef struct
{
  MaltChannelWaiter  waiter;     /* first: it is found by it */
  MaltChannels      *channels;   /* not owned */
  MaltChannelHandle *handle;     /* not owned; NULL once it is gone */
  MaltLocalChannel  *channel;    /* owned */
  MaltInvocation    *invocation; /* owned */
  GVariant          *values;     /* owned (nullable): of put_many */
  guint              n_wanted;   /* of take_many */
  guint              n_ahead;
  gboolean           is_many;
  gboolean           has_waited;
  GList              link;
} Operation;

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
  MaltChannelHandle *handle = self->handle;

  if (items->len <= self->n_wanted)
    return;

  if (handle != NULL && malt_local_channel_lend (self->channel, malt_channel_handle_recall, handle))
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

static void
answer_take (Operation *self)
{
  g_autoptr (GPtrArray) items = NULL;

  /* Nobody waits for it any more: it has not been taken. */
  if (malt_channels_answer_if_cancelled (self->invocation))
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

static Operation *
new_operation (MaltChannelHandle          *handle,
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
  /* Before it begins: what this makes possible for others may lead to its end at once. */
  self->has_waited = TRUE;
  self->link.data = self;
  g_queue_push_tail_link (&self->channels->waiting, &self->link);
  malt_invocation_set_cancel_func (self->invocation, malt_channels_on_cancelled, self->channels);
  if (!malt_local_channel_begin (self->channel, &self->waiter))
    return;

  self->has_waited = FALSE;
  on_over (&self->waiter);
}

static void
begin_verb (MaltRuntime     *runtime,
            MaltInvocation  *invocation,
            GVariant        *args,
            MaltChannelVerb  verb)
{
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);

  if (handle != NULL)
    begin (new_operation (handle, invocation, verb));
}

/* malt.channel.put (ov): answers () when there was room. */
void
malt_channels_put (MaltRuntime    *runtime,
                   MaltInvocation *invocation,
                   GVariant       *args)
{
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);
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

/* malt.channel.put_many (oav): puts the first when there is room, and those after it that have room
 * then. Answers how many, u; 0 after a withdraw. */
void
malt_channels_put_many (MaltRuntime    *runtime,
                        MaltInvocation *invocation,
                        GVariant       *args)
{
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);
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
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);
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
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);
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

void
malt_channel_operations_end_cancelled (MaltChannels *self)
{
  GList *next;

  for (GList *l = self->waiting.head; l != NULL; l = next)
    {
      Operation *operation = l->data;

      next = l->next;
      if (malt_invocation_get_cancel_reason (operation->invocation) == MALT_CANCEL_REASON_NONE
          || !malt_local_channel_withdraw (operation->channel, &operation->waiter))
        continue;

      malt_channels_answer_if_cancelled (operation->invocation);
      free_operation (operation);
    }
}

void
malt_channel_operations_forget (MaltChannelHandle *handle)
{
  for (GList *l = handle->channels->waiting.head; l != NULL; l = l->next)
    {
      Operation *operation = l->data;

      if (operation->handle == handle)
        operation->handle = NULL;
    }
}

void
malt_channel_operations_free_all (MaltChannels *self)
{
  while (self->waiting.head != NULL)
    {
      Operation *operation = self->waiting.head->data;

      malt_local_channel_withdraw (operation->channel, &operation->waiter);
      free_operation (operation);
    }
}

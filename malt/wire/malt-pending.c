/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-pending-private.h"

MaltPendingCall *
malt_pending_call_new (GObject  *connection,
                       MaltCall *call,
                       guint     timeout_ms)
{
  MaltPendingCall *self = g_new0 (MaltPendingCall, 1);

  self->ref_count = 1;
  self->connection = g_object_ref (connection);
  self->call = g_object_ref (call);
  self->timeout_ms = timeout_ms;
  self->wake_fd = -1;
  self->run_time_us = -1;
  self->link.data = self;
  self->waiter_link.data = self;
  self->order_link.data = self;

  if (malt_call_get_result_type (call) != NULL)
    self->name_buffer = g_string_new (NULL);
  malt_message_set_call (&self->message, 0, malt_call_get_function (call),
                         malt_call_get_args (call), malt_call_get_kwargs (call),
                         malt_call_get_result_type (call), timeout_ms,
                         malt_call_get_discard_result (call), self->name_buffer);
  self->size = malt_message_get_frame_size (&self->message);

  return self;
}

MaltPendingCall *
malt_pending_call_ref (MaltPendingCall *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
malt_pending_call_unref (MaltPendingCall *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  malt_message_clear (&self->message);
  if (self->name_buffer != NULL)
    g_string_free (self->name_buffer, TRUE);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self->progress_message);
  g_free (self->traceback);
  g_clear_object (&self->task);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->call);
  g_clear_object (&self->connection);
  g_free (self);
}

gboolean
malt_pending_is_channel_operation (const char *function)
{
  return g_str_has_prefix (function, "malt.channel.");
}

struct _MaltPending
{
  GHashTable *calls; /* its own id → owned MaltPendingCall */
  GQueue      order; /* of the same, by their @order_link: by id */
};

MaltPending *
malt_pending_new (void)
{
  MaltPending *self = g_new0 (MaltPending, 1);

  self->calls = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                       (GDestroyNotify) malt_pending_call_unref);
  return self;
}

void
malt_pending_free (MaltPending *self)
{
  g_hash_table_unref (self->calls);
  g_free (self);
}

void
malt_pending_add (MaltPending     *self,
                  MaltPendingCall *call)
{
  g_hash_table_insert (self->calls, &call->id, call);
  g_queue_push_tail_link (&self->order, &call->order_link);
}

MaltPendingCall *
malt_pending_steal (MaltPending *self,
                    guint64      id)
{
  gpointer call = NULL;

  if (g_hash_table_steal_extended (self->calls, &id, NULL, &call))
    g_queue_unlink (&self->order, &((MaltPendingCall *) call)->order_link);

  return call;
}

MaltPendingCall *
malt_pending_lookup (MaltPending *self,
                     guint64      id)
{
  return g_hash_table_lookup (self->calls, &id);
}

guint
malt_pending_get_n_calls (MaltPending *self)
{
  return g_hash_table_size (self->calls);
}

MaltPendingCall *
malt_pending_find_latest (MaltPending *self)
{
  for (GList *l = self->order.tail; l != NULL; l = l->prev)
    {
      MaltPendingCall *call = l->data;

      if (!malt_pending_is_channel_operation (malt_call_get_function (call->call)))
        return call;
    }

  return NULL;
}

MaltPendingCall *
malt_pending_steal_first (MaltPending *self)
{
  MaltPendingCall *first = g_queue_peek_head (&self->order);

  return first != NULL ? malt_pending_steal (self, first->id) : NULL;
}

char **
malt_pending_dup_functions (MaltPending *self)
{
  GPtrArray *functions = g_ptr_array_sized_new (self->order.length + 1);

  for (GList *l = self->order.tail; l != NULL; l = l->prev)
    {
      MaltPendingCall *call = l->data;

      g_ptr_array_add (functions, g_strdup (malt_call_get_function (call->call)));
    }
  g_ptr_array_add (functions, NULL);

  return (char **) g_ptr_array_free (functions, FALSE);
}

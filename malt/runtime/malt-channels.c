/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-channels-private.h"

#include "malt/malt-error.h"
#include "malt/malt-local-channel-private.h"
#include "malt/runtime/malt-channel-handle-private.h"
#include "malt/runtime/malt-runtime-private.h"

#define PATH_PREFIX "/malt/channel/"

static GQuark
handle_quark (void)
{
  return g_quark_from_static_string ("malt-channel-handle");
}

static void
free_handle (gpointer data)
{
  MaltChannelHandle *self = data;

  if (self->is_open)
    g_object_unref (self->channel);
  g_ptr_array_unref (self->recalls);
  g_free (self->path);
  g_free (self);
}

static MaltChannelHandle *
add_handle (MaltChannels     *self,
            MaltLocalChannel *channel)
{
  MaltChannelHandle *handle = g_new0 (MaltChannelHandle, 1);

  handle->channels = self;
  handle->channel = channel;
  handle->path = g_strdup_printf (PATH_PREFIX "%" G_GUINT64_FORMAT, ++self->last_number);
  handle->recalls = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
  g_hash_table_insert (self->handles, handle->path, handle);

  return handle;
}

/* Runs in the executing thread: somebody else wants what the handle has been lent. */
void
malt_channel_handle_recall (gpointer user_data)
{
  MaltChannelHandle *self = user_data;
  g_autoptr (GPtrArray) recalls = g_steal_pointer (&self->recalls);

  self->recalls = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_invocation_unref);
  self->is_wanted = TRUE;
  for (guint i = 0; i < recalls->len; i++)
    malt_invocation_return_value (g_ptr_array_index (recalls, i), NULL);
}

/* The channel is gone, and nobody will ask for anything of it. */
static void
forget_handle (gpointer data)
{
  MaltChannelHandle *self = data;

  malt_channel_handle_recall (self);
  g_hash_table_remove (self->channels->handles, self->path);
}

gboolean
malt_channels_answer_if_cancelled (MaltInvocation *invocation)
{
  if (malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_NONE)
    return FALSE;

  malt_invocation_return_error (invocation, malt_invocation_new_cancel_error (invocation, NULL));

  return TRUE;
}

/* Runs in the cancelling thread, under the invocation's lock. */
void
malt_channels_on_cancelled (MaltInvocation *invocation,
                            gpointer        user_data)
{
  MaltChannels *self = user_data;

  g_source_set_ready_time (self->source, 0);
}

static void
end_cancelled_recalls (MaltChannels *self)
{
  GHashTableIter iter;
  MaltChannelHandle *handle;

  g_hash_table_iter_init (&iter, self->handles);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &handle))
    for (guint i = handle->recalls->len; i > 0; i--)
      if (malt_channels_answer_if_cancelled (g_ptr_array_index (handle->recalls, i - 1)))
        g_ptr_array_remove_index (handle->recalls, i - 1);
}

static gboolean
on_cancelled_dispatch (gpointer user_data)
{
  MaltChannels *self = user_data;

  g_source_set_ready_time (self->source, -1);
  end_cancelled_recalls (self);
  malt_channel_operations_end_cancelled (self);

  return G_SOURCE_CONTINUE;
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
  MaltChannelHandle *handle;

  malt_channel_operations_free_all (self);

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
  MaltChannelHandle *handle = g_object_get_qdata (G_OBJECT (channel), handle_quark ());

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
  MaltChannelHandle *handle = g_hash_table_lookup (self->handles, path);

  return handle != NULL ? handle->channel : NULL;
}

/* The handle that the first argument names, or NULL after the invocation has been answered. */
MaltChannelHandle *
malt_channels_find_handle (MaltRuntime    *runtime,
                           MaltInvocation *invocation,
                           GVariant       *args)
{
  MaltChannels *self = malt_runtime_get_channels (runtime);
  const char *path;
  MaltChannelHandle *handle;

  malt_invocation_start (invocation);
  g_variant_get_child (args, 0, "&o", &path);
  handle = g_hash_table_lookup (self->handles, path);
  if (handle == NULL)
    malt_invocation_return_error (invocation,
                                  g_error_new (MALT_ERROR, MALT_ERROR_NOT_A_CHANNEL,
                                               "There is no channel “%s” in this worker", path));

  return handle;
}

/* malt.channel.close (o) */
void
malt_channels_close (MaltRuntime    *runtime,
                     MaltInvocation *invocation,
                     GVariant       *args)
{
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  malt_local_channel_close (handle->channel);
  malt_invocation_return_value (invocation, NULL);
}

/* malt.channel.recall (o): answers () when somebody else asks for what is on loan. */
void
malt_channels_recall (MaltRuntime    *runtime,
                      MaltInvocation *invocation,
                      GVariant       *args)
{
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  if (handle->is_lent && handle->is_wanted)
    {
      malt_invocation_return_value (invocation, NULL);
      return;
    }

  g_ptr_array_add (handle->recalls, malt_invocation_ref (invocation));
  malt_invocation_set_cancel_func (invocation, malt_channels_on_cancelled, handle->channels);
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
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);
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
  MaltChannelHandle *handle = malt_channels_find_handle (runtime, invocation, args);

  if (handle == NULL)
    return;

  if (handle->is_open)
    {
      malt_channel_operations_forget (handle);
      if (handle->is_lent)
        malt_local_channel_settle (handle->channel, NULL);
      malt_channel_handle_recall (handle);
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
  MaltChannelHandle *handle;

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

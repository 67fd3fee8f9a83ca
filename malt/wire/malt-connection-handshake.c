/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-error.h"

/* What a worker may say about itself before it is trusted with more. */
#define HANDSHAKE_MAX_BYTES (64u * 1024)

static void
end_handshake (MaltConnection *self,
               GVariant       *hello,
               GError         *error)
{
  g_autoptr (GTask) task = NULL;

  malt_stream_set_max_message_bytes (self->data, self->limits.max_message_bytes);
  malt_stream_set_filter (self->data, malt_connection_filter_message, self);

  g_mutex_lock (&self->lock);
  task = g_steal_pointer (&self->handshake);
  self->is_greeted = error == NULL;
  if (error != NULL)
    self->is_data_over = TRUE;
  g_mutex_unlock (&self->lock);

  if (self->handshake_handler != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), self->handshake_handler);

  malt_connection_release_role (self);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_variant_ref (hello), (GDestroyNotify) g_variant_unref);
}

static gboolean
is_our_protocol (guint64 id)
{
  return id >> 32 == MALT_PROTOCOL_MAGIC && (id >> 16 & G_MAXUINT16) == MALT_PROTOCOL_MAJOR;
}

static GError *
check_hello (MaltConnection    *self,
             const MaltMessage *message)
{
  GError *error = NULL;
  MaltMessage more = { 0 };

  if (message->type == MALT_MESSAGE_FAILURE && message->value != NULL)
    {
      guint32 code;
      const char *text;

      g_variant_get (message->value, "(u&sss)", &code, &text, NULL, NULL);
      return g_error_new_literal (MALT_ERROR,
                                  code == MALT_ERROR_SANDBOX_UNAVAILABLE
                                    ? MALT_ERROR_SANDBOX_UNAVAILABLE : MALT_ERROR_START_FAILED,
                                  text);
    }

  if (message->type != MALT_MESSAGE_HELLO || message->value == NULL)
    return g_error_new (MALT_ERROR, MALT_ERROR_PROTOCOL,
                        "The worker began with a message of type “%d”: expected a greeting",
                        message->type);

  if (!is_our_protocol (message->id))
    return g_error_new (MALT_ERROR, MALT_ERROR_PROTOCOL,
                        "The worker speaks “%08" G_GINT64_MODIFIER "x:%u”: expected %08x:%u",
                        message->id >> 32, (guint) (message->id >> 16 & G_MAXUINT16),
                        MALT_PROTOCOL_MAGIC, MALT_PROTOCOL_MAJOR);

  /* Nothing has been asked yet. */
  if (malt_stream_next (self->data, &more, NULL, &error))
    g_set_error_literal (&error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                         "The worker answers before it was asked");
  malt_message_clear (&more);

  return error;
}

/* Whether the worker has said something, or nothing more is to be expected. */
static gboolean
read_hello (MaltConnection  *self,
            MaltMessage     *message,
            GError         **error)
{
  g_autoptr (GError) message_error = NULL;

  switch (malt_stream_fill (self->data, error))
    {
    case MALT_STREAM_WOULD_BLOCK:
      return FALSE;

    case MALT_STREAM_ERROR:
      return TRUE;

    case MALT_STREAM_EOF:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                           "The worker has closed its connection before it greeted");
      return TRUE;

    case MALT_STREAM_OK:
    default:
      break;
    }

  if (malt_stream_next (self->data, message, &message_error, error))
    {
      if (message_error != NULL)
        g_set_error_literal (error, MALT_ERROR, MALT_ERROR_PROTOCOL, message_error->message);
      return TRUE;
    }

  return *error != NULL;
}

static gboolean
is_shaking_hands (MaltConnection *self)
{
  gboolean is_shaking;

  g_mutex_lock (&self->lock);
  is_shaking = self->handshake != NULL;
  g_mutex_unlock (&self->lock);

  return is_shaking;
}

static GError *
get_end_of_handshake (MaltConnection *self)
{
  GError *error = NULL;

  g_mutex_lock (&self->lock);
  if (self->close_error != NULL)
    error = g_error_copy (self->close_error);
  else if (self->is_handshake_cancelled)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                         "Waiting for the worker was cancelled");
  g_mutex_unlock (&self->lock);

  return error;
}

/* Runs in the monitor thread, which holds the read role meanwhile. */
void
malt_connection_step_handshake (MaltConnection *self)
{
  MaltMessage message = { 0 };
  GError *error = NULL;

  if (!is_shaking_hands (self))
    return;

  error = get_end_of_handshake (self);
  if (error == NULL && !read_hello (self, &message, &error))
    return;

  if (error == NULL)
    error = check_hello (self, &message);
  if (error == NULL)
    malt_stream_use_features (self->data, message.value);
  if (error == NULL)
    malt_stream_set_swap (self->control, (message.flags & MALT_MESSAGE_FLAGS_BIG_ENDIAN)
                                           != MALT_MESSAGE_FLAGS_NATIVE_ORDER);

  end_handshake (self, message.value, error);
  malt_message_clear (&message);
}

/* `setup` and what the connection itself can do. */
static GVariant *
new_setup_value (MaltConnection *self,
                 GVariant       *setup)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (setup);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (sunk);

  g_variant_dict_insert_value (&dict, "features", malt_stream_new_features (self->data));

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
on_handshake_cancelled (GCancellable *cancellable,
                        gpointer      user_data)
{
  MaltConnection *self = user_data;

  g_mutex_lock (&self->lock);
  self->is_handshake_cancelled = TRUE;
  malt_connection_wake_monitor_locked (self, 0);
  g_mutex_unlock (&self->lock);
}

static void
unref_connection (gpointer  data,
                  GClosure *closure)
{
  g_object_unref (data);
}

/**
 * malt_connection_handshake_async: (skip)
 * @self: a new connection
 * @setup: `a{sv}`, what the worker is told
 * @cancellable: (nullable): ends the wait; the connection is of no use then
 * @callback: (scope async): called in the thread-default main context
 * @user_data: passed to @callback
 *
 * Sends the first message and waits for the worker's greeting. Once, before
 * anything else. The caller keeps the deadline.
 *
 * [method@Malt.Connection.handshake_finish] gets the answer.
 *
 * Since: 0.1
 */
void
malt_connection_handshake_async (MaltConnection      *self,
                                 GVariant            *setup,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GTask *task;
  MaltMessage message = {
    .type = MALT_MESSAGE_SETUP,
    .flags = MALT_MESSAGE_FLAGS_NATIVE_ORDER,
    .id = MALT_PROTOCOL_ID,
  };
  GError *error = NULL;

  g_return_if_fail (MALT_IS_CONNECTION (self));
  g_return_if_fail (g_variant_is_of_type (setup, G_VARIANT_TYPE_VARDICT));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_connection_handshake_async);
  g_task_set_check_cancellable (task, FALSE);

  message.value = new_setup_value (self, setup);
  malt_stream_queue (self->data, &message, &error);
  malt_message_clear (&message);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  malt_stream_set_max_message_bytes (self->data, HANDSHAKE_MAX_BYTES);
  if (cancellable != NULL)
    self->handshake_handler =
      g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_handshake_cancelled),
                             g_object_ref (self), unref_connection, 0);

  g_mutex_lock (&self->lock);
  self->handshake = task;
  self->is_role_taken = TRUE;
  self->is_write_wanted = TRUE;
  self->is_handshake_cancelled |= g_cancellable_is_cancelled (cancellable);
  malt_connection_wake_monitor_locked (self, 0);
  g_mutex_unlock (&self->lock);
}

/**
 * malt_connection_handshake_finish: (skip)
 * @self: the connection
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets what [method@Malt.Connection.handshake_async] was answered.
 *
 * Errors: %MALT_ERROR_PROTOCOL for garbage or another major version;
 * %MALT_ERROR_START_FAILED with the worker's text when it says why it does not
 * start, %MALT_ERROR_SANDBOX_UNAVAILABLE when its sandbox is why;
 * %G_IO_ERROR_CLOSED when it has ended; %MALT_ERROR_LIMIT when the setup is
 * larger than a message may be; %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): `a{sv}`, what the worker says about itself
 *
 * Since: 0.1
 */
GVariant *
malt_connection_handshake_finish (MaltConnection  *self,
                                  GAsyncResult    *result,
                                  GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

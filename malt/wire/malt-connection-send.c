/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-error-private.h"

/* Errors of malt carry where they come from; for the others the call does. */
static void
take_failure (MaltPendingCall *call)
{
  MaltConnection *self = MALT_CONNECTION (call->connection);
  const char *message;
  const char *type;
  const char *traceback;

  call->error = malt_message_parse_failure (call->value, self->worker);
  if (call->error->domain == MALT_ERROR)
    return;

  g_variant_get (call->value, "(u&s&s&s)", NULL, &message, &type, &traceback);
  malt_call_set_remote_details (call->call, message, *type != '\0' ? type : NULL,
                                *traceback != '\0' ? traceback : NULL);
}

/* The error is ours, and the worker has said where the call was. */
static void
add_traceback (MaltPendingCall *call)
{
  g_autoptr (GError) error = g_steal_pointer (&call->error);
  g_autofree char *text = g_strconcat (error->message, "\n", call->traceback, NULL);

  malt_call_set_remote_details (call->call, error->message, NULL, call->traceback);
  if (error->domain == MALT_ERROR)
    call->error = malt_error_new_whole (error->code, text, malt_error_get_worker (error),
                                        error->message, NULL, call->traceback,
                                        malt_error_get_exit_report (error));
  else
    call->error = g_error_new_literal (error->domain, error->code, text);
}

static void
take_result (MaltPendingCall *call)
{
  const GVariantType *type = malt_call_get_result_type (call->call);

  if (malt_call_get_discard_result (call->call))
    {
      g_clear_pointer (&call->value, g_variant_unref);
      type = NULL;
    }

  if (call->value == NULL)
    call->value = g_variant_ref_sink (g_variant_new_tuple (NULL, 0));

  if (type != NULL && !g_variant_is_of_type (call->value, type))
    g_set_error (&call->error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                 "Function “%s” answered a value of type “%s”: expected %.*s",
                 malt_call_get_function (call->call), g_variant_get_type_string (call->value),
                 (int) g_variant_type_get_string_length (type),
                 g_variant_type_peek_string (type));
}

GVariant *
malt_connection_finish_call (MaltPendingCall  *call,
                             GError          **error)
{
  /* Not g_cancellable_disconnect(): it waits for handlers, and this may run within one. The
   * handler keeps a reference on the call. */
  if (call->cancelled_handler != 0)
    g_signal_handler_disconnect (call->cancellable, call->cancelled_handler);

  if (call->error == NULL && call->is_failure)
    take_failure (call);
  else if (call->error == NULL)
    take_result (call);
  else if (call->traceback != NULL)
    add_traceback (call);

  malt_call_end (call->call, call->run_time_us, call->error);

  if (call->error == NULL)
    return g_steal_pointer (&call->value);

  g_propagate_error (error, g_steal_pointer (&call->error));
  return NULL;
}

static void
unref_closure_data (gpointer  data,
                    GClosure *closure)
{
  malt_pending_call_unref (data);
}

static guint
get_timeout (MaltConnection *self,
             MaltCall       *call)
{
  guint timeout_ms = malt_call_get_timeout (call);

  if (malt_pending_is_channel_operation (malt_call_get_function (call)))
    return 0;
  if (timeout_ms == 0)
    timeout_ms = g_atomic_int_get (&self->call_timeout_ms);

  return timeout_ms != G_MAXUINT ? timeout_ms : 0;
}

static MaltPendingCall *
new_call (MaltConnection *self,
          MaltCall       *call,
          GCancellable   *cancellable)
{
  MaltPendingCall *pending;

  pending = malt_pending_call_new (G_OBJECT (self), call, get_timeout (self, call));
  /* Now, not under the lock. */
  malt_stream_prepare (self->data, &pending->message, TRUE);

  if (cancellable == NULL)
    return pending;

  pending->cancellable = g_object_ref (cancellable);
  pending->cancelled_handler =
    g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (malt_connection_on_cancelled),
                           malt_pending_call_ref (pending), unref_closure_data, 0);
  /* It may have been cancelled before. */
  if (g_cancellable_is_cancelled (cancellable))
    malt_connection_on_cancelled (cancellable, pending);

  return pending;
}

/**
 * malt_connection_send_task: (skip)
 * @self: a connection that has shaken hands
 * @call: what to call; not changed until it has ended
 * @task: gets the outcome: a value, to be taken with g_task_propagate_pointer(),
 *   or an error; its cancellable ends the call at once, also in the worker
 *
 * Sends a call whose outcome goes to a task of the caller's, so that a backend's
 * result has the worker as its source object.
 *
 * Begins and ends @call, as all that send do: [method@Malt.Call.begin],
 * [method@Malt.Call.end]. Never blocks. The task returns in its context, from a
 * source of that context. While more than the limit is unanswered, the call waits its
 * turn.
 *
 * Since: 0.1
 */
void
malt_connection_send_task (MaltConnection *self,
                           MaltCall       *call,
                           GTask          *task)
{
  g_autoptr (MaltPendingCall) pending = NULL;
  GSource *source = g_main_current_source ();
  GError *error = NULL;
  gboolean is_deferred = FALSE;

  g_return_if_fail (MALT_IS_CONNECTION (self));
  g_return_if_fail (MALT_IS_CALL (call));
  g_return_if_fail (G_IS_TASK (task));

  /* A call that was answered before it was cancelled has an answer. */
  g_task_set_check_cancellable (task, FALSE);

  if (!malt_call_begin (call, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  pending = new_call (self, call, g_task_get_cancellable (task));
  pending->task = g_object_ref (task);
  pending->born_us = source != NULL ? g_source_get_time (source) : 0;

  g_mutex_lock (&self->lock);
  pending->context = malt_connection_context_use_locked (self, g_task_get_context (task));
  if (malt_connection_submit_locked (self, pending, &error))
    is_deferred = malt_connection_context_defer_flush_locked (pending->context);
  else
    {
      /* Told by the source like every other end: never from within this function. */
      pending->error = error;
      malt_connection_end_call_locked (self, malt_pending_call_ref (pending), FALSE);
    }
  g_mutex_unlock (&self->lock);

  if (!is_deferred)
    malt_connection_flush (self, FALSE);
}

/**
 * malt_connection_send_async: (skip)
 * @self: a connection that has shaken hands
 * @call: what to call; not changed until it has ended
 * @cancellable: (nullable): ends the call at once, also in the worker
 * @callback: (scope async): called in the thread-default main context of the
 *   caller, from a source of that context
 * @user_data: passed to @callback
 *
 * Sends a call. As [method@Malt.Connection.send_task], with a task of the
 * connection's own. [method@Malt.Connection.send_finish] gets the outcome.
 *
 * Since: 0.1
 */
void
malt_connection_send_async (MaltConnection      *self,
                            MaltCall            *call,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (MALT_IS_CONNECTION (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_connection_send_async);
  malt_connection_send_task (self, call, task);
}

/**
 * malt_connection_send_finish: (skip)
 * @self: the connection
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Connection.send_async].
 *
 * Errors: what the worker answered; %G_IO_ERROR_CANCELLED; %G_IO_ERROR_TIMED_OUT;
 * %MALT_ERROR_LIMIT if the message is too large or too much waits already;
 * %MALT_ERROR_SERIALIZATION if the answer cannot be read or is not of the
 * type that the call asks for; %MALT_ERROR_FAILED if the call is on its way
 * already; what the connection was closed with.
 *
 * Returns: (transfer full): the value, `()` if it was discarded
 *
 * Since: 0.1
 */
GVariant *
malt_connection_send_finish (MaltConnection  *self,
                             GAsyncResult    *result,
                             GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_connection_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * malt_connection_send_sync: (skip)
 * @self: a connection that has shaken hands
 * @call: what to call; not changed until it has ended
 * @cancellable: (nullable): ends the call at once, also in the worker
 * @error: return location for an error
 *
 * Sends a call and waits for its outcome, reading the connection meanwhile. Any
 * thread; does not touch the main context of the caller.
 *
 * Errors: as [method@Malt.Connection.send_finish]; besides, the `GIOErrorEnum` of
 * the reason when the process has no descriptor left to wait with.
 *
 * Returns: (transfer full): the value, `()` if it was discarded
 *
 * Since: 0.1
 */
GVariant *
malt_connection_send_sync (MaltConnection  *self,
                           MaltCall        *call,
                           GCancellable    *cancellable,
                           GError         **error)
{
  g_autoptr (MaltPendingCall) pending = NULL;
  gboolean is_submitted;
  gboolean is_reading = FALSE;
  int wake_fd;

  g_return_val_if_fail (MALT_IS_CONNECTION (self), NULL);
  g_return_val_if_fail (MALT_IS_CALL (call), NULL);

  wake_fd = malt_connection_get_wake_fd (error);
  if (wake_fd < 0 || !malt_call_begin (call, error))
    return NULL;

  pending = new_call (self, call, cancellable);
  pending->wake_fd = wake_fd;

  g_mutex_lock (&self->lock);
  is_submitted = malt_connection_submit_locked (self, pending, &pending->error);
  if (is_submitted)
    {
      g_queue_push_tail_link (&self->waiters, &pending->waiter_link);
      is_reading = malt_connection_take_role_locked (self, pending);
    }
  g_mutex_unlock (&self->lock);

  if (is_submitted)
    {
      malt_connection_flush (self, is_reading);
      malt_connection_wait (self, pending, is_reading);
    }

  return malt_connection_finish_call (pending, error);
}

/**
 * malt_connection_post: (skip)
 * @self: a connection that has shaken hands
 * @call: what to call; it has ended when this returns
 * @error: return location for an error
 *
 * Sends a call that nobody waits for. Never blocks.
 *
 * Errors: %MALT_ERROR_LIMIT if the message is too large, or too much is
 * unanswered already; %MALT_ERROR_FAILED if the call is on its way already;
 * what the connection was closed with.
 *
 * Returns: whether it was sent
 *
 * Since: 0.1
 */
gboolean
malt_connection_post (MaltConnection  *self,
                      MaltCall        *call,
                      GError         **error)
{
  g_autoptr (MaltPendingCall) pending = NULL;
  GError *local_error = NULL;

  g_return_val_if_fail (MALT_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (MALT_IS_CALL (call), FALSE);

  if (!malt_call_begin (call, error))
    return FALSE;

  pending = new_call (self, call, NULL);
  pending->message.type = MALT_MESSAGE_POST;

  g_mutex_lock (&self->lock);
  pending->message.id = self->last_id + 1;
  if (self->close_error != NULL)
    local_error = g_error_copy (self->close_error);
  else
    malt_connection_post_locked (self, &pending->message, &local_error);
  g_mutex_unlock (&self->lock);

  malt_call_end (call, -1, local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }

  malt_connection_flush (self, FALSE);
  return TRUE;
}

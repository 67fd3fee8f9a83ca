/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

/* A worker whose watch thread does not read is stopped, or broken. What more there is to cancel is
 * then dropped: the calls have ended for their callers, and the unresponsive time-out goes on. */
#define CONTROL_MAX_QUEUED_BYTES (64u * 1024)

/* Any thread, not under the lock. */
void
malt_connection_send_control (MaltConnection  *self,
                              MaltMessageType  type,
                              guint64          id,
                              guint64          number)
{
  const MaltMessage message = { .type = type, .id = id, .number = number };

  if (malt_stream_get_queued_bytes (self->control) > CONTROL_MAX_QUEUED_BYTES)
    return;

  malt_stream_queue (self->control, &message, NULL);
  if (malt_stream_flush (self->control, NULL) != MALT_STREAM_WOULD_BLOCK)
    return;

  g_mutex_lock (&self->lock);
  malt_connection_wake_monitor_locked (self, 0);
  g_mutex_unlock (&self->lock);
}

gboolean
malt_connection_abandon_call (MaltConnection *self,
                              guint64         id,
                              GError         *error)
{
  MaltPendingCall *call;
  gboolean is_flush_needed = FALSE;
  gboolean is_found;

  g_mutex_lock (&self->lock);
  call = malt_connection_steal_call_locked (self, id);
  is_found = call != NULL;
  if (is_found)
    {
      call->error = error;
      malt_connection_watch_late_locked (self, id, malt_call_get_function (call->call));
      malt_connection_end_call_locked (self, call, FALSE);
      is_flush_needed = malt_connection_admit_locked (self);
    }
  g_mutex_unlock (&self->lock);

  if (!is_found)
    {
      g_error_free (error);
      return FALSE;
    }

  malt_connection_send_control (self, MALT_MESSAGE_CANCEL, id, 0);
  if (is_flush_needed)
    malt_connection_flush (self, FALSE);
  return TRUE;
}

/* Runs in the thread that cancels. Neither waits nor runs anybody's code. */
void
malt_connection_on_cancelled (GCancellable    *cancellable,
                              MaltPendingCall *call)
{
  MaltConnection *self = MALT_CONNECTION (call->connection);
  gboolean is_sent;
  gboolean is_flush_needed = FALSE;
  GError *error = NULL;

  g_set_error (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Call of “%s” was cancelled",
               malt_call_get_function (call->call));

  g_mutex_lock (&self->lock);
  is_sent = call->state == MALT_PENDING_SENT;
  if (call->state == MALT_PENDING_NEW)
    call->is_cancelled = TRUE;
  else if (call->state == MALT_PENDING_WAITING)
    {
      g_queue_unlink (&self->waiting, &call->link);
      self->waiting_bytes -= call->size;
      call->error = g_steal_pointer (&error);
      malt_connection_end_call_locked (self, call, FALSE);
      /* It may have been the one that was too large for the room there is. */
      is_flush_needed = malt_connection_admit_locked (self);
    }
  g_mutex_unlock (&self->lock);

  if (is_sent)
    malt_connection_abandon_call (self, call->id, g_steal_pointer (&error));
  if (is_flush_needed)
    malt_connection_flush (self, FALSE);
  g_clear_error (&error);
}

/**
 * malt_connection_interrupt: (skip)
 * @self: a connection that has shaken hands
 * @error: return location for an error
 *
 * Asks the worker to interrupt the latest call or post that was sent and has
 * not ended, channel operations excepted. The worker picks it; the call ends
 * when the worker answers. Any thread; does not block.
 *
 * Errors: what the connection was closed with.
 *
 * Returns: whether it was sent
 *
 * Since: 0.1
 */
gboolean
malt_connection_interrupt (MaltConnection  *self,
                           GError         **error)
{
  MaltPendingCall *latest;
  guint64 last_id;

  g_return_val_if_fail (MALT_IS_CONNECTION (self), FALSE);

  g_mutex_lock (&self->lock);
  if (self->close_error != NULL)
    {
      if (error != NULL)
        *error = g_error_copy (self->close_error);
      g_mutex_unlock (&self->lock);
      return FALSE;
    }

  last_id = self->last_id;
  if (self->limits.unresponsive_timeout_ms > 0)
    {
      latest = malt_pending_find_latest (self->pending);
      if (latest != NULL && latest->id > self->last_post_id)
        malt_connection_watch_late_locked (self, latest->id, malt_call_get_function (latest->call));
      else if (self->last_post_id != 0)
        malt_connection_watch_late_locked (self, self->last_post_id, self->last_post);
    }
  g_mutex_unlock (&self->lock);

  /* What lies in a dispatch is meant too. */
  malt_connection_flush_deferred (self);
  malt_connection_send_control (self, MALT_MESSAGE_INTERRUPT, last_id, 0);
  return TRUE;
}

/**
 * malt_connection_send_stop: (skip)
 * @self: a connection that has shaken hands
 * @grace_ms: milliseconds that what runs has to end; 0 for the worker's default
 *
 * Asks the worker to leave. Calls that wait go on waiting until the connection
 * is closed. Any thread; does not block.
 *
 * Since: 0.1
 */
void
malt_connection_send_stop (MaltConnection *self,
                           guint           grace_ms)
{
  g_return_if_fail (MALT_IS_CONNECTION (self));

  malt_connection_send_control (self, MALT_MESSAGE_STOP, 0, grace_ms);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-error.h"

/* Calls that callbacks of one dispatch send leave together, this many at a time: a fraction of a
 * system call each, and the worker is at work on the first while the last are made. */
#define SEND_MAX_DEFERRED_CALLS 16

/* If a callback takes longer than this, the monitor writes what the dispatch would have. */
#define SEND_MAX_DEFERRED_USEC 1000

/* Callbacks that are quick leave nothing for the monitor, and each look of it costs a poll of all
 * its descriptors. So each look in vain doubles the time to the next one, so many times. */
#define SEND_MAX_DEFERRED_DOUBLINGS 5u

/* One message alone may be larger than the limit. */
static gboolean
has_room (gsize   used,
          gsize   size,
          guint64 limit)
{
  return used == 0 || (used <= limit && size <= limit - used);
}

/* The id is given and the frame queued under one lock: ids grow in the order of the data. */
static gboolean
send_locked (MaltConnection   *self,
             MaltPendingCall  *call,
             GError          **error)
{
  call->message.id = self->last_id + 1;
  if (!malt_stream_queue (self->data, &call->message, error))
    return FALSE;

  self->last_id++;
  call->id = self->last_id;
  call->state = MALT_PENDING_SENT;
  self->pending_bytes += call->size;
  malt_pending_add (self->pending, malt_pending_call_ref (call));
  malt_connection_arm_timeout_locked (self, call);
  malt_message_clear (&call->message);

  return TRUE;
}

gboolean
malt_connection_admit_locked (MaltConnection *self)
{
  gboolean is_admitted = FALSE;

  while (self->waiting.length > 0 && self->close_error == NULL)
    {
      MaltPendingCall *call = self->waiting.head->data;

      if (!has_room (self->pending_bytes, call->size, self->limits.max_pending_bytes))
        break;

      g_queue_unlink (&self->waiting, &call->link);
      self->waiting_bytes -= call->size;
      if (send_locked (self, call, &call->error))
        malt_pending_call_unref (call);
      else
        malt_connection_end_call_locked (self, call, FALSE);
      is_admitted = TRUE;
    }

  return is_admitted;
}

/* Calls that wait are counted too; blocking ones are as many as there are threads. */
static gboolean
queue_locked (MaltConnection   *self,
              MaltPendingCall  *call,
              GError          **error)
{
  if (call->context != NULL
      && !has_room (self->waiting_bytes, call->size, self->limits.max_pending_bytes))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot send the call of “%s”: “%" G_GSIZE_FORMAT "” bytes of calls wait "
                   "already, at most %" G_GUINT64_FORMAT,
                   malt_call_get_function (call->call), self->waiting_bytes,
                   self->limits.max_pending_bytes);
      return FALSE;
    }

  call->state = MALT_PENDING_WAITING;
  self->waiting_bytes += call->size;
  malt_pending_call_ref (call);
  g_queue_push_tail_link (&self->waiting, &call->link);

  return TRUE;
}

gboolean
malt_connection_submit_locked (MaltConnection   *self,
                               MaltPendingCall  *call,
                               GError          **error)
{
  if (call->is_cancelled)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Call of “%s” was cancelled",
                   malt_call_get_function (call->call));
      return FALSE;
    }

  if (self->close_error != NULL)
    {
      if (error != NULL)
        *error = g_error_copy (self->close_error);
      return FALSE;
    }

  if (self->waiting.length == 0
      && has_room (self->pending_bytes, call->size, self->limits.max_pending_bytes))
    return send_locked (self, call, error);

  return queue_locked (self, call, error);
}

void
malt_connection_flush (MaltConnection *self,
                       gboolean        is_reading)
{
  GError *error = NULL;
  MaltStreamStatus status;

  status = malt_stream_flush (self->data, &error);
  if (status == MALT_STREAM_OK)
    return;

  if (status == MALT_STREAM_WOULD_BLOCK)
    {
      /* A reader that blocks writes as well; one that does not leaves it when it leaves the role.
       */
      if (is_reading)
        return;
      g_mutex_lock (&self->lock);
      self->is_write_wanted = TRUE;
      malt_connection_wake_monitor_locked (self, 0);
      g_mutex_unlock (&self->lock);
      return;
    }

  if (error == NULL)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "The worker has closed its connection");
  malt_connection_lose (self, error);
}

gboolean
malt_connection_post_locked (MaltConnection     *self,
                             const MaltMessage  *message,
                             GError            **error)
{
  /* Of what is not written yet, calls count among the pending ones already, posts do not. */
  gsize used = MAX (self->pending_bytes, malt_stream_get_queued_bytes (self->data))
               + self->waiting_bytes;

  if (!has_room (used, malt_message_get_frame_size (message), self->limits.max_pending_bytes))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "Cannot post “%s”: “%" G_GSIZE_FORMAT "” bytes are unanswered already, at most %"
                   G_GUINT64_FORMAT, message->name, used, self->limits.max_pending_bytes);
      return FALSE;
    }

  if (!malt_stream_queue (self->data, message, error))
    return FALSE;

  self->last_id = message->id;
  malt_connection_note_post_locked (self, message->name);
  return TRUE;
}

static void
watch_deferred_locked (MaltConnection *self)
{
  malt_connection_wake_monitor_locked (
    self, self->deferred_time + (SEND_MAX_DEFERRED_USEC << self->n_deferred_in_vain));
}

gboolean
malt_connection_take_deferred_locked (MaltConnection *self)
{
  if (self->n_deferred > 0
      && g_get_monotonic_time () >= self->deferred_time + SEND_MAX_DEFERRED_USEC)
    {
      self->n_deferred = 0;
      self->n_deferred_in_vain = 0;
      return TRUE;
    }

  if (self->n_deferred_in_vain < SEND_MAX_DEFERRED_DOUBLINGS)
    self->n_deferred_in_vain++;
  if (self->n_deferred > 0)
    watch_deferred_locked (self);

  return FALSE;
}

/* In a dispatch, which flushes at its end; FALSE when it is time to do it now. */
gboolean
malt_connection_defer_flush_locked (MaltConnection *self)
{
  self->n_deferred++;
  if (self->n_deferred == 1)
    {
      self->deferred_time = g_get_monotonic_time ();
      watch_deferred_locked (self);
    }

  if (self->n_deferred < SEND_MAX_DEFERRED_CALLS)
    return TRUE;

  self->n_deferred = 0;
  return FALSE;
}

void
malt_connection_flush_deferred (MaltConnection *self)
{
  gboolean is_deferred;

  g_mutex_lock (&self->lock);
  is_deferred = self->n_deferred > 0;
  self->n_deferred = 0;
  g_mutex_unlock (&self->lock);

  if (is_deferred)
    malt_connection_flush (self, FALSE);
}

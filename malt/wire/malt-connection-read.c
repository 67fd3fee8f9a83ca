/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-connection-private.h"

#include "malt/malt-error.h"
#include "malt/malt-text-private.h"

/* What a socket holds is taken in this many reads and about this time, or in one read that takes
 * longer; a worker that goes on and on is not listened to for ever. */
#define READ_ALL_MAX_READS 256
#define READ_ALL_MAX_USEC G_USEC_PER_SEC

MaltPendingCall *
malt_connection_steal_call_locked (MaltConnection *self,
                                   guint64         id)
{
  MaltPendingCall *call = malt_pending_steal (self->pending, id);

  if (call == NULL)
    return NULL;

  self->pending_bytes -= call->size;
  malt_connection_disarm_timeout_locked (self, call);
  return call;
}

void
malt_connection_end_call_locked (MaltConnection  *self,
                                 MaltPendingCall *call,
                                 gboolean         is_reader)
{
  call->state = MALT_PENDING_ENDED;

  if (call->context != NULL)
    malt_connection_context_push_locked (call->context, call);
  else if (!is_reader || call != self->reader)
    malt_connection_wake_call_locked (call);

  malt_pending_call_unref (call);
}

void
malt_connection_note_traceback (MaltConnection *self,
                                guint64         id,
                                const char     *traceback)
{
  MaltPendingCall *call;

  g_mutex_lock (&self->lock);
  call = malt_pending_lookup (self->pending, id);
  if (call != NULL)
    {
      g_free (call->traceback);
      call->traceback = malt_text_dup_valid (traceback, MALT_TRACEBACK_MAX_BYTES);
    }
  g_mutex_unlock (&self->lock);
}

/* The worker leaves, and how it ended will be the answer. */
static void
deliver_last_words (MaltConnection    *self,
                    const MaltMessage *message)
{
  const char *traceback;

  g_variant_get (message->value, "(u&s&s&s)", NULL, NULL, NULL, &traceback);
  malt_connection_note_traceback (self, message->id, traceback);
}

static void
deliver_outcome (MaltConnection *self,
                 MaltMessage    *message,
                 GError         *message_error)
{
  g_autoptr (GError) error = message_error;
  g_autoptr (GVariant) value = g_steal_pointer (&message->value);
  MaltPendingCall *call;
  gboolean is_flush_needed = FALSE;

  if (message->type == MALT_MESSAGE_FAILURE && error == NULL)
    {
      g_autoptr (GVariant) whole = g_steal_pointer (&value);

      value = malt_message_cut_failure_value (whole);
    }

  g_mutex_lock (&self->lock);
  call = malt_connection_steal_call_locked (self, message->id);
  if (call != NULL)
    {
      call->is_failure = message->type == MALT_MESSAGE_FAILURE;
      call->value = g_steal_pointer (&value);
      call->error = g_steal_pointer (&error);
      call->run_time_us = (gint64) MIN (message->number, (guint64) G_MAXINT64);
      malt_connection_end_call_locked (self, call, TRUE);
      is_flush_needed = malt_connection_admit_locked (self);
    }
  malt_connection_forget_late_locked (self, message->id);
  g_mutex_unlock (&self->lock);

  if (is_flush_needed)
    malt_connection_flush (self, TRUE);
}

/* The latest stands for those that have not been told yet. */
static void
deliver_progress (MaltConnection    *self,
                  const MaltMessage *message)
{
  g_autofree char *old_message = NULL;
  MaltPendingCall *call;

  g_mutex_lock (&self->lock);
  call = malt_pending_lookup (self->pending, message->id);
  if (call != NULL)
    {
      old_message = call->progress_message;
      call->progress_message = malt_text_dup_valid (message->name, MALT_PROGRESS_MAX_MESSAGE_BYTES);
      call->progress_fraction = g_variant_get_double (message->value);
      call->has_progress = TRUE;
      if (call->context != NULL)
        malt_connection_context_push_locked (call->context, call);
      else if (call != self->reader)
        malt_connection_wake_call_locked (call);
    }
  g_mutex_unlock (&self->lock);
}

/* Of messages about a call, those that somebody waits for. An answer comes once; what a worker may
 * say of a call again and again has to be small, and to come by the socket, so that it costs the
 * worker to send what it costs the manager to look at. */
gboolean
malt_connection_filter_message (const MaltFrameHeader *header,
                                gpointer               data)
{
  MaltConnection *self = data;
  gboolean is_answer = !(header->flags & MALT_MESSAGE_FLAGS_CUT_SHORT);
  gboolean is_large = header->body_length > MALT_FAILURE_MAX_TEXT_BYTES
                      || (header->flags & MALT_MESSAGE_FLAGS_DESCRIPTOR) != 0;
  gboolean is_waited_for;

  if (header->type == MALT_MESSAGE_PROGRESS)
    is_answer = FALSE;
  else if (header->type != MALT_MESSAGE_RESULT && header->type != MALT_MESSAGE_FAILURE)
    return TRUE;

  g_mutex_lock (&self->lock);
  is_waited_for = malt_pending_lookup (self->pending, header->id) != NULL;
  if (!is_waited_for && is_answer)
    malt_connection_forget_late_locked (self, header->id);
  g_mutex_unlock (&self->lock);

  return is_waited_for && (is_answer || !is_large);
}

/* From now on nothing is read. Takes the error. */
static void
end_data (MaltConnection *self,
          GError         *error)
{
  g_mutex_lock (&self->lock);
  self->is_data_over = TRUE;
  g_mutex_unlock (&self->lock);

  malt_connection_lose (self, error);
}

static gboolean
deliver_message (MaltConnection  *self,
                 MaltMessage     *message,
                 GError          *message_error,
                 GError         **error)
{
  switch ((int) message->type)
    {
    case MALT_MESSAGE_RESULT:
    case MALT_MESSAGE_FAILURE:
      if (message->flags & MALT_MESSAGE_FLAGS_CUT_SHORT && message_error == NULL)
        deliver_last_words (self, message);
      else
        deliver_outcome (self, message, message_error);
      return TRUE;

    case MALT_MESSAGE_PROGRESS:
      if (message_error == NULL)
        deliver_progress (self, message);
      g_clear_error (&message_error);
      return TRUE;

    default:
      g_clear_error (&message_error);
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "The worker sent a message of type “%d” on its data connection: "
                   "expected results", message->type);
      return FALSE;
    }
}

/* Every complete frame that has been read. */
static void
deliver (MaltConnection *self)
{
  MaltMessage message = { 0 };
  GError *message_error = NULL;
  GError *error = NULL;
  gboolean is_announced = self->hooks.before_delivery == NULL;

  while (error == NULL && malt_stream_next (self->data, &message, &message_error, &error))
    {
      /* Not for a read that brings but a piece of a big answer. */
      if (!is_announced && !g_atomic_int_get (&self->is_closing))
        self->hooks.before_delivery (self->hooks_data);
      is_announced = TRUE;

      deliver_message (self, &message, g_steal_pointer (&message_error), &error);
      malt_message_clear (&message);
    }

  if (error != NULL)
    end_data (self, error);
}

/* What a read has come to. Takes the error. */
static gboolean
deliver_batch (MaltConnection   *self,
               MaltStreamStatus  status,
               GError           *error)
{
  if (status == MALT_STREAM_OK)
    {
      deliver (self);
      return TRUE;
    }

  if (status == MALT_STREAM_EOF)
    end_data (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CLOSED,
                                         "The worker has closed its connection"));
  else if (status == MALT_STREAM_ERROR)
    end_data (self, error);

  return FALSE;
}

gboolean
malt_connection_read_batch (MaltConnection *self)
{
  GError *error = NULL;
  MaltStreamStatus status = malt_stream_fill (self->data, &error);

  return deliver_batch (self, status, error);
}

gboolean
malt_connection_read_spinning (MaltConnection *self)
{
  GError *error = NULL;
  MaltStreamStatus status = malt_stream_fill_spinning (self->data, &error);

  return deliver_batch (self, status, error);
}

static gboolean
is_data_over (MaltConnection *self)
{
  gboolean is_over;

  g_mutex_lock (&self->lock);
  is_over = self->is_data_over;
  g_mutex_unlock (&self->lock);

  return is_over;
}

void
malt_connection_read_all (MaltConnection *self)
{
  gint64 end_us = g_get_monotonic_time () + READ_ALL_MAX_USEC;

  for (int i = 0; i < READ_ALL_MAX_READS && !is_data_over (self); i++)
    if (!malt_connection_read_batch (self) || g_get_monotonic_time () >= end_us)
      break;
}

gboolean
malt_connection_take_role_locked (MaltConnection  *self,
                                  MaltPendingCall *reader)
{
  if (self->is_role_taken || self->is_data_over || self->close_error != NULL)
    return FALSE;

  self->is_role_taken = TRUE;
  self->reader = reader;
  return TRUE;
}

/* Blocking callers first: they do nothing but wait, while a context may be busy for long. */
void
malt_connection_offer_role_locked (MaltConnection *self)
{
  for (GList *l = self->waiters.head; l != NULL; l = l->next)
    {
      MaltPendingCall *call = l->data;

      if (call->is_busy || call->state == MALT_PENDING_ENDED)
        continue;

      call->is_offered = TRUE;
      malt_connection_wake_call_locked (call);
      return;
    }

  malt_connection_resume_contexts_locked (self);
}

/* (transfer full) */
static void
fail_call_locked (MaltConnection  *self,
                  MaltPendingCall *call)
{
  malt_connection_disarm_timeout_locked (self, call);
  call->error = g_error_copy (self->close_error);
  malt_connection_end_call_locked (self, call, FALSE);
}

static void
end_all_calls_locked (MaltConnection *self)
{
  MaltPendingCall *call;
  GList *link;

  while ((call = malt_pending_steal_first (self->pending)) != NULL)
    fail_call_locked (self, call);
  while ((link = g_queue_pop_head_link (&self->waiting)) != NULL)
    fail_call_locked (self, link->data);

  self->waiting_bytes = 0;
  self->pending_bytes = 0;
}

/* The role is held and the connection is to be closed: what has been answered is answered, the
 * rest fails. */
static void
finish_closing (MaltConnection *self)
{
  malt_connection_read_all (self);

  g_mutex_lock (&self->lock);
  self->is_data_over = TRUE;
  self->is_closed = TRUE;
  end_all_calls_locked (self);
  /* The role stays taken, but nobody reads: calls that come later are told like any other. */
  self->reader = NULL;
  self->reading_context = NULL;
  malt_connection_wake_monitor_locked (self, 0);
  g_mutex_unlock (&self->lock);

  malt_stream_shut_down (self->data);
  malt_stream_shut_down (self->control);
}

void
malt_connection_release_role (MaltConnection *self)
{
  gboolean is_to_be_closed;
  gboolean is_write_left = malt_stream_get_queued_bytes (self->data) > 0;

  g_mutex_lock (&self->lock);
  is_to_be_closed = self->close_error != NULL && !self->is_closed;
  if (!is_to_be_closed)
    {
      self->is_role_taken = FALSE;
      self->reader = NULL;
      self->reading_context = NULL;
      if (is_write_left)
        {
          self->is_write_wanted = TRUE;
          malt_connection_wake_monitor_locked (self, 0);
        }
      if (!self->is_data_over)
        malt_connection_offer_role_locked (self);
    }
  g_mutex_unlock (&self->lock);

  /* The role is kept for good. */
  if (is_to_be_closed)
    finish_closing (self);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-request-private.h"

#include "malt/malt-error-backend.h"

/* The ready one that has the least to do, if it has room. */
static MaltPoolMember *
find_member_locked (MaltPoolCore *core)
{
  MaltPoolMember *best = NULL;

  if (core->phase != MALT_POOL_PHASE_RUNNING)
    return NULL;

  for (guint i = 0; i < core->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (core->listed, i);

      if (member->state != MALT_POOL_MEMBER_READY || member->has_ended
          || member->calls.length >= core->max_in_flight
          || (best != NULL && member->calls.length >= best->calls.length))
        continue;

      best = member;
      if (best->calls.length == 0)
        break;
    }

  return best;
}

static void
assign_locked (MaltPoolRequest *self,
               MaltPoolMember  *member)
{
  MaltPoolCore *core = self->core;

  self->state = MALT_POOL_REQUEST_ASSIGNED;
  self->member = malt_pool_member_ref (member);
  self->number = ++core->last_number;
  g_queue_push_tail_link (&member->calls, &self->link);
  core->n_pending++;
  member->n_assigned++;
  if (core->max_calls != 0 && member->n_assigned >= core->max_calls)
    {
      member->state = MALT_POOL_MEMBER_RETIRING;
      malt_pool_core_wake_locked (core);
    }
  malt_pool_core_notify_later_locked (core);
}

/* Assigns what waits as long as there is room. A blocking call sends itself, so it comes after what
 * the pool thread still has to send, for calls of one thread stay in order. */
void
malt_pool_core_dispatch_locked (MaltPoolCore *core)
{
  GList *head;

  while ((head = core->queue.head) != NULL)
    {
      MaltPoolRequest *request = head->data;
      MaltPoolMember *member;

      if (request->turn != NULL && core->n_unsent > 0)
        return;
      member = find_member_locked (core);
      if (member == NULL)
        return;

      g_queue_unlink (&core->queue, head);
      assign_locked (request, member);
      if (request->turn != NULL)
        {
          request->state = MALT_POOL_REQUEST_SENT;
          g_cond_signal (request->turn);
          continue;
        }
      core->n_unsent++;
      g_queue_push_tail (&core->outbox, malt_pool_request_ref (request));
      malt_pool_core_flush_later_locked (core);
    }
}

void
malt_pool_request_refuse_locked (MaltPoolRequest *self,
                                 GError          *error)
{
  self->state = MALT_POOL_REQUEST_REFUSED;
  self->error = error;
  malt_pool_core_wake_locked (self->core);
  if (self->turn != NULL)
    g_cond_signal (self->turn);
  else
    g_queue_push_tail_link (&self->core->refused, &self->link);
}

void
malt_pool_core_refuse_all_locked (MaltPoolCore *core,
                                  const GError *error)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&core->queue)) != NULL)
    malt_pool_request_refuse_locked (link->data, g_error_copy (error));
}

/* Behind those that are to be sent before it: one that was assigned already is older than those
 * that never were. */
static void
insert_locked (MaltPoolRequest *self)
{
  GQueue *queue = &self->core->queue;
  GList *next = self->number != 0 ? queue->head : NULL;

  while (next != NULL && ((MaltPoolRequest *) next->data)->number != 0
         && ((MaltPoolRequest *) next->data)->number < self->number)
    next = next->next;
  g_queue_insert_before_link (queue, next, &self->link);
}

/* Puts it into the queue, and gets it out again if there is room. */
void
malt_pool_request_enqueue_locked (MaltPoolRequest *self)
{
  MaltPoolCore *core = self->core;
  GError *error = NULL;

  if (core->report != NULL)
    error = malt_error_new_terminated (core->description, core->report);
  else
    g_cancellable_set_error_if_cancelled (self->cancellable, &error);
  if (error != NULL)
    {
      malt_pool_request_refuse_locked (self, error);
      return;
    }

  self->state = MALT_POOL_REQUEST_QUEUED;
  insert_locked (self);
  malt_pool_core_dispatch_locked (core);
}

void
malt_pool_request_leave_locked (MaltPoolRequest *self)
{
  g_queue_unlink (&self->member->calls, &self->link);
  self->core->n_pending--;
}

gboolean
malt_pool_request_check_member (MaltPoolRequest *self)
{
  MaltPoolCore *core = self->core;
  g_autoptr (MaltPoolMember) member = NULL;

  if (malt_abstract_worker_is_running (self->member->worker))
    return TRUE;

  g_mutex_lock (&core->lock);
  malt_pool_request_leave_locked (self);
  /* Let go of after the lock. */
  member = g_steal_pointer (&self->member);
  member->n_assigned--;
  member->has_ended = TRUE;
  malt_pool_core_wake_locked (core);
  if (self->is_interrupted)
    malt_pool_request_refuse_locked (self, malt_pool_request_new_interruption (self));
  else
    malt_pool_request_enqueue_locked (self);
  g_mutex_unlock (&core->lock);

  return FALSE;
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (MaltPoolRequest) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source),
                                                                 result, &error);

  malt_pool_request_release (self, malt_call_get_run_time_us (self->call), error);
  self->done (self, value, error);
  malt_pool_request_unref (self);
}

/* (transfer full) (nullable): one that was assigned. */
static MaltPoolRequest *
pop_outbox (MaltPoolCore *core)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  MaltPoolRequest *request = g_queue_pop_head (&core->outbox);

  if (request != NULL && request->state == MALT_POOL_REQUEST_ASSIGNED)
    request->state = MALT_POOL_REQUEST_SENDING;

  return request;
}

/* Unless it was refused meanwhile. */
static void
send (MaltPoolRequest *self)
{
  if (self->state != MALT_POOL_REQUEST_SENDING || !malt_pool_request_check_member (self))
    return;

  malt_pool_request_unwatch (self);
  malt_abstract_worker_send_async (self->member->worker, self->call, self->cancellable, on_sent,
                                   malt_pool_request_ref (self));
}

/* Blocking calls wait until nothing is unsent: an interrupt that was meant for this one leaves
 * before any of them does. */
static void
note_sent (MaltPoolRequest *self)
{
  MaltPoolCore *core = self->core;
  gboolean is_interrupted = FALSE;

  g_mutex_lock (&core->lock);
  if (self->state == MALT_POOL_REQUEST_SENDING)
    {
      self->state = MALT_POOL_REQUEST_SENT;
      is_interrupted = self->is_interrupted;
    }
  g_mutex_unlock (&core->lock);

  /* A worker that has ended has ended the call. */
  if (is_interrupted)
    malt_abstract_worker_interrupt (self->member->worker, NULL);

  g_mutex_lock (&core->lock);
  core->n_unsent--;
  if (core->n_unsent == 0)
    malt_pool_core_dispatch_locked (core);
  g_mutex_unlock (&core->lock);
}

static void
end_refused (MaltPoolCore *core)
{
  for (;;)
    {
      GList *link;
      MaltPoolRequest *request;

      g_mutex_lock (&core->lock);
      link = g_queue_pop_head_link (&core->refused);
      g_mutex_unlock (&core->lock);
      if (link == NULL)
        return;

      request = link->data;
      malt_pool_request_unwatch (request);
      request->done (request, NULL, request->error);
      malt_pool_request_unref (request);
    }
}

void
malt_pool_core_flush (MaltPoolCore *core)
{
  MaltPoolRequest *request;

  while ((request = pop_outbox (core)) != NULL)
    {
      send (request);
      note_sent (request);
      malt_pool_request_unref (request);
    }
  end_refused (core);
}

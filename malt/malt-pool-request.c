/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error-backend.h"

MaltPoolRequest *
malt_pool_request_new (MaltPoolCore        *core,
                       MaltCall            *call,
                       GCancellable        *cancellable,
                       MaltPoolRequestFunc  done,
                       gpointer             data)
{
  MaltPoolRequest *self = g_new0 (MaltPoolRequest, 1);

  self->link.data = self;
  self->ref_count = 1;
  self->core = malt_pool_core_ref (core);
  self->call = g_object_ref (call);
  g_set_object (&self->cancellable, cancellable);
  self->done = done;
  self->data = data;
  self->begin_us = g_get_monotonic_time ();

  return self;
}

static MaltPoolRequest *
request_ref (MaltPoolRequest *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
malt_pool_request_unref (MaltPoolRequest *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  g_clear_pointer (&self->member, malt_pool_member_unref);
  g_clear_object (&self->call);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->core, malt_pool_core_unref);
  g_free (self);
}

/* Takes the error. Of one that is queued, or assigned and not sent. */
static void
refuse_locked (MaltPoolRequest *self,
               GError          *error)
{
  self->state = MALT_POOL_REQUEST_REFUSED;
  self->error = error;
  if (self->turn != NULL)
    {
      g_cond_signal (self->turn);
      return;
    }

  g_queue_push_tail_link (&self->core->refused, &self->link);
  malt_pool_core_wake_locked (self->core);
}

void
malt_pool_core_refuse_all_locked (MaltPoolCore *core,
                                  const GError *error)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&core->queue)) != NULL)
    refuse_locked (link->data, g_error_copy (error));
}

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

      if (malt_abstract_worker_is_running (member->worker))
        best = member;
      else
        member->has_ended = TRUE;
      if (best != NULL && best->calls.length == 0)
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
      g_queue_push_tail (&core->outbox, request_ref (request));
      malt_pool_core_wake_locked (core);
    }
}

static gboolean
is_channel_operation (MaltPoolRequest *self)
{
  return g_str_has_prefix (malt_call_get_function (self->call), "malt.channel.");
}

/* A channel lives in one worker. Of several, any could be sent an operation on it. */
static gboolean
needs_one_worker_locked (MaltPoolRequest *self)
{
  return self->core->size > 1 && is_channel_operation (self);
}

/* FALSE with an error if the pool does not take the call. */
static gboolean
check_open_locked (MaltPoolRequest  *self,
                   gboolean          is_limited,
                   GError          **error)
{
  MaltPoolCore *core = self->core;

  if (core->report != NULL)
    g_propagate_error (error, malt_error_new_terminated (core->description, core->report));
  else if (core->phase == MALT_POOL_PHASE_NEW || core->phase == MALT_POOL_PHASE_STARTING)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "%s has not been started",
                 core->description);
  else if (core->is_draining)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
                 "%s takes no more calls: it is being drained", core->description);
  else if (malt_pool_core_is_broken_locked (core))
    g_propagate_error (error, g_error_copy (core->start_error));
  else if (needs_one_worker_locked (self))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s has several workers, and a channel lives in one: ask a worker of its list",
                 core->description);
  else if (is_limited && core->max_queue != 0 && core->queue.length >= core->max_queue)
    g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                 "%s takes no more calls for now: %u are waiting, as many as may",
                 core->description, core->queue.length);
  else
    return TRUE;

  return FALSE;
}

/* Any thread. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltPoolRequest *self = user_data;
  GError *error = NULL;

  g_mutex_lock (&self->core->lock);
  if (self->state == MALT_POOL_REQUEST_QUEUED)
    {
      g_cancellable_set_error_if_cancelled (cancellable, &error);
      g_queue_unlink (&self->core->queue, &self->link);
      refuse_locked (self, error);
    }
  g_mutex_unlock (&self->core->lock);
}

/* The handler looks at the state, and does nothing if it is too early. */
static void
watch_cancellable (MaltPoolRequest *self)
{
  if (self->cancellable != NULL)
    self->cancel_handler = g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled),
                                                  request_ref (self),
                                                  (GDestroyNotify) malt_pool_request_unref);
}

static void
unwatch_cancellable (MaltPoolRequest *self)
{
  g_cancellable_disconnect (self->cancellable, self->cancel_handler);
  self->cancel_handler = 0;
}

/* Puts it into the queue, and gets it out again if there is room. */
static void
enqueue_locked (MaltPoolRequest *self)
{
  self->state = MALT_POOL_REQUEST_QUEUED;
  g_queue_push_tail_link (&self->core->queue, &self->link);
  malt_pool_core_dispatch_locked (self->core);
}

gboolean
malt_pool_request_submit (MaltPoolRequest  *self,
                          gboolean          is_limited,
                          GError          **error)
{
  MaltPoolCore *core = self->core;
  gboolean is_open;

  /* Before it is queued: it may be over at any moment after that. */
  watch_cancellable (self);
  g_mutex_lock (&core->lock);
  is_open = check_open_locked (self, is_limited, error);
  if (is_open && g_cancellable_is_cancelled (self->cancellable))
    {
      g_autoptr (GError) cancelled = NULL;

      g_cancellable_set_error_if_cancelled (self->cancellable, &cancelled);
      refuse_locked (self, g_steal_pointer (&cancelled));
    }
  else if (is_open)
    {
      enqueue_locked (self);
    }
  g_mutex_unlock (&core->lock);

  if (!is_open)
    unwatch_cancellable (self);

  return is_open;
}

static void
wait_for_turn (MaltPoolRequest *self)
{
  watch_cancellable (self);
  g_mutex_lock (&self->core->lock);
  while (self->state == MALT_POOL_REQUEST_QUEUED)
    g_cond_wait (self->turn, &self->core->lock);
  g_mutex_unlock (&self->core->lock);
  unwatch_cancellable (self);
}

gboolean
malt_pool_request_wait (MaltPoolRequest  *self,
                        GError          **error)
{
  MaltPoolCore *core = self->core;
  gboolean has_to_wait;
  gboolean is_open;
  GCond turn;

  g_cond_init (&turn);
  self->turn = &turn;
  g_mutex_lock (&core->lock);
  is_open = check_open_locked (self, TRUE, error);
  if (is_open)
    enqueue_locked (self);
  has_to_wait = self->state == MALT_POOL_REQUEST_QUEUED;
  g_mutex_unlock (&core->lock);

  if (has_to_wait)
    wait_for_turn (self);
  g_cond_clear (&turn);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));

  return self->state == MALT_POOL_REQUEST_SENT;
}

static void
add_time (guint64 *count,
          guint64 *sum,
          guint64 *max,
          gint64   time_us)
{
  if (time_us < 0)
    return;

  *count += 1;
  *sum += (guint64) time_us;
  *max = MAX (*max, (guint64) time_us);
}

static void
account_locked (MaltPoolRequest *self,
                const GError    *error)
{
  MaltPoolStatistics *statistics = &self->core->statistics;
  gint64 run_us = malt_call_get_run_time_us (self->call);
  gint64 total_us = g_get_monotonic_time () - self->begin_us;

  statistics->n_calls++;
  statistics->n_failed += error != NULL;
  add_time (&statistics->n_queue_times, &statistics->queue_time_sum_us,
            &statistics->queue_time_max_us, MAX (total_us - MAX (run_us, 0), 0));
  add_time (&statistics->n_run_times, &statistics->run_time_sum_us, &statistics->run_time_max_us,
            run_us);
}

/* The call that the member was sent is over: gives its room to the next. */
void
malt_pool_request_release (MaltPoolRequest *self,
                           const GError    *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->core->lock);
  MaltPoolCore *core = self->core;
  MaltPoolMember *member = self->member;

  g_queue_unlink (&member->calls, &self->link);
  member->n_calls++;
  account_locked (self, error);
  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER)
      || g_error_matches (error, MALT_ERROR, MALT_ERROR_PROTOCOL))
    member->has_ended |= !malt_abstract_worker_is_running (member->worker);
  else
    core->n_failures = 0;
  member->wants_memory_check |= core->max_memory != 0;
  if (member->has_ended || member->wants_memory_check || core->is_draining
      || member->state == MALT_POOL_MEMBER_RETIRING)
    malt_pool_core_wake_locked (core);
  malt_pool_core_notify_later_locked (core);
  malt_pool_core_dispatch_locked (core);
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

  malt_pool_request_release (self, error);
  self->done (self, value, error);
  malt_pool_request_unref (self);
}

/* (transfer full): one that was assigned. */
static MaltPoolRequest *
pop_outbox (MaltPoolCore *core,
            gboolean     *is_refused)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  MaltPoolRequest *request = g_queue_pop_head (&core->outbox);

  if (request == NULL)
    return NULL;

  *is_refused = request->state == MALT_POOL_REQUEST_REFUSED;
  if (!*is_refused)
    request->state = MALT_POOL_REQUEST_SENDING;

  return request;
}

static void
note_sent (MaltPoolRequest *request)
{
  MaltPoolCore *core = request->core;
  gboolean is_interrupted;

  g_mutex_lock (&core->lock);
  if (request->state == MALT_POOL_REQUEST_SENDING)
    request->state = MALT_POOL_REQUEST_SENT;
  is_interrupted = request->is_interrupted;
  core->n_unsent--;
  if (core->n_unsent == 0)
    malt_pool_core_dispatch_locked (core);
  g_mutex_unlock (&core->lock);

  /* A worker that has ended has ended the call. */
  if (is_interrupted)
    malt_abstract_worker_interrupt (request->member->worker, NULL);
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
      unwatch_cancellable (request);
      request->done (request, NULL, request->error);
      malt_pool_request_unref (request);
    }
}

void
malt_pool_core_flush (MaltPoolCore *core)
{
  MaltPoolRequest *request;
  gboolean is_refused;

  while ((request = pop_outbox (core, &is_refused)) != NULL)
    {
      g_autoptr (MaltPoolRequest) held = request;

      if (!is_refused)
        {
          unwatch_cancellable (request);
          malt_abstract_worker_send_async (request->member->worker, request->call,
                                           request->cancellable, on_sent, request_ref (request));
        }
      note_sent (request);
    }
  end_refused (core);
}

/* The last one that may be interrupted, NULL for none. */
static MaltPoolRequest *
find_last (GQueue *requests)
{
  for (GList *link = requests->tail; link != NULL; link = link->prev)
    {
      if (!is_channel_operation (link->data))
        return link->data;
    }

  return NULL;
}

static MaltPoolRequest *
find_latest_locked (MaltPoolCore *core)
{
  MaltPoolRequest *latest = find_last (&core->queue);

  /* What waits came after what does not. */
  if (latest != NULL)
    return latest;

  for (guint i = 0; i < core->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (core->listed, i);
      MaltPoolRequest *request = find_last (&member->calls);

      if (request != NULL && (latest == NULL || request->number > latest->number))
        latest = request;
    }

  return latest;
}

/* One that has not been sent never will be; the worker does not know yet of one that is just being
 * sent. */
static gboolean
interrupt_unsent_locked (MaltPoolRequest *request)
{
  MaltPoolCore *core = request->core;

  if (request->state == MALT_POOL_REQUEST_SENT)
    return FALSE;

  if (request->state == MALT_POOL_REQUEST_SENDING)
    {
      request->is_interrupted = TRUE;
      return TRUE;
    }

  if (request->state == MALT_POOL_REQUEST_QUEUED)
    g_queue_unlink (&core->queue, &request->link);
  else
    g_queue_unlink (&request->member->calls, &request->link);
  refuse_locked (request, g_error_new (MALT_ERROR, MALT_ERROR_INTERRUPTED,
                                       "The call of “%s” was interrupted before it was sent",
                                       malt_call_get_function (request->call)));

  return TRUE;
}

gboolean
malt_pool_core_interrupt (MaltPoolCore  *core,
                          GError       **error)
{
  g_autoptr (MaltPoolMember) member = NULL;
  g_autoptr (GError) local_error = NULL;
  MaltPoolRequest *request;

  g_mutex_lock (&core->lock);
  if (core->report != NULL)
    {
      g_propagate_error (error, malt_error_new_terminated (core->description, core->report));
      g_mutex_unlock (&core->lock);
      return FALSE;
    }
  request = find_latest_locked (core);
  if (request != NULL && !interrupt_unsent_locked (request))
    member = malt_pool_member_ref (request->member);
  g_mutex_unlock (&core->lock);

  /* That it has ended meanwhile is an end of the call, too. */
  if (member == NULL || malt_abstract_worker_interrupt (member->worker, &local_error)
      || g_error_matches (local_error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

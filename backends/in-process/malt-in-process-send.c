/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

static guint
get_timeout (MaltInProcessCore *self,
             MaltCall          *call)
{
  guint timeout_ms = malt_call_get_timeout (call);

  if (timeout_ms == 0)
    timeout_ms = self->options.call_timeout_ms;

  return timeout_ms != G_MAXUINT ? timeout_ms : 0;
}

/* Runs in the thread that cancels. */
static void
on_cancelled (GCancellable      *cancellable,
              MaltInProcessCall *call)
{
  MaltInProcessCore *self = call->core;
  MaltRuntime *runtime = NULL;
  gboolean is_ended;

  g_mutex_lock (&self->lock);
  if (call->state == MALT_IN_PROCESS_CALL_NEW)
    call->is_cancelled = TRUE;
  if (call->state == MALT_IN_PROCESS_CALL_RUNNING)
    runtime = malt_in_process_begin_use_locked (self);

  is_ended = call->state == MALT_IN_PROCESS_CALL_QUEUED
             || call->state == MALT_IN_PROCESS_CALL_RUNNING;
  if (is_ended)
    {
      g_set_error (&call->error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Call of “%s” was cancelled",
                   malt_call_get_function (call->call));
      malt_in_process_end_call_locked (self, call);
    }
  g_mutex_unlock (&self->lock);

  if (runtime != NULL)
    {
      malt_runtime_cancel (runtime, call->id);
      malt_in_process_end_use (self);
    }
  if (is_ended)
    malt_in_process_call_unref (call);
}

static void
unref_closure_data (gpointer  data,
                    GClosure *closure)
{
  malt_in_process_call_unref (data);
}

static void
watch_cancellable (MaltInProcessCall *call,
                   GCancellable      *cancellable)
{
  if (cancellable == NULL)
    return;

  call->cancellable = g_object_ref (cancellable);
  call->cancelled_handler =
    g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (on_cancelled),
                           malt_in_process_call_ref (call), unref_closure_data, 0);
  /* It may have been cancelled before. */
  if (g_cancellable_is_cancelled (cancellable))
    on_cancelled (cancellable, call);
}

static GError *
new_terminated_error (MaltInProcessCore *self)
{
  return malt_error_new_terminated (self->description, self->report);
}

static GError *
new_limit_error (MaltInProcessCall *call,
                 const char        *what,
                 gsize              n_bytes,
                 guint64            max_bytes)
{
  return g_error_new (MALT_ERROR, MALT_ERROR_LIMIT,
                      "Cannot send the call of “%s”: %s “%" G_GSIZE_FORMAT "” bytes, at most %"
                      G_GUINT64_FORMAT, malt_call_get_function (call->call), what, n_bytes,
                      max_bytes);
}

/* One call alone may be larger than the limit; of those that block there are as many as threads. A
 * worker in this process keeps no data apart for calls that wait, so asynchronous ones have the
 * room of both. */
static gboolean
has_room_locked (MaltInProcessCore *self,
                 MaltInProcessCall *call)
{
  guint64 max_bytes = self->options.max_pending_bytes;

  if (self->pending_bytes == 0 || (call->task == NULL && !call->is_post))
    return TRUE;
  if (call->task != NULL && max_bytes <= G_MAXUINT64 / 2)
    max_bytes *= 2;

  return self->pending_bytes <= max_bytes && call->size <= max_bytes - self->pending_bytes;
}

/* FALSE, with the error of the call set, when it is not to be sent. */
static gboolean
admit_locked (MaltInProcessCore *self,
              MaltInProcessCall *call)
{
  const MaltWorkerOptions *options = &self->options;

  if (call->error != NULL)
    return FALSE;

  if (call->is_cancelled)
    call->error = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Call of “%s” was cancelled",
                               malt_call_get_function (call->call));
  else if (self->report != NULL)
    call->error = new_terminated_error (self);
  else if (call->size > options->max_message_bytes)
    call->error = new_limit_error (call, "it has", call->size, options->max_message_bytes);
  else if (!has_room_locked (self, call))
    call->error = new_limit_error (call, "those unanswered have", self->pending_bytes,
                                   options->max_pending_bytes);
  if (call->error != NULL)
    return FALSE;

  self->pending_bytes += call->size;
  self->n_pending += !call->is_post;
  malt_in_process_call_ref (call);

  return TRUE;
}

static void
queue_locked (MaltInProcessCore *self,
              MaltInProcessCall *call)
{
  call->state = MALT_IN_PROCESS_CALL_QUEUED;
  /* What an executing call waits for goes first. */
  if (call->is_nested)
    g_queue_push_head_link (&self->queue, &call->link);
  else
    g_queue_push_tail_link (&self->queue, &call->link);
  malt_in_process_wake_locked (self);
}

void
malt_in_process_core_send_task (MaltInProcessCore *self,
                                MaltCall          *call,
                                GTask             *task)
{
  g_autoptr (MaltInProcessCall) sent = NULL;
  GError *error = NULL;

  if (!malt_call_begin (call, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  sent = malt_in_process_call_new (self, call, get_timeout (self, call));
  sent->task = g_object_ref (task);
  watch_cancellable (sent, g_task_get_cancellable (task));

  g_mutex_lock (&self->lock);
  if (admit_locked (self, sent))
    queue_locked (self, sent);
  else
    malt_in_process_end_call_locked (self, sent);
  g_mutex_unlock (&self->lock);
}

/* Whether the calling thread runs the call itself. */
static gboolean
may_run_here_locked (MaltInProcessCore *self,
                     MaltInProcessCall *call)
{
  const char *function = malt_call_get_function (call->call);

  if (self->runtime == NULL)
    return FALSE;
  if (call->is_nested)
    return call->caller == self->thread
           || malt_runtime_get_dispatch (self->runtime, function) != MALT_DISPATCH_OWN_THREAD;
  if (self->executing != NULL || self->queue.length > 0 || self->is_stopping)
    return FALSE;

  switch (malt_runtime_get_dispatch (self->runtime, function))
    {
    case MALT_DISPATCH_AT_ONCE:
      return TRUE;

    case MALT_DISPATCH_ANY_THREAD:
      return call->cancellable == NULL && call->timeout_ms == 0;

    case MALT_DISPATCH_OWN_THREAD:
    default:
      return FALSE;
    }
}

static void
run_or_queue_locked (MaltInProcessCore *self,
                     MaltInProcessCall *call)
{
  call->is_nested = self->executing == call->caller;
  if (!may_run_here_locked (self, call))
    queue_locked (self, call);
  else if (call->is_nested)
    malt_in_process_run_locked (self, call);
  else
    {
      self->executing = call->caller;
      malt_in_process_run_locked (self, call);
      malt_in_process_release_role_locked (self);
    }
}

/* Emits it without the lock. */
static void
tell_progress_locked (MaltInProcessCore *self,
                      MaltInProcessCall *call)
{
  g_autofree char *message = g_steal_pointer (&call->progress_message);
  double fraction = call->progress_fraction;

  call->has_progress = FALSE;
  g_mutex_unlock (&self->lock);
  malt_call_emit_progress (call->call, fraction, message);
  g_mutex_lock (&self->lock);
}

/* In the own thread, which nobody else runs the queue for: what is waited for may come with a call
 * that is in it, or with a source of the context. */
static void
go_on_within_locked (MaltInProcessCore *self)
{
  GList *link = g_queue_pop_head_link (&self->queue);

  if (link != NULL)
    malt_in_process_run_locked (self, link->data);

  self->is_asleep = link == NULL;
  g_mutex_unlock (&self->lock);
  g_main_context_iteration (self->context, link == NULL);
  g_mutex_lock (&self->lock);
  self->is_asleep = FALSE;
}

/* A function that calls its own worker gives the role away while it waits; in the own thread,
 * everything goes on in the midst of it. */
static void
wait_locked (MaltInProcessCore *self,
             MaltInProcessCall *call)
{
  gboolean is_own_thread = call->is_nested && call->caller == self->thread;
  gboolean has_role = call->is_nested && !is_own_thread;

  if (call->state == MALT_IN_PROCESS_CALL_ENDED && !call->has_progress)
    return;

  if (has_role)
    malt_in_process_release_role_locked (self);
  while (call->has_progress || call->state != MALT_IN_PROCESS_CALL_ENDED)
    if (call->has_progress)
      tell_progress_locked (self, call);
    else if (is_own_thread)
      go_on_within_locked (self);
    else
      g_cond_wait (&call->changed, &self->lock);
  if (has_role)
    malt_in_process_take_role_locked (self);
}

GVariant *
malt_in_process_core_send_sync (MaltInProcessCore  *self,
                                MaltCall           *call,
                                GCancellable       *cancellable,
                                GError            **error)
{
  g_autoptr (MaltInProcessCall) sent = NULL;

  if (!malt_call_begin (call, error))
    return NULL;

  sent = malt_in_process_call_new (self, call, get_timeout (self, call));
  sent->caller = g_thread_self ();
  watch_cancellable (sent, cancellable);

  g_mutex_lock (&self->lock);
  if (admit_locked (self, sent))
    {
      run_or_queue_locked (self, sent);
      wait_locked (self, sent);
    }
  g_mutex_unlock (&self->lock);

  return malt_in_process_call_finish (sent, error);
}

gboolean
malt_in_process_core_post (MaltInProcessCore  *self,
                           MaltCall           *call,
                           GError            **error)
{
  g_autoptr (MaltInProcessCall) sent = NULL;
  gboolean is_sent;

  if (!malt_call_begin (call, error))
    return FALSE;

  sent = malt_in_process_call_new (self, call, get_timeout (self, call));
  sent->is_post = TRUE;

  g_mutex_lock (&self->lock);
  is_sent = admit_locked (self, sent);
  if (is_sent)
    queue_locked (self, sent);
  g_mutex_unlock (&self->lock);

  malt_call_end (call, -1, is_sent ? NULL : sent->error);
  if (!is_sent)
    g_propagate_error (error, g_steal_pointer (&sent->error));

  return is_sent;
}

/* The latest that has not started yet; each is meant once. */
static gboolean
interrupt_queued_locked (MaltInProcessCore *self)
{
  for (GList *l = self->queue.tail; l != NULL; l = l->prev)
    {
      MaltInProcessCall *call = l->data;

      if (call->is_channel_operation || call->is_interrupted)
        continue;
      call->is_interrupted = TRUE;
      return TRUE;
    }

  return FALSE;
}

gboolean
malt_in_process_core_interrupt (MaltInProcessCore  *self,
                                GError            **error)
{
  MaltRuntime *runtime = NULL;
  gboolean is_running;
  guint64 last_id;

  g_mutex_lock (&self->lock);
  is_running = self->report == NULL;
  if (!is_running)
    g_propagate_error (error, new_terminated_error (self));
  else if (!interrupt_queued_locked (self))
    runtime = malt_in_process_begin_use_locked (self);
  last_id = self->last_id;
  g_mutex_unlock (&self->lock);

  if (runtime != NULL)
    {
      malt_runtime_interrupt (runtime, last_id);
      malt_in_process_end_use (self);
    }

  return is_running;
}

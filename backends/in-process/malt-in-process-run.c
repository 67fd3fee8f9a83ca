/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"
#include "backends/in-process/malt-in-process-value.h"

/* The function's own end wins by this much, for its answer says where it was. */
#define TIMEOUT_GRACE_MSEC 250u

/* There is something new about the call, for who waits for it in another thread. */
static void
tell_caller_locked (MaltInProcessCore *self,
                    MaltInProcessCall *call)
{
  if (call->task != NULL)
    malt_in_process_deliver_locked (call);
  else if (call->is_post || call->caller == g_thread_self ())
    return;
  else if (call->caller == self->thread)
    g_main_context_wakeup (self->context);
  else
    g_cond_signal (&call->changed);
}

void
malt_in_process_end_call_locked (MaltInProcessCore *self,
                                 MaltInProcessCall *call)
{
  MaltInProcessCallState state = call->state;

  call->state = MALT_IN_PROCESS_CALL_ENDED;
  if (state != MALT_IN_PROCESS_CALL_NEW)
    {
      g_queue_unlink (state == MALT_IN_PROCESS_CALL_QUEUED ? &self->queue : &self->running,
                      &call->link);
      self->pending_bytes -= call->size;
      self->n_pending -= !call->is_post;
    }

  tell_caller_locked (self, call);
}

static gboolean
is_cut_short (MaltInvocation *invocation,
              const GError   *error)
{
  return g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER)
         && malt_invocation_get_cancel_reason (invocation) == MALT_CANCEL_REASON_STOPPED;
}

/* The handles of channels end with the worker, whether they were dropped before or not. */
static gboolean
is_about_a_handle (MaltInProcessCall *call)
{
  return g_str_has_prefix (malt_call_get_function (call->call), "malt.channel.");
}

/* (transfer full) (nullable) */
static GError *
check_value (MaltInProcessCall *call,
             GVariant          *value)
{
  guint64 max_bytes = call->core->options.max_message_bytes;
  gsize size = g_variant_get_size (value);
  GError *error = NULL;

  if (!malt_in_process_value_check (value, &error) || size <= max_bytes)
    return error;

  return g_error_new (MALT_ERROR, MALT_ERROR_LIMIT,
                      "Cannot answer with the value of “%s”: it has “%" G_GSIZE_FORMAT
                      "” bytes, at most %" G_GUINT64_FORMAT,
                      malt_call_get_function (call->call), size, max_bytes);
}

/* Executing thread. */
static void
on_finished (MaltInvocation *invocation,
             GVariant       *value,
             const GError   *error,
             gpointer        user_data)
{
  MaltInProcessCall *call = user_data;
  MaltInProcessCore *self = call->core;
  g_autoptr (GError) value_error = NULL;
  gboolean has_ended;

  /* What the worker's own end cuts short has no answer: it ends with the report of how the worker
   * ended. But the worker cannot end before a caller within it has an answer. */
  if (!call->is_nested && !call->is_post && is_cut_short (invocation, error))
    {
      g_mutex_lock (&self->lock);
      g_free (call->traceback);
      call->traceback = g_strdup (malt_error_get_remote_traceback (error));
      g_mutex_unlock (&self->lock);
      return;
    }
  if (error == NULL)
    error = value_error = check_value (call, value);
  if (call->is_post && error != NULL
      && !(is_cut_short (invocation, error) && is_about_a_handle (call)))
    malt_runtime_report (self->runtime, error);

  g_mutex_lock (&self->lock);
  has_ended = call->state == MALT_IN_PROCESS_CALL_RUNNING;
  if (has_ended)
    {
      call->run_time_us = malt_invocation_get_run_time_us (invocation);
      call->value = error == NULL ? g_variant_ref (value) : NULL;
      call->error = error != NULL ? g_error_copy (error) : NULL;
      call->is_remote = TRUE;
      malt_in_process_end_call_locked (self, call);
    }
  g_mutex_unlock (&self->lock);

  if (has_ended)
    malt_in_process_call_unref (call);
}

/* Runs in the executing thread or in one of the pool. */
static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
  MaltInProcessCall *call = user_data;
  MaltInProcessCore *self = call->core;

  if (call->is_post)
    return;

  /* The function runs in the thread of who waits for it. */
  if (call->task == NULL && call->caller == g_thread_self ())
    {
      malt_call_emit_progress (call->call, fraction, message);
      return;
    }

  g_mutex_lock (&self->lock);
  if (call->state == MALT_IN_PROCESS_CALL_RUNNING)
    {
      call->has_progress = TRUE;
      call->progress_fraction = fraction;
      g_free (call->progress_message);
      call->progress_message = g_strdup (message);
      tell_caller_locked (self, call);
    }
  g_mutex_unlock (&self->lock);
}

/* Where the call is, which does not heed its end. Runs in the monitor. (transfer full)
 * (nullable) */
static char *
dup_position (MaltInProcessCall *call)
{
  MaltInProcessCore *self = call->core;
  g_autofree char *position = NULL;
  MaltRuntime *runtime;
  guint64 id = 0;

  g_mutex_lock (&self->lock);
  runtime = malt_in_process_begin_use_locked (self);
  g_mutex_unlock (&self->lock);
  if (runtime == NULL)
    return NULL;

  position = malt_runtime_dup_position (runtime, &id);
  malt_in_process_end_use (self);
  return id == call->id ? g_steal_pointer (&position) : NULL;
}

/* Runs in the monitor. */
static gboolean
on_timeout_grace_over (gpointer user_data)
{
  MaltInProcessCall *call = user_data;
  MaltInProcessCore *self = call->core;
  g_autofree char *position = dup_position (call);
  gboolean has_ended;

  g_mutex_lock (&self->lock);
  has_ended = call->state == MALT_IN_PROCESS_CALL_RUNNING;
  if (has_ended)
    {
      g_set_error (&call->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "The call of “%s” did not end within %u ms%s%s",
                   malt_call_get_function (call->call), call->timeout_ms,
                   position != NULL ? "\n" : "", position != NULL ? position : "");
      call->is_remote = TRUE;
      malt_in_process_end_call_locked (self, call);
    }
  g_mutex_unlock (&self->lock);

  if (has_ended)
    malt_in_process_call_unref (call);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor: a function that heeds nothing does not keep its caller for ever. */
static void
on_timed_out (MaltInvocation *invocation,
              gpointer        user_data)
{
  g_autoptr (GSource) source = g_timeout_source_new (TIMEOUT_GRACE_MSEC);

  g_source_set_static_name (source, "malt in-process time-out");
  g_source_set_callback (source, on_timeout_grace_over, malt_in_process_call_ref (user_data),
                         (GDestroyNotify) malt_in_process_call_unref);
  g_source_attach (source, malt_monitor_get_context ());
}

static void
on_released (gpointer user_data)
{
  malt_in_process_call_unref (user_data);
}

static const MaltCarrier carrier = { on_finished, on_progress, on_timed_out, on_released };

/* Under the lock, so that nobody ends the call, and its caller changes it, meanwhile. */
static MaltInvocation *
new_invocation (MaltInProcessCore *self,
                MaltInProcessCall *call)
{
  MaltInvocation *invocation;

  invocation = malt_invocation_new (self->runtime, call->id, malt_call_get_function (call->call),
                                    malt_call_get_args (call->call), call->kwargs, &carrier,
                                    malt_in_process_call_ref (call));
  malt_invocation_set_timeout (invocation, call->timeout_ms);
  malt_invocation_set_discard_result (invocation, call->is_post
                                                  || malt_call_get_discard_result (call->call));
  if (!call->is_post)
    malt_invocation_set_result_type (invocation, malt_call_get_result_type (call->call));

  return invocation;
}

void
malt_in_process_run_locked (MaltInProcessCore *self,
                            MaltInProcessCall *call)
{
  gboolean is_interrupted = call->is_interrupted;
  guint outer_depth;
  g_autoptr (MaltInvocation) invocation = NULL;

  call->state = MALT_IN_PROCESS_CALL_RUNNING;
  call->id = ++self->last_id;
  g_queue_push_tail_link (&self->running, &call->link);
  invocation = new_invocation (self, call);
  g_mutex_unlock (&self->lock);

  /* The runtime outlives this: it is not taken away from who executes. */
  if (is_interrupted)
    malt_runtime_interrupt (self->runtime, malt_invocation_get_id (invocation));
  outer_depth = malt_nesting_set_thread_depth (self->depth);
  malt_runtime_dispatch (self->runtime, invocation);
  malt_nesting_set_thread_depth (outer_depth);
  g_clear_pointer (&invocation, malt_invocation_unref);

  g_mutex_lock (&self->lock);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

/* What a stop waits for at least, in milliseconds: a worker that nobody gives any time would not
 * have time to leave. What heeds its end takes a fraction of it. */
#define STOP_MIN_TIMEOUT_MSEC 1000u

/* Somebody waits for the end. Everything happens in the monitor. */
typedef struct
{
  MaltInProcessCore *core;            /* owned */
  GTask             *task;            /* owned */
  guint              timeout_ms;
  GSource           *deadline_source; /* owned; borrows this */
  GSource           *cancel_source;   /* owned (nullable); borrows this */
} Stop;

/* Takes the error. */
static void
end_stop (Stop   *stop,
          int     result,
          GError *error)
{
  malt_clear_source (&stop->deadline_source);
  malt_clear_source (&stop->cancel_source);
  malt_return_task (g_steal_pointer (&stop->task), result, error);
  malt_in_process_core_unref (stop->core);
  g_free (stop);
}

static GError *
new_stuck_error (MaltInProcessCore *self)
{
  return malt_error_new_remote (MALT_ERROR_TERMINATED_WORKER, self->description,
                                "The worker is being stopped, and something in it does not end",
                                NULL, NULL);
}

/* Ends what has no answer; `report` NULL: it may have to wait for ever. The references go where
 * nothing of anybody else's runs under the lock. */
static void
end_calls (MaltInProcessCore *self,
           MaltExitReport    *report)
{
  g_autoptr (GPtrArray) calls = g_ptr_array_new_with_free_func (
      (GDestroyNotify) malt_in_process_call_unref);

  g_mutex_lock (&self->lock);
  for (GList *l = self->running.head; l != NULL; l = l->next)
    g_ptr_array_add (calls, l->data);
  for (GList *l = self->queue.head; l != NULL; l = l->next)
    g_ptr_array_add (calls, l->data);

  for (guint i = 0; i < calls->len; i++)
    {
      MaltInProcessCall *call = g_ptr_array_index (calls, i);

      call->error = report != NULL
                    ? malt_error_new_cut_short (self->description, report, call->traceback)
                    : new_stuck_error (self);
      malt_in_process_end_call_locked (self, call);
    }
  g_mutex_unlock (&self->lock);
}

static gboolean
on_deadline (gpointer user_data)
{
  Stop *stop = user_data;
  g_autoptr (MaltInProcessCore) core = malt_in_process_core_ref (stop->core);
  GError *error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               "%s does not end: what runs in it did not heed its end for %u ms, "
                               "and a thread cannot be killed",
                               core->description, stop->timeout_ms);

  g_ptr_array_remove_fast (core->stops, stop);
  end_stop (stop, -1, error);
  end_calls (core, NULL);

  return G_SOURCE_REMOVE;
}

/* Ends the waiting, not what has been begun. */
static gboolean
on_stop_cancelled (GCancellable *cancellable,
                   gpointer      user_data)
{
  Stop *stop = user_data;
  GError *error = NULL;

  g_ptr_array_remove_fast (stop->core->stops, stop);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  end_stop (stop, -1, error);

  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (Stop *stop)
{
  GCancellable *cancellable = g_task_get_cancellable (stop->task);

  if (cancellable == NULL)
    return;

  stop->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (stop->cancel_source, G_SOURCE_FUNC (on_stop_cancelled), stop, NULL);
  g_source_attach (stop->cancel_source, malt_monitor_get_context ());
}

static void
watch_deadline (Stop *stop)
{
  stop->deadline_source = g_timeout_source_new (stop->timeout_ms);
  g_source_set_callback (stop->deadline_source, on_deadline, stop, NULL);
  g_source_attach (stop->deadline_source, malt_monitor_get_context ());
}

/* Any thread. The runtime ends what runs and refuses what comes. */
static void
begin_stop (MaltInProcessCore *self)
{
  MaltRuntime *runtime;

  g_mutex_lock (&self->lock);
  self->is_stopping = TRUE;
  runtime = malt_in_process_begin_use_locked (self);
  g_mutex_unlock (&self->lock);

  if (runtime == NULL)
    return;

  malt_runtime_stop (runtime);
  g_mutex_lock (&self->lock);
  malt_in_process_wake_locked (self);
  g_mutex_unlock (&self->lock);
  malt_in_process_end_use (self);
}

static gboolean
on_stop (gpointer user_data)
{
  Stop *stop = user_data;

  if (malt_in_process_core_get_report (stop->core) != NULL)
    {
      end_stop (stop, 0, NULL);
      return G_SOURCE_REMOVE;
    }

  g_ptr_array_add (stop->core->stops, stop);
  watch_deadline (stop);
  watch_cancellable (stop);
  begin_stop (stop->core);

  return G_SOURCE_REMOVE;
}

void
malt_in_process_core_stop (MaltInProcessCore *self,
                           guint              timeout_ms,
                           GTask             *task)
{
  Stop *stop = g_new0 (Stop, 1);

  stop->core = malt_in_process_core_ref (self);
  stop->task = task;
  stop->timeout_ms = MAX (timeout_ms, STOP_MIN_TIMEOUT_MSEC);
  g_main_context_invoke (malt_monitor_get_context (), on_stop, stop);
}

gboolean
malt_in_process_may_leave_locked (MaltInProcessCore *self)
{
  return self->is_stopping && self->queue.length == 0
         && malt_runtime_get_n_unfinished (self->runtime) == 0;
}

static MaltExitReport *
new_report (MaltInProcessCore *self)
{
  g_autoptr (GPtrArray) functions = g_ptr_array_new ();
  MaltExitReport *report;

  g_mutex_lock (&self->lock);
  for (GList *l = self->running.tail; l != NULL; l = l->prev)
    {
      MaltInProcessCall *call = l->data;

      g_ptr_array_add (functions, (char *) malt_call_get_function (call->call));
    }
  g_ptr_array_add (functions, NULL);
  report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, "left when it was asked to",
                                 (const char *const *) functions->pdata);
  g_mutex_unlock (&self->lock);

  return report;
}

void
malt_in_process_core_detach (MaltInProcessCore *self)
{
  begin_stop (self);
}

/* Not a moment longer than needed: the reference must not be the last when a caller drops its
 * own. */
static void
leave_running_workers (MaltInProcessCore *self)
{
  g_autoptr (MaltAbstractWorker) worker = g_weak_ref_get (&self->worker);

  if (worker != NULL)
    malt_running_workers_remove (worker);
}

static void
emit_exited (MaltInProcessCore *self)
{
  g_autoptr (MaltAbstractWorker) worker = g_weak_ref_get (&self->worker);

  if (worker != NULL)
    malt_emit_exited (worker, self->signal_context);
}

void
malt_in_process_end (MaltInProcessCore *self)
{
  g_autoptr (MaltExitReport) report = NULL;
  GThread *thread;

  g_mutex_lock (&self->lock);
  thread = g_steal_pointer (&self->thread);
  g_mutex_unlock (&self->lock);
  g_thread_join (thread);
  g_clear_pointer (&self->context, g_main_context_unref);

  report = new_report (self);
  g_mutex_lock (&self->lock);
  self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);

  if (self->start != NULL)
    {
      malt_return_task (g_steal_pointer (&self->start), 0, g_steal_pointer (&self->start_error));
      return;
    }

  leave_running_workers (self);
  end_calls (self, report);
  emit_exited (self);
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), 1, NULL);
}

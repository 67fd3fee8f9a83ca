/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

/* Calls that run before the sources of the context have their turn: what waits for a time or for
 * another call must not wait for ever. */
#define QUEUE_MAX_CALLS 64

/* Of descriptors that the context polls; it grows when functions add more. */
#define POLL_INITIAL_FDS 8

/* Executing thread. Nobody waits for a post; what went wrong in it is told all the same. Never
 * above MESSAGE: what a worker says must not abort a program that has warnings made fatal. */
static void
on_report (const GError *error,
           gpointer      user_data)
{
  MaltInProcessCore *self = user_data;

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE,
                    "MALT_WORKER", self->description,
                    "MALT_WORKER_LEVEL", "warning",
                    "MESSAGE", "[%s]: %s", self->description, error->message);
}

/* Whoever has got an answer is likely to send the next call: one that comes now costs no sleep and
 * no waking. Without it two threads that call and answer in turn do so one call at a time. */
static void
linger_locked (MaltInProcessCore *self)
{
  if (self->queue.length > 0)
    return;

  malt_in_process_release_role_locked (self);
  g_mutex_unlock (&self->lock);
  g_thread_yield ();
  g_mutex_lock (&self->lock);
  malt_in_process_take_role_locked (self);
}

static void
run_queue_locked (MaltInProcessCore *self)
{
  gboolean has_run = FALSE;
  GList *link;

  for (guint i = 0; i < QUEUE_MAX_CALLS && self->role_waiters.length == 0
                    && (link = g_queue_pop_head_link (&self->queue)) != NULL; i++)
    {
      malt_in_process_run_locked (self, link->data);
      has_run = TRUE;
    }

  if (has_run)
    linger_locked (self);
}

/* Fills `fds` with what the context polls. */
static int
query (GMainContext *context,
       int           priority,
       GArray       *fds,
       int          *timeout_ms)
{
  int n_fds;

  while ((n_fds = g_main_context_query (context, priority, timeout_ms,
                                        (GPollFD *) (void *) fds->data, (int) fds->len))
         > (int) fds->len)
    g_array_set_size (fds, n_fds);

  return n_fds;
}

/* One turn of the context. The role is another's while the thread sleeps, and between turns. */
static void
turn_locked (MaltInProcessCore *self,
             GArray            *fds)
{
  int timeout_ms;
  int priority;
  int n_fds;

  g_mutex_unlock (&self->lock);
  g_main_context_prepare (self->context, &priority);
  n_fds = query (self->context, priority, fds, &timeout_ms);

  g_mutex_lock (&self->lock);
  if (self->queue.length > 0 || malt_in_process_may_leave_locked (self))
    timeout_ms = 0;
  self->is_asleep = timeout_ms != 0;
  malt_in_process_release_role_locked (self);
  g_mutex_unlock (&self->lock);

  g_poll ((GPollFD *) (void *) fds->data, (guint) n_fds, timeout_ms);

  g_mutex_lock (&self->lock);
  self->is_asleep = FALSE;
  malt_in_process_take_role_locked (self);
  g_mutex_unlock (&self->lock);

  if (g_main_context_check (self->context, priority, (GPollFD *) (void *) fds->data, n_fds))
    g_main_context_dispatch (self->context);
  g_mutex_lock (&self->lock);
}

/* With the role, from here to its end. */
static void
run (MaltInProcessCore *self,
     MaltRuntime       *runtime)
{
  g_autoptr (GArray) fds = g_array_sized_new (FALSE, FALSE, sizeof (GPollFD), POLL_INITIAL_FDS);
  g_autoptr (MaltRuntime) last = NULL;

  g_mutex_lock (&self->lock);
  self->runtime = runtime;
  self->is_started = TRUE;
  malt_in_process_take_role_locked (self);
  g_mutex_unlock (&self->lock);

  malt_running_workers_add (g_task_get_source_object (self->start));
  malt_return_task (g_steal_pointer (&self->start), 1, NULL);

  g_mutex_lock (&self->lock);
  while (!malt_in_process_may_leave_locked (self))
    {
      run_queue_locked (self);
      turn_locked (self, fds);
    }
  last = malt_in_process_steal_runtime_locked (self);
  g_mutex_unlock (&self->lock);
}

/* Takes the error: why the runtime cannot be made. */
static GError *
new_start_error (GError *error)
{
  g_autoptr (GError) reason = error;

  return g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED, "Cannot start a worker: %s",
                      reason->message);
}

static MaltRuntime *
new_runtime (MaltInProcessCore  *self,
             GError            **error)
{
  const MaltWorkerOptions *options = &self->options;
  const char *evaluator = options->evaluator;
  MaltRuntime *runtime;

  /* An empty name asks for a worker of C functions alone. */
  if (evaluator != NULL && *evaluator == '\0')
    evaluator = NULL;
  runtime = malt_runtime_new (evaluator, NULL, (const char *const *) options->module_path,
                              (const char *const *) options->modules, malt_monitor_get_context (),
                              error);
  if (runtime == NULL)
    return NULL;

  malt_runtime_set_default_module (runtime, self->module);
  malt_runtime_set_report_func (runtime, on_report, self);

  return runtime;
}

/* Runs in the monitor. */
static gboolean
on_over (gpointer user_data)
{
  malt_in_process_end (user_data);

  return G_SOURCE_REMOVE;
}

gpointer
malt_in_process_thread (gpointer core)
{
  MaltInProcessCore *self = core;
  GCancellable *cancellable = g_task_get_cancellable (self->start);
  GError *error = NULL;
  MaltRuntime *runtime;

  malt_nesting_set_thread_depth (self->depth);
  g_main_context_acquire (self->context);
  g_main_context_push_thread_default (self->context);

  runtime = new_runtime (self, &error);
  if (runtime == NULL)
    self->start_error = new_start_error (error);
  else if (g_cancellable_set_error_if_cancelled (cancellable, &self->start_error))
    g_clear_object (&runtime);
  if (runtime != NULL)
    run (self, runtime);

  g_main_context_pop_thread_default (self->context);
  g_main_context_release (self->context);
  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, on_over, self,
                              (GDestroyNotify) malt_in_process_core_unref);
  return NULL;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

static MaltWorkerOptions
copy_options (const MaltWorkerOptions *options)
{
  MaltWorkerOptions copy = *options;

  copy.evaluator = g_strdup (options->evaluator);
  copy.module_path = g_strdupv (options->module_path);
  copy.modules = g_strdupv (options->modules);

  return copy;
}

MaltInProcessCore *
malt_in_process_core_new (MaltAbstractWorker      *worker,
                          const MaltWorkerOptions *options,
                          const char              *module,
                          GMainContext            *signal_context)
{
  MaltInProcessCore *self = g_atomic_rc_box_new0 (MaltInProcessCore);

  self->description = g_strdup_printf ("MaltInProcessWorker in module %s", module);
  self->module = g_strdup (module);
  self->depth = malt_nesting_get_depth () + 1;
  self->options = copy_options (options);
  self->context = g_main_context_new ();
  self->signal_context = g_main_context_ref (signal_context);
  g_weak_ref_init (&self->worker, worker);
  self->stops = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->users_changed);

  return self;
}

MaltInProcessCore *
malt_in_process_core_ref (MaltInProcessCore *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
core_clear (gpointer data)
{
  MaltInProcessCore *self = data;

  g_assert (self->thread == NULL && self->runtime == NULL && self->n_pending == 0);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_error (&self->start_error);
  g_weak_ref_clear (&self->worker);
  g_clear_pointer (&self->signal_context, g_main_context_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  malt_worker_options_clear (&self->options);
  g_clear_pointer (&self->module, g_free);
  g_clear_pointer (&self->description, g_free);
  g_cond_clear (&self->users_changed);
  g_mutex_clear (&self->lock);
}

void
malt_in_process_core_unref (MaltInProcessCore *self)
{
  g_atomic_rc_box_release_full (self, core_clear);
}

void
malt_in_process_core_start (MaltInProcessCore *self,
                            GTask             *task)
{
  GError *error = NULL;

  self->start = task;
  g_mutex_lock (&self->lock);
  self->thread = g_thread_try_new ("malt-worker", malt_in_process_thread,
                                   malt_in_process_core_ref (self), &error);
  g_mutex_unlock (&self->lock);
  if (error == NULL)
    return;

  malt_in_process_core_unref (self);
  malt_return_task (g_steal_pointer (&self->start), 0, error);
}

const char *
malt_in_process_core_get_description (MaltInProcessCore *self)
{
  return self->description;
}

guint
malt_in_process_core_get_n_pending (MaltInProcessCore *self)
{
  guint n_pending;

  g_mutex_lock (&self->lock);
  n_pending = self->n_pending;
  g_mutex_unlock (&self->lock);

  return n_pending;
}

gboolean
malt_in_process_core_is_started (MaltInProcessCore *self)
{
  gboolean is_started;

  g_mutex_lock (&self->lock);
  is_started = self->is_started;
  g_mutex_unlock (&self->lock);

  return is_started;
}

MaltExitReport *
malt_in_process_core_get_report (MaltInProcessCore *self)
{
  MaltExitReport *report;

  g_mutex_lock (&self->lock);
  report = self->report;
  g_mutex_unlock (&self->lock);

  return report;
}

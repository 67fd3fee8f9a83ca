/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error-backend.h"
#include "malt/malt-exit-report-backend.h"

#include <signal.h>

/* Milliseconds that starts have to heed their cancellation: twice what those of processes take at
 * the longest. A pool that ends does not wait for the others. */
#define START_CANCEL_TIMEOUT_MSEC 5000

/* (transfer container): those that have started and not ended. */
static GPtrArray *
list_members (MaltPoolCore *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);

  for (guint i = 0; i < self->listed->len; i++)
    g_ptr_array_add (members, malt_pool_member_ref (g_ptr_array_index (self->listed, i)));

  return members;
}

void
malt_pool_core_begin_end_locked (MaltPoolCore *self)
{
  if (self->phase < MALT_POOL_PHASE_ENDING)
    self->give_up_us = g_get_monotonic_time () + START_CANCEL_TIMEOUT_MSEC * 1000;
  self->phase = MALT_POOL_PHASE_ENDING;
  malt_pool_core_wake_locked (self);
}

/* In the phase ENDING: nothing takes their place, and those that have not started are cancelled. */
void
malt_pool_core_end_members (MaltPoolCore *self,
                            guint         exit_timeout_ms,
                            guint         term_timeout_ms)
{
  g_autoptr (GPtrArray) members = list_members (self);

  for (guint i = 0; i < members->len; i++)
    malt_pool_member_stop (self, g_ptr_array_index (members, i), exit_timeout_ms, term_timeout_ms);
}

/* How the pool has ended, if it has. (transfer full) (nullable) */
static MaltExitReport *
take_end_locked (MaltPoolCore *self)
{
  g_autoptr (GError) error = NULL;

  if (self->phase != MALT_POOL_PHASE_ENDING || self->members->len > 0)
    return NULL;

  self->report = g_steal_pointer (&self->last_report);
  if (self->report == NULL)
    self->report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, -1, 0, NULL, NULL, NULL);
  self->phase = MALT_POOL_PHASE_ENDED;
  error = malt_error_new_terminated (self->description, self->report);
  malt_pool_core_refuse_all_locked (self, error);

  return malt_exit_report_ref (self->report);
}

/* It holds the core, and the core holds it. */
static void
drop_source (MaltPoolCore *self)
{
  g_autoptr (GSource) source = NULL;

  g_mutex_lock (&self->lock);
  source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);
  if (source != NULL)
    g_source_destroy (source);
}

/* Also for those who come when it has ended. */
void
malt_pool_core_look_at_end (MaltPoolCore *self)
{
  g_autoptr (MaltExitReport) report = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_abandoned;
  gboolean is_over;

  g_mutex_lock (&self->lock);
  report = take_end_locked (self);
  is_over = self->phase == MALT_POOL_PHASE_ENDED;
  is_abandoned = self->is_abandoned;
  g_mutex_unlock (&self->lock);
  if (!is_over)
    return;

  malt_pool_core_flush (self);
  malt_pool_setup_settle (self);
  error = malt_error_new_terminated (self->description, self->report);
  malt_pool_wait_end_all (self, MALT_POOL_WAIT_DRAIN, -1, error);
  malt_pool_wait_end_all (self, MALT_POOL_WAIT_STOP, 1, NULL);
  /* Nobody has seen a pool that did not come up. */
  if (!malt_pool_wait_end_all (self, MALT_POOL_WAIT_START, -1,
                               self->start_error != NULL ? self->start_error : error)
      && report != NULL)
    malt_pool_core_tell_exited (self, report);
  if (is_abandoned)
    drop_source (self);
}

typedef struct
{
  MaltPoolCore *core; /* owned */
  guint         exit_timeout_ms;
  guint         term_timeout_ms;
} Stop;

static void
stop_free (gpointer data)
{
  Stop *stop = data;

  malt_pool_core_unref (stop->core);
  g_free (stop);
}

/* Runs in the pool thread. */
static gboolean
on_stop (gpointer user_data)
{
  Stop *stop = user_data;
  MaltPoolCore *core = stop->core;

  malt_pool_core_end_members (core, stop->exit_timeout_ms, stop->term_timeout_ms);
  g_mutex_lock (&core->lock);
  malt_pool_core_wake_locked (core);
  g_mutex_unlock (&core->lock);

  return G_SOURCE_REMOVE;
}

/* FALSE: it has ended. */
static gboolean
begin_end (MaltPoolCore *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->phase == MALT_POOL_PHASE_NEW || self->phase == MALT_POOL_PHASE_ENDED)
    return FALSE;

  malt_pool_core_begin_end_locked (self);
  return TRUE;
}

void
malt_pool_core_stop (MaltPoolCore *self,
                     guint         exit_timeout_ms,
                     guint         term_timeout_ms,
                     GTask        *task)
{
  Stop *stop;

  if (!begin_end (self))
    {
      g_task_return_int (task, 0);
      g_object_unref (task);
      return;
    }

  malt_pool_wait_begin (self, MALT_POOL_WAIT_STOP, task);
  stop = g_new (Stop, 1);
  stop->core = malt_pool_core_ref (self);
  stop->exit_timeout_ms = exit_timeout_ms;
  stop->term_timeout_ms = term_timeout_ms;
  g_main_context_invoke_full (malt_pool_get_context (), G_PRIORITY_DEFAULT, on_stop, stop,
                              stop_free);
}

void
malt_pool_core_drain (MaltPoolCore *self,
                      GTask        *task)
{
  GError *error = NULL;

  g_mutex_lock (&self->lock);
  self->is_draining = malt_pool_core_check_phase_locked (self, MALT_POOL_PHASE_STARTING, &error);
  g_mutex_unlock (&self->lock);

  if (error == NULL)
    {
      malt_pool_wait_begin (self, MALT_POOL_WAIT_DRAIN, task);
      return;
    }

  g_task_return_error (task, error);
  g_object_unref (task);
}

/* Marks the end before the first member can be missed. */
static gboolean
begin_kill (MaltPoolCore  *self,
            int            signum,
            GError       **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!malt_pool_core_check_phase_locked (self, MALT_POOL_PHASE_STARTING, error))
    return FALSE;

  if (self->phase > MALT_POOL_PHASE_STARTING
      && (self->capabilities & MALT_WORKER_CAPABILITY_KILL) == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Cannot kill %s: its workers do not support it", self->description);
      return FALSE;
    }

  if (signum == SIGTERM || signum == SIGKILL)
    malt_pool_core_begin_end_locked (self);

  return TRUE;
}

gboolean
malt_pool_core_kill (MaltPoolCore  *self,
                     int            signum,
                     GError       **error)
{
  g_autoptr (GPtrArray) members = NULL;
  g_autoptr (GError) first_error = NULL;

  if (!begin_kill (self, signum, error))
    return FALSE;

  members = list_members (self);
  for (guint i = 0; i < members->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (members, i);
      g_autoptr (GError) local_error = NULL;

      if (!malt_abstract_worker_kill (member->worker, signum, &local_error)
          && !g_error_matches (local_error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER)
          && first_error == NULL)
        first_error = g_steal_pointer (&local_error);
    }
  if (first_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&first_error));
  return FALSE;
}

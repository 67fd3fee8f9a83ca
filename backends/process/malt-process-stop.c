/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-child-private.h"

/* What a worker that is asked to leave may give to what runs in it, in milliseconds. It cancels
 * that first; code that heeds it ends in well under one, so this is for clean-ups. */
#define MALT_PROCESS_STOP_GRACE_MSEC 200

/* After SIGKILL, in milliseconds; as in Malt.jl. Only a process that is stuck in the kernel
 * takes longer. */
#define MALT_PROCESS_KILL_TIMEOUT_MSEC 20000

/* For a worker that nobody holds any more, in milliseconds a rung: nobody waits for it either. */
#define MALT_PROCESS_ABANDON_TIMEOUT_MSEC 1000

typedef struct
{
  MaltProcessChild *child;         /* owned */
  GTask            *task;          /* owned */
  guint             exit_timeout_ms;
  guint             term_timeout_ms;
  GSource          *cancel_source; /* monitor thread; borrows this */
} MaltProcessStop;

static void
stop_free (MaltProcessStop *stop)
{
  malt_process_clear_source (&stop->cancel_source);
  g_clear_pointer (&stop->child, malt_process_child_unref);
  g_clear_object (&stop->task);
  g_free (stop);
}

static void
end_stop (MaltProcessStop *stop,
          int              result,
          GError          *error)
{
  malt_return_task (g_steal_pointer (&stop->task), result, error);
  stop_free (stop);
}

void
malt_process_child_end_stops (MaltProcessChild *self)
{
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), 1, NULL);
}

static void
fail_stops (MaltProcessChild *self)
{
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), -1,
              g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "%s does not end, not even on SIGKILL for %u seconds",
                           self->description, MALT_PROCESS_KILL_TIMEOUT_MSEC / 1000));
}

static void arm (MaltProcessChild *self,
                 gint64            deadline);

static gint64
in_msec (guint msec)
{
  return g_get_monotonic_time () + (gint64) msec * 1000;
}

static void
step_to_term (MaltProcessChild *self)
{
  self->rung = MALT_PROCESS_RUNG_TERM;
  malt_process_child_set_detail (self, "ended by SIGTERM: it did not leave within %u ms",
                                 self->exit_timeout_ms);
  malt_process_child_terminate (self);
  arm (self, in_msec (self->term_timeout_ms));
}

static void
step_to_kill (MaltProcessChild *self)
{
  malt_process_child_set_detail (self,
                                 "ended by SIGKILL: it did not leave within %u ms, "
                                 "nor within %u ms of SIGTERM",
                                 self->exit_timeout_ms, self->term_timeout_ms);
  malt_process_child_kill_now (self);
}

/* Runs in the monitor thread. */
static gboolean
on_deadline (gpointer user_data)
{
  MaltProcessChild *self = user_data;

  malt_process_clear_source (&self->ladder_source);
  switch (self->rung)
    {
    case MALT_PROCESS_RUNG_ASKED:
      step_to_term (self);
      break;
    case MALT_PROCESS_RUNG_TERM:
      step_to_kill (self);
      break;
    case MALT_PROCESS_RUNG_KILL:
      self->rung = MALT_PROCESS_RUNG_GIVEN_UP;
      fail_stops (self);
      break;
    case MALT_PROCESS_RUNG_NONE:
    case MALT_PROCESS_RUNG_GIVEN_UP:
    default:
      g_assert_not_reached ();
    }
  return G_SOURCE_REMOVE;
}

/* Of the earlier deadline, when the rung has one already. */
static void
arm (MaltProcessChild *self,
     gint64            deadline)
{
  if (self->ladder_source != NULL && self->deadline <= deadline)
    return;
  malt_process_clear_source (&self->ladder_source);
  self->deadline = deadline;
  self->ladder_source = malt_process_child_attach (self, g_timeout_source_new (0), on_deadline);
  g_source_set_ready_time (self->ladder_source, deadline);
}

void
malt_process_child_kill_now (MaltProcessChild *self)
{
  malt_process_clear_source (&self->ladder_source);
  self->rung = MALT_PROCESS_RUNG_KILL;
  malt_process_child_kill_tree (self);
  arm (self, in_msec (MALT_PROCESS_KILL_TIMEOUT_MSEC));
}

/* A later stop may only hurry an earlier one. */
static void
climb (MaltProcessChild *self,
       guint             exit_timeout_ms,
       guint             term_timeout_ms)
{
  switch (self->rung)
    {
    case MALT_PROCESS_RUNG_NONE:
      self->rung = MALT_PROCESS_RUNG_ASKED;
      self->exit_timeout_ms = exit_timeout_ms;
      self->term_timeout_ms = term_timeout_ms;
      malt_connection_send_stop (self->connection,
                                 MIN (exit_timeout_ms, MALT_PROCESS_STOP_GRACE_MSEC));
      arm (self, in_msec (exit_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_ASKED:
      self->exit_timeout_ms = MIN (self->exit_timeout_ms, exit_timeout_ms);
      self->term_timeout_ms = MIN (self->term_timeout_ms, term_timeout_ms);
      arm (self, in_msec (exit_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_TERM:
      self->term_timeout_ms = MIN (self->term_timeout_ms, term_timeout_ms);
      arm (self, in_msec (term_timeout_ms));
      break;
    case MALT_PROCESS_RUNG_KILL:
      break;
    case MALT_PROCESS_RUNG_GIVEN_UP:
      malt_process_child_kill_now (self);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Runs in the monitor thread. Ends the waiting, not what has been begun. */
static gboolean
on_stop_cancelled (GCancellable *cancellable,
                   gpointer      user_data)
{
  MaltProcessStop *stop = user_data;
  GError *error = NULL;

  g_ptr_array_remove_fast (stop->child->stops, stop);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  end_stop (stop, -1, error);
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (MaltProcessStop *stop)
{
  GCancellable *cancellable = g_task_get_cancellable (stop->task);

  if (cancellable == NULL)
    return;
  stop->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (stop->cancel_source, G_SOURCE_FUNC (on_stop_cancelled), stop, NULL);
  g_source_attach (stop->cancel_source, malt_monitor_get_context ());
}

/* Runs in the monitor thread. */
static gboolean
on_stop (gpointer user_data)
{
  MaltProcessStop *stop = user_data;
  MaltProcessChild *child = stop->child;

  if (malt_process_child_get_report (child) != NULL)
    {
      end_stop (stop, 0, NULL);
      return G_SOURCE_REMOVE;
    }
  g_ptr_array_add (child->stops, stop);
  watch_cancellable (stop);
  climb (child, stop->exit_timeout_ms, stop->term_timeout_ms);
  return G_SOURCE_REMOVE;
}

void
malt_process_child_stop (MaltProcessChild *self,
                         guint             exit_timeout_ms,
                         guint             term_timeout_ms,
                         GTask            *task)
{
  MaltProcessStop *stop = g_new0 (MaltProcessStop, 1);

  stop->child = malt_process_child_ref (self);
  stop->task = task;
  stop->exit_timeout_ms = exit_timeout_ms;
  stop->term_timeout_ms = term_timeout_ms;
  g_main_context_invoke (malt_monitor_get_context (), on_stop, stop);
}

/* Runs in the monitor thread. */
static gboolean
on_abandoned (gpointer user_data)
{
  MaltProcessChild *self = user_data;

  if (malt_process_child_get_report (self) == NULL)
    climb (self, MALT_PROCESS_ABANDON_TIMEOUT_MSEC, MALT_PROCESS_ABANDON_TIMEOUT_MSEC);
  return G_SOURCE_REMOVE;
}

void
malt_process_child_abandon (MaltProcessChild *self)
{
  malt_process_child_invoke (self, on_abandoned);
}

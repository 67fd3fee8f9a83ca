/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-session-private.h"

#include <glib-unix.h>

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What the worker said before it ended may be on its way yet, in milliseconds: on a stream of its own. */
#define LAST_BYTES_TIMEOUT_MSEC 1000

/* What a worker that is asked to leave may give to what runs in it, in milliseconds; as the process backend
 * has it. */
#define STOP_GRACE_MSEC 200

/* After SIGKILL, in milliseconds; as in Malt.jl. Only a process that is stuck in the kernel takes longer. */
#define KILL_TIMEOUT_MSEC 20000

/* For a worker that nobody holds any more, in milliseconds a rung: nobody waits for it either. */
#define ABANDON_TIMEOUT_MSEC 1000

/* The highest number of a signal. */
#define MAX_SIGNAL 64

static void
end_stop (MaltDistributedStop *stop,
          int                  result,
          GError              *error)
{
  malt_return_task (g_steal_pointer (&stop->task), result, error);
  malt_distributed_clear_source (&stop->cancel_source);
  malt_distributed_session_unref (stop->session);
  g_free (stop);
}

void
malt_distributed_session_end_stops (MaltDistributedSession *self)
{
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), 1, NULL);
}

/* Not a moment longer than needed: the reference must not be the last when a caller drops its own. */
static void
leave_running_workers (MaltDistributedSession *self)
{
  g_autoptr (MaltAbstractWorker) worker = malt_relay_events_dup_worker (self->events);

  if (worker != NULL)
    malt_running_workers_remove (worker);
}

static void
let_go (MaltDistributedSession *self,
        const GError           *error)
{
  g_autoptr (MaltConnection) connection = g_steal_pointer (&self->connection);

  for (guint i = 0; i < G_N_ELEMENTS (self->over_sources); i++)
    malt_distributed_clear_source (&self->over_sources[i]);
  malt_distributed_clear_source (&self->last_source);
  malt_distributed_clear_source (&self->lost_source);
  malt_distributed_clear_source (&self->stop_source);
  malt_connection_close (connection, error);
  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    if (self->bridges[i] != NULL)
      malt_bridge_close (self->bridges[i]);
  malt_distributed_launcher_stop (self->launcher);
}

/* What the host told, and what only we know: who asked for it, and what was running. (transfer full) */
static MaltExitReport *
new_report (MaltDistributedSession *self)
{
  g_auto (GStrv) running_calls = malt_connection_dup_running_calls (self->connection);
  MaltExitReason reason = malt_exit_report_get_reason (self->told);
  int exit_status = malt_exit_report_get_exit_status (self->told);
  int signum = malt_exit_report_get_signal (self->told);
  const char *tail = malt_exit_report_get_stderr_tail (self->told);
  const char *detail = malt_exit_report_get_detail (self->told);
  g_autofree char *own_tail = malt_relay_output_dup_tail (self->output);

  if (self->detail != NULL && signum == SIGKILL)
    {
      reason = self->lost_connection ? MALT_EXIT_REASON_CONNECTION_LOST : MALT_EXIT_REASON_KILLED;
      detail = self->detail;
    }
  /* It was asked over control, and left before the host was told. */
  else if (reason == MALT_EXIT_REASON_EXITED && self->is_asked)
    {
      reason = MALT_EXIT_REASON_STOPPED;
      detail = "left when it was asked to";
    }
  return malt_exit_report_new (reason, exit_status, signum, tail != NULL && *tail != '\0' ? tail : own_tail,
                               detail, (const char *const *) running_calls);
}

static void
report_end (MaltDistributedSession *self)
{
  g_autoptr (MaltExitReport) report = new_report (self);
  g_autoptr (GError) error = malt_error_new_terminated (self->description, report);

  g_mutex_lock (&self->lock);
  self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);

  leave_running_workers (self);
  malt_connection_drain_log (self->connection);
  g_clear_pointer (&self->log, malt_relay_log_free);
  let_go (self, error);
  malt_relay_events_push_exited (self->events, report);
  malt_distributed_session_end_stops (self);
}

/* Once: the worker has ended, and what it said has come or is not waited for any more. */
static void
end (MaltDistributedSession *self)
{
  g_autoptr (MaltDistributedSession) held = malt_distributed_session_ref (self);

  if (self->watch == NULL)
    return;

  malt_distributed_session_close (self);
  malt_distributed_session_let_out (self);
  malt_relay_output_finish (self->output);
  if (self->start_ended != NULL)
    self->start_ended (self->told, self->detail, self->start_data);
  else
    report_end (self);
}

/* Runs in the monitor thread. */
static gboolean
on_stream_over (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  MaltDistributedSession *self = user_data;

  malt_distributed_clear_source (&self->over_sources[fd == self->fds[0] ? 0 : 1]);
  if (self->over_sources[0] == NULL && self->over_sources[1] == NULL)
    end (self);
  return G_SOURCE_REMOVE;
}

/* Runs in the monitor thread. */
static gboolean
on_last_bytes_late (gpointer user_data)
{
  end (user_data);
  return G_SOURCE_REMOVE;
}

/* Its last answers, and its last words to the log, come on streams of their own. */
void
malt_distributed_session_on_exited (MaltDistributedSession *self,
                                    MaltExitReport         *report)
{
  if (self->told != NULL)
    return;

  self->told = malt_exit_report_ref (report);
  self->last_source = malt_distributed_session_attach (
      self, g_timeout_source_new (LAST_BYTES_TIMEOUT_MSEC), on_last_bytes_late);
  for (guint i = 0; i < G_N_ELEMENTS (self->fds); i++)
    if (self->fds[i] >= 0)
      self->over_sources[i] = malt_distributed_session_attach (
          self, g_unix_fd_source_new (self->fds[i], (GIOCondition) POLLRDHUP | G_IO_HUP | G_IO_ERR),
          G_SOURCE_FUNC (on_stream_over));
}

void
malt_distributed_session_lose (MaltDistributedSession *self,
                               char                   *detail)
{
  g_autofree char *tail = malt_relay_output_dup_tail (self->output);
  g_autofree char *owned = detail;

  if (self->watch == NULL)
    return;

  if (self->told == NULL && self->start_ended == NULL)
    self->told = malt_exit_report_new (MALT_EXIT_REASON_CONNECTION_LOST, -1, 0, tail, detail, NULL);
  if (self->start_ended != NULL)
    {
      g_free (self->detail);
      self->detail = g_steal_pointer (&owned);
    }
  end (self);
}

void
malt_distributed_session_discard (MaltDistributedSession *self,
                                  const GError           *error)
{
  malt_distributed_session_set_started (self);
  malt_distributed_session_close (self);
  malt_relay_output_finish (self->output);
  if (self->connection != NULL)
    let_go (self, error);
}

void
malt_distributed_session_kill_now (MaltDistributedSession *self,
                                   char                   *detail)
{
  g_free (self->detail);
  self->detail = detail;
  malt_watch_append_kill (self->outgoing, SIGKILL);
  malt_distributed_session_flush (self);
}

typedef struct
{
  MaltDistributedSession *session; /* owned */
  int                     signum;
} Kill;

static void
kill_free (gpointer data)
{
  Kill *job = data;

  malt_distributed_session_unref (job->session);
  g_free (job);
}

/* Runs in the monitor thread. */
static gboolean
on_kill (gpointer user_data)
{
  Kill *job = user_data;

  if (job->session->watch != NULL)
    {
      malt_watch_append_kill (job->session->outgoing, job->signum);
      malt_distributed_session_flush (job->session);
    }
  return G_SOURCE_REMOVE;
}

gboolean
malt_distributed_session_kill (MaltDistributedSession  *self,
                               int                      signum,
                               GError                 **error)
{
  Kill *job;

  if (signum < 0 || signum > MAX_SIGNAL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send signal “%d”: not a signal", signum);
      return FALSE;
    }
  if (!malt_distributed_session_check (self, error))
    return FALSE;

  job = g_new0 (Kill, 1);
  job->session = malt_distributed_session_ref (self);
  job->signum = signum != 0 ? signum : SIGTERM;
  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, on_kill, job,
                              kill_free);
  return TRUE;
}

/* Runs in the monitor thread. */
static gboolean
on_stop_late (gpointer user_data)
{
  MaltDistributedSession *self = user_data;

  malt_distributed_clear_source (&self->stop_source);
  while (self->stops->len > 0)
    end_stop (g_ptr_array_steal_index (self->stops, 0), -1,
              g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "%s does not end, not even on SIGKILL for %u seconds",
                           self->description, KILL_TIMEOUT_MSEC / 1000));
  return G_SOURCE_REMOVE;
}

/* The host climbs its ladder, and a later stop may only hurry an earlier one. That the worker is asked over
 * control besides is what lets it leave by itself. */
static void
climb (MaltDistributedSession *self,
       guint                   exit_timeout_ms,
       guint                   term_timeout_ms)
{
  gint64 deadline = g_get_monotonic_time ()
                    + ((gint64) exit_timeout_ms + term_timeout_ms + KILL_TIMEOUT_MSEC)
                      * G_TIME_SPAN_MILLISECOND;

  malt_watch_append_stop (self->outgoing, exit_timeout_ms, term_timeout_ms);
  malt_distributed_session_flush (self);
  if (self->watch == NULL)
    return;

  if (!self->is_asked)
    malt_connection_send_stop (self->connection, MIN (exit_timeout_ms, STOP_GRACE_MSEC));
  self->is_asked = TRUE;
  if (self->stop_source != NULL && self->stop_deadline <= deadline)
    return;
  malt_distributed_clear_source (&self->stop_source);
  self->stop_deadline = deadline;
  self->stop_source = malt_distributed_session_attach (self, g_timeout_source_new (0), on_stop_late);
  g_source_set_ready_time (self->stop_source, deadline);
}

/* Runs in the monitor thread. Ends the waiting, not what has been begun. */
static gboolean
on_stop_cancelled (GCancellable *cancellable,
                   gpointer      user_data)
{
  MaltDistributedStop *stop = user_data;
  GError *error = NULL;

  g_ptr_array_remove_fast (stop->session->stops, stop);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  end_stop (stop, -1, error);
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (MaltDistributedStop *stop)
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
  MaltDistributedStop *stop = user_data;
  MaltDistributedSession *self = stop->session;

  if (self->watch == NULL)
    {
      end_stop (stop, 0, NULL);
      return G_SOURCE_REMOVE;
    }
  g_ptr_array_add (self->stops, stop);
  watch_cancellable (stop);
  climb (self, stop->exit_timeout_ms, stop->term_timeout_ms);
  return G_SOURCE_REMOVE;
}

void
malt_distributed_session_stop (MaltDistributedSession *self,
                               guint                   exit_timeout_ms,
                               guint                   term_timeout_ms,
                               GTask                  *task)
{
  MaltDistributedStop *stop = g_new0 (MaltDistributedStop, 1);

  stop->session = malt_distributed_session_ref (self);
  stop->task = task;
  stop->exit_timeout_ms = exit_timeout_ms;
  stop->term_timeout_ms = term_timeout_ms;
  g_main_context_invoke (malt_monitor_get_context (), on_stop, stop);
}

/* Runs in the monitor thread. */
static gboolean
on_abandoned (gpointer user_data)
{
  MaltDistributedSession *self = user_data;

  if (self->watch != NULL)
    climb (self, ABANDON_TIMEOUT_MSEC, ABANDON_TIMEOUT_MSEC);
  return G_SOURCE_REMOVE;
}

void
malt_distributed_session_abandon (MaltDistributedSession *self)
{
  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, on_abandoned,
                              malt_distributed_session_ref (self),
                              (GDestroyNotify) malt_distributed_session_unref);
}

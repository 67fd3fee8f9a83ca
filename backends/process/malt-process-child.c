/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-child-private.h"
#include "backends/process/malt-process-report.h"

#include <glib-unix.h>

#include <signal.h>
#include <string.h>

static void
child_clear (MaltProcessChild *self)
{
  g_assert (self->exit_source == NULL && self->connection == NULL);
  g_clear_pointer (&self->output, malt_relay_output_unref);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_clear_pointer (&self->log, malt_relay_log_free);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_pointer (&self->description, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->lost_text, g_free);
  g_clear_pointer (&self->kill_detail, g_free);
  g_mutex_clear (&self->lock);
}

MaltProcessChild *
malt_process_child_ref (MaltProcessChild *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_process_child_unref (MaltProcessChild *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) child_clear);
}

GSource *
malt_process_child_attach (MaltProcessChild *self,
                           GSource          *source,
                           GSourceFunc       func)
{
  g_source_set_callback (source, func, malt_process_child_ref (self),
                         (GDestroyNotify) malt_process_child_unref);
  g_source_attach (source, malt_monitor_get_context ());
  return source;
}

void
malt_process_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

void
malt_process_child_invoke (MaltProcessChild *self,
                           GSourceFunc       func)
{
  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, func,
                              malt_process_child_ref (self),
                              (GDestroyNotify) malt_process_child_unref);
}

char *
malt_process_show_signal (int signum)
{
  const char *name = sigabbrev_np (signum);

  return name != NULL ? g_strdup_printf ("signal %d (SIG%s)", signum, name)
                      : g_strdup_printf ("signal %d", signum);
}

void
malt_process_child_set_detail (MaltProcessChild *self,
                               const char       *format,
                               ...)
{
  va_list args;

  g_clear_pointer (&self->detail, g_free);
  va_start (args, format);
  self->detail = g_strdup_vprintf (format, args);
  va_end (args);
}

/* How bwrap, as a shell, says that a signal ended what it started. */
static gboolean
is_signal_of_shell (int exit_status)
{
  return exit_status > 128 && exit_status < 128 + SIGRTMIN;
}

/* ECHILD: the program ignores SIGCHLD or waited for any child, and the kernel or somebody else
 * knows. */
static void
reap (MaltProcessChild *self,
      int              *exit_status,
      int              *signum)
{
  siginfo_t info;
  struct rusage usage = { 0 };

  *exit_status = -1;
  *signum = 0;
  g_mutex_lock (&self->lock);
  /* While the zombie is there nobody else has its number, nor that of its group. */
  if (self->leads_session && malt_process_handle_wait (&self->process, WEXITED | WNOWAIT, &info,
                                                       NULL))
    kill (-self->pid, SIGKILL);
  if (malt_process_handle_wait (&self->process, WEXITED, &info, &usage))
    {
      if (info.si_code != CLD_EXITED)
        *signum = info.si_status;
      else if (self->profile == MALT_SANDBOX_ISOLATED && is_signal_of_shell (info.si_status))
        *signum = info.si_status - 128;
      else
        *exit_status = info.si_status;
    }
  malt_process_handle_clear (&self->process);
  g_mutex_unlock (&self->lock);
  self->cpu_seconds = (guint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                      + (guint64) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

/* Not a moment longer than needed: the reference must not be the last when a caller drops its
 * own. */
static void
leave_running_workers (MaltProcessChild *self)
{
  g_autoptr (MaltAbstractWorker) worker = malt_relay_events_dup_worker (self->events);

  if (worker != NULL)
    malt_running_workers_remove (worker);
}

void
malt_process_child_disconnect (MaltProcessChild *self,
                               const GError     *error)
{
  g_autoptr (MaltConnection) connection = g_steal_pointer (&self->connection);

  if (connection != NULL)
    malt_connection_close (connection, error);
}

static void
report_end (MaltProcessChild *self,
            int               exit_status,
            int               signum)
{
  g_autoptr (MaltExitReport) report = malt_process_report_new (self, exit_status, signum);
  g_autoptr (GError) error = malt_error_new_terminated (self->description, report);

  g_mutex_lock (&self->lock);
  self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);

  leave_running_workers (self);
  if (self->unusable != NULL)
    self->unusable (self);
  malt_connection_drain_log (self->connection);
  g_clear_pointer (&self->log, malt_relay_log_free);
  malt_process_child_disconnect (self, error);
  malt_relay_events_push_exited (self->events, report);
  malt_process_child_end_stops (self);
}

/* Runs in the monitor thread. */
static gboolean
on_exited (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  g_autoptr (MaltProcessChild) self = malt_process_child_ref (user_data);
  int exit_status, signum;

  malt_process_clear_source (&self->exit_source);
  reap (self, &exit_status, &signum);
  malt_process_clear_source (&self->ladder_source);
  malt_process_clear_source (&self->lost_source);
  malt_relay_output_finish (self->output);

  if (self->start_exited != NULL)
    self->start_exited (exit_status, signum, self->start_data);
  else if (self->connection != NULL)
    report_end (self, exit_status, signum);
  return G_SOURCE_REMOVE;
}

MaltProcessChild *
malt_process_child_new (MaltProcessHandle *process,
                        guint16            port,
                        gboolean           leads_session,
                        MaltRelayEvents   *events,
                        MaltRelayOutput   *output)
{
  MaltProcessChild *self = g_atomic_rc_box_new0 (MaltProcessChild);

  malt_process_report_begin ();
  g_mutex_init (&self->lock);
  self->process = *process;
  self->pid = process->pid;
  self->leads_session = leads_session;
  self->events = malt_relay_events_ref (events);
  self->output = malt_relay_output_ref (output);
  self->stops = g_ptr_array_new ();
  if (port != 0)
    self->description = g_strdup_printf ("MaltProcessWorker on port %u with PID %d", port,
                                         self->pid);
  else
    self->description = g_strdup_printf ("MaltProcessWorker with PID %d", self->pid);

  self->exit_source = malt_process_child_attach (self, g_unix_fd_source_new (process->fd, G_IO_IN),
                                                 G_SOURCE_FUNC (on_exited));
  return self;
}

void
malt_process_child_set_started (MaltProcessChild *self)
{
  self->start_exited = NULL;
  self->start_data = NULL;
}

const char *
malt_process_child_get_description (MaltProcessChild *self)
{
  return self->description;
}

int
malt_process_child_get_pid (MaltProcessChild *self)
{
  return self->pid;
}

MaltRelayOutput *
malt_process_child_get_output (MaltProcessChild *self)
{
  return self->output;
}

MaltRelayEvents *
malt_process_child_get_events (MaltProcessChild *self)
{
  return self->events;
}

MaltExitReport *
malt_process_child_get_report (MaltProcessChild *self)
{
  MaltExitReport *report;

  g_mutex_lock (&self->lock);
  report = self->report;
  g_mutex_unlock (&self->lock);
  return report;
}

gboolean
malt_process_child_is_alive (MaltProcessChild *self)
{
  gboolean is_alive;

  g_mutex_lock (&self->lock);
  is_alive = !malt_process_handle_has_exited (&self->process);
  g_mutex_unlock (&self->lock);
  return is_alive;
}

gboolean
malt_process_child_check_running (MaltProcessChild  *self,
                                  GError           **error)
{
  MaltExitReport *report = malt_process_child_get_report (self);

  if (report == NULL)
    return TRUE;
  g_propagate_error (error, malt_error_new_terminated (self->description, report));
  return FALSE;
}

static void
send_signal_locked (MaltProcessChild *self,
                    int               signum)
{
  if (malt_process_handle_signal (&self->process, signum))
    self->sent_signals |= MALT_PROCESS_SIGNAL_BIT (signum);
}

/* Where the kernel reaps for a program that ignores SIGCHLD, the number is free before we know:
 * hence the questions. A child that is stopped starts nothing while what it has started is being
 * ended. */
static void
kill_tree_locked (MaltProcessChild *self)
{
  if (malt_process_handle_has_exited (&self->process))
    return;
  malt_process_handle_signal (&self->process, SIGSTOP);
  malt_kill_descendants (self->pid);
  if (self->leads_session && !malt_process_handle_has_exited (&self->process))
    kill (-self->pid, SIGKILL);
  send_signal_locked (self, SIGKILL);
}

gboolean
malt_process_child_kill (MaltProcessChild  *self,
                         int                signum,
                         GError           **error)
{
  int real_signum = signum != 0 ? signum : SIGTERM;

  if (real_signum < 0 || real_signum > SIGRTMAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "Cannot send signal “%d”: not a signal", signum);
      return FALSE;
    }
  if (!malt_process_child_check_running (self, error))
    return FALSE;
  /* bwrap would take it, who passes none on. */
  if (self->profile == MALT_SANDBOX_ISOLATED && real_signum != SIGTERM && real_signum != SIGKILL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Cannot send signal “%d” into the namespaces of %s: expected SIGTERM or SIGKILL",
                   signum, self->description);
      return FALSE;
    }

  g_autofree char *shown = malt_process_show_signal (real_signum);
  g_mutex_lock (&self->lock);
  g_free (self->kill_detail);
  self->kill_detail = g_strdup_printf ("kill() sent it %s", shown);
  if (real_signum == SIGKILL)
    kill_tree_locked (self);
  else
    send_signal_locked (self, real_signum);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
malt_process_child_terminate (MaltProcessChild *self)
{
  g_mutex_lock (&self->lock);
  /* All that is in its namespaces ends with bwrap, which would take the end of the worker for one
   * of its own accord. */
  if (self->profile != MALT_SANDBOX_ISOLATED && !malt_process_handle_has_exited (&self->process))
    malt_kill_descendants (self->pid);
  send_signal_locked (self, SIGTERM);
  g_mutex_unlock (&self->lock);
}

void
malt_process_child_kill_tree (MaltProcessChild *self)
{
  g_mutex_lock (&self->lock);
  kill_tree_locked (self);
  g_mutex_unlock (&self->lock);
}

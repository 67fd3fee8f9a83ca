/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-child.h"

#include "backends/process/malt-process-report.h"

#include <glib-unix.h>

#include <signal.h>
#include <string.h>

G_DEFINE_FINAL_TYPE (MaltProcessChild, malt_process_child, MALT_TYPE_PEER)

char *
malt_process_show_signal (int signum)
{
  const char *name = sigabbrev_np (signum);

  return name != NULL ? g_strdup_printf ("signal %d (SIG%s)", signum, name)
                      : g_strdup_printf ("signal %d", signum);
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
  guint64 microseconds;

  *exit_status = -1;
  *signum = 0;
  g_mutex_lock (&self->lock);
  /* While the zombie is there nobody else has its number, nor that of its group. */
  if (self->leads_session && malt_process_handle_wait (&self->process, WEXITED | WNOWAIT, &info,
                                                       NULL))
    kill (-MALT_PEER (self)->pid, SIGKILL);
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
  microseconds = (guint64) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  self->cpu_seconds = (guint64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                      + microseconds / G_USEC_PER_SEC;
}

/* Runs in the monitor thread. */
static gboolean
on_exited (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  g_autoptr (MaltProcessChild) self = g_object_ref (user_data);
  MaltPeer *peer = MALT_PEER (self);
  int exit_status, signum;

  malt_clear_source (&self->exit_source);
  reap (self, &exit_status, &signum);
  malt_clear_source (&self->ladder_source);
  malt_relay_output_finish (peer->output);

  if (self->start_exited != NULL)
    self->start_exited (exit_status, signum, self->start_data);
  else if (peer->connection != NULL)
    {
      g_autoptr (MaltExitReport) report = malt_process_report_new (self, exit_status, signum);

      malt_peer_end (peer, report);
    }
  return G_SOURCE_REMOVE;
}

static gboolean
malt_process_child_is_ending (MaltPeer *peer)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (peer);

  return self->exit_source == NULL || self->rung >= MALT_PROCESS_RUNG_KILL;
}

static void
malt_process_child_closed (MaltPeer *peer)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (peer);

  if (self->unusable != NULL)
    self->unusable (peer);
}

/* While it is being ended, the ladder sees to it. */
static void
malt_process_child_lost (MaltPeer     *peer,
                         const GError *error)
{
  malt_process_child_closed (peer);
  if (MALT_PROCESS_CHILD (peer)->rung == MALT_PROCESS_RUNG_NONE)
    MALT_PEER_CLASS (malt_process_child_parent_class)->lost (peer, error);
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
  int pid = MALT_PEER (self)->pid;

  if (malt_process_handle_has_exited (&self->process))
    return;
  malt_process_handle_signal (&self->process, SIGSTOP);
  malt_kill_descendants (pid);
  if (self->leads_session && !malt_process_handle_has_exited (&self->process))
    kill (-pid, SIGKILL);
  send_signal_locked (self, SIGKILL);
}

static gboolean
malt_process_child_kill (MaltPeer  *peer,
                         int        signum,
                         GError   **error)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (peer);
  g_autofree char *shown = malt_process_show_signal (signum);

  /* bwrap would take it, who passes none on. */
  if (self->profile == MALT_SANDBOX_ISOLATED && signum != SIGTERM && signum != SIGKILL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Cannot send signal “%d” into the namespaces of %s: expected SIGTERM or SIGKILL",
                   signum, peer->description);
      return FALSE;
    }

  g_mutex_lock (&self->lock);
  g_free (self->kill_detail);
  self->kill_detail = g_strdup_printf ("kill() sent it %s", shown);
  if (signum == SIGKILL)
    kill_tree_locked (self);
  else
    send_signal_locked (self, signum);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

static void
malt_process_child_finalize (GObject *object)
{
  MaltProcessChild *self = MALT_PROCESS_CHILD (object);

  g_assert (self->exit_source == NULL);

  g_clear_pointer (&self->kill_detail, g_free);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (malt_process_child_parent_class)->finalize (object);
}

static void
malt_process_child_class_init (MaltProcessChildClass *klass)
{
  MaltPeerClass *peer_class = MALT_PEER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = malt_process_child_finalize;
  peer_class->is_ending = malt_process_child_is_ending;
  peer_class->kill_now = malt_process_ladder_kill_now;
  peer_class->climb = malt_process_ladder_climb;
  peer_class->kill = malt_process_child_kill;
  peer_class->lost = malt_process_child_lost;
  peer_class->closed = malt_process_child_closed;
}

static void
malt_process_child_init (MaltProcessChild *self)
{
  g_mutex_init (&self->lock);
}

MaltProcessChild *
malt_process_child_new (MaltProcessHandle *process,
                        guint16            port,
                        gboolean           leads_session,
                        MaltRelayEvents   *events,
                        MaltRelayOutput   *output)
{
  MaltProcessChild *self = g_object_new (MALT_TYPE_PROCESS_CHILD, NULL);
  MaltPeer *peer = MALT_PEER (self);
  g_autofree char *place = port != 0 ? g_strdup_printf ("on port %u ", port) : g_strdup ("");

  malt_process_report_begin ();
  malt_peer_set_up (peer,
                    g_strdup_printf ("MaltProcessWorker %swith PID %d", place, process->pid),
                    process->pid, events, output);
  self->process = *process;
  self->leads_session = leads_session;
  self->exit_source = malt_peer_attach (peer, g_unix_fd_source_new (process->fd, G_IO_IN),
                                        G_SOURCE_FUNC (on_exited));
  return self;
}

void
malt_process_child_set_started (MaltProcessChild *self)
{
  self->start_exited = NULL;
  self->start_data = NULL;
  malt_peer_set_started (MALT_PEER (self));
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

void
malt_process_child_terminate (MaltProcessChild *self)
{
  g_mutex_lock (&self->lock);
  /* All that is in its namespaces ends with bwrap, which would take the end of the worker for one
   * of its own accord. */
  if (self->profile != MALT_SANDBOX_ISOLATED && !malt_process_handle_has_exited (&self->process))
    malt_kill_descendants (MALT_PEER (self)->pid);
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

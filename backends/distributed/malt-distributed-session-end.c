/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-session-private.h"

#include <glib-unix.h>

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What the worker said before it ended may be on its way yet, in milliseconds: on a stream of its
 * own. */
#define LAST_BYTES_TIMEOUT_MSEC 1000

/* What the host told, and what only we know: who asked for it, and what was running. (transfer
 * full) */
static MaltExitReport *
new_report (MaltDistributedSession *self)
{
  MaltPeer *peer = MALT_PEER (self);
  g_auto (GStrv) running_calls = malt_connection_dup_running_calls (peer->connection);
  MaltExitReason reason = malt_exit_report_get_reason (self->told);
  int exit_status = malt_exit_report_get_exit_status (self->told);
  int signum = malt_exit_report_get_signal (self->told);
  const char *tail = malt_exit_report_get_stderr_tail (self->told);
  const char *detail = malt_exit_report_get_detail (self->told);
  g_autofree char *own_tail = malt_relay_output_dup_tail (peer->output);

  if (peer->detail != NULL && signum == SIGKILL)
    {
      reason = peer->is_lost ? MALT_EXIT_REASON_CONNECTION_LOST : MALT_EXIT_REASON_KILLED;
      detail = peer->detail;
    }
  /* It was asked over control, and left before the host was told. */
  else if (reason == MALT_EXIT_REASON_EXITED && self->is_asked)
    {
      reason = MALT_EXIT_REASON_STOPPED;
      detail = "left when it was asked to";
    }
  if (tail == NULL || *tail == '\0')
    tail = own_tail;

  return malt_exit_report_new (reason, exit_status, signum, tail, detail,
                               (const char *const *) running_calls);
}

/* Once: the worker has ended, and what it said has come or is not waited for any more. */
static void
end (MaltDistributedSession *self)
{
  g_autoptr (MaltPeer) peer = g_object_ref (MALT_PEER (self));

  if (self->watch == NULL)
    return;

  malt_distributed_session_close (self);
  malt_distributed_session_let_out (self);
  malt_relay_output_finish (peer->output);
  if (self->start_ended != NULL)
    self->start_ended (self->told, peer->detail, self->start_data);
  else
    {
      g_autoptr (MaltExitReport) report = new_report (self);

      malt_peer_end (peer, report);
    }
}

/* Runs in the monitor thread. */
static gboolean
on_stream_over (int          fd,
                GIOCondition condition,
                gpointer     user_data)
{
  MaltDistributedSession *self = user_data;

  malt_clear_source (&self->over_sources[fd == self->fds[0] ? 0 : 1]);
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
  self->last_source = malt_peer_attach (
      MALT_PEER (self), g_timeout_source_new (LAST_BYTES_TIMEOUT_MSEC), on_last_bytes_late);
  for (guint i = 0; i < G_N_ELEMENTS (self->fds); i++)
    if (self->fds[i] >= 0)
      self->over_sources[i] = malt_peer_attach (
          MALT_PEER (self),
          g_unix_fd_source_new (self->fds[i], (GIOCondition) POLLRDHUP | G_IO_HUP | G_IO_ERR),
          G_SOURCE_FUNC (on_stream_over));
}

void
malt_distributed_session_lose (MaltDistributedSession *self,
                               char                   *detail)
{
  MaltPeer *peer = MALT_PEER (self);
  g_autofree char *tail = malt_relay_output_dup_tail (peer->output);
  g_autofree char *owned = detail;

  if (self->watch == NULL)
    return;

  if (self->start_ended != NULL)
    malt_peer_set_detail (peer, "%s", detail);
  else if (self->told == NULL)
    self->told = malt_exit_report_new (MALT_EXIT_REASON_CONNECTION_LOST, -1, 0, tail, detail, NULL);
  end (self);
}

void
malt_distributed_session_discard (MaltDistributedSession *self,
                                  const GError           *error)
{
  malt_distributed_session_set_started (self);
  malt_distributed_session_close (self);
  malt_relay_output_finish (MALT_PEER (self)->output);
  malt_peer_close (MALT_PEER (self), error);
}

void
malt_distributed_session_closed (MaltPeer *peer)
{
  MaltDistributedSession *self = MALT_DISTRIBUTED_SESSION (peer);

  for (guint i = 0; i < G_N_ELEMENTS (self->over_sources); i++)
    malt_clear_source (&self->over_sources[i]);
  malt_clear_source (&self->last_source);
  malt_clear_source (&self->stop_source);
  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    if (self->bridges[i] != NULL)
      malt_bridge_close (self->bridges[i]);
  malt_distributed_launcher_stop (self->launcher);
}

gboolean
malt_distributed_session_is_ending (MaltPeer *peer)
{
  MaltDistributedSession *self = MALT_DISTRIBUTED_SESSION (peer);

  return self->watch == NULL || self->told != NULL;
}

static void
send_kill (MaltDistributedSession *self,
           int                     signum)
{
  malt_watch_append_kill (self->outgoing, signum);
  malt_distributed_session_flush (self);
}

void
malt_distributed_session_kill_now (MaltPeer *peer)
{
  send_kill (MALT_DISTRIBUTED_SESSION (peer), SIGKILL);
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

  g_object_unref (job->session);
  g_free (job);
}

/* Runs in the monitor thread. */
static gboolean
on_kill (gpointer user_data)
{
  Kill *job = user_data;

  if (job->session->watch != NULL)
    send_kill (job->session, job->signum);
  return G_SOURCE_REMOVE;
}

gboolean
malt_distributed_session_kill (MaltPeer  *peer,
                               int        signum,
                               GError   **error)
{
  Kill *job = g_new0 (Kill, 1);

  job->session = g_object_ref (MALT_DISTRIBUTED_SESSION (peer));
  job->signum = signum;
  g_main_context_invoke_full (malt_monitor_get_context (), G_PRIORITY_DEFAULT, on_kill, job,
                              kill_free);
  return TRUE;
}

/* Runs in the monitor thread. */
static gboolean
on_stop_late (gpointer user_data)
{
  MaltDistributedSession *self = user_data;

  malt_clear_source (&self->stop_source);
  malt_peer_give_up (MALT_PEER (self));
  return G_SOURCE_REMOVE;
}

/* The host climbs its ladder. That the worker is asked over control besides is what lets it leave
 * by itself. */
void
malt_distributed_session_climb (MaltPeer *peer,
                                guint     exit_timeout_ms,
                                guint     term_timeout_ms)
{
  MaltDistributedSession *self = MALT_DISTRIBUTED_SESSION (peer);
  gint64 deadline = g_get_monotonic_time ()
                    + ((gint64) exit_timeout_ms + term_timeout_ms + MALT_PEER_KILL_TIMEOUT_MSEC)
                      * G_TIME_SPAN_MILLISECOND;

  malt_watch_append_stop (self->outgoing, exit_timeout_ms, term_timeout_ms);
  malt_distributed_session_flush (self);
  if (self->watch == NULL)
    return;

  /* One that has ended already was not asked. */
  if (!self->is_asked && self->told == NULL)
    {
      malt_peer_ask_to_leave (peer, exit_timeout_ms);
      self->is_asked = TRUE;
    }
  if (self->stop_source != NULL && self->stop_deadline <= deadline)
    return;
  malt_clear_source (&self->stop_source);
  self->stop_deadline = deadline;
  self->stop_source = malt_peer_attach (peer, g_timeout_source_new (0), on_stop_late);
  g_source_set_ready_time (self->stop_source, deadline);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-session-private.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

G_DEFINE_FINAL_TYPE (MaltDistributedSession, malt_distributed_session, MALT_TYPE_PEER)

static void
read_watch (gpointer user_data)
{
  malt_distributed_session_read (user_data);
}

/* What the host had sent of it by then is there. */
static void
malt_distributed_session_drain (MaltPeer *peer)
{
  MaltDistributedSession *self = MALT_DISTRIBUTED_SESSION (peer);
  int fd = g_atomic_int_get (&self->watch_fd);
  int n_bytes = 0;

  if (fd >= 0 && ioctl (fd, FIONREAD, &n_bytes) == 0
      && (n_bytes > 0 || g_atomic_int_get (&self->is_reading)))
    malt_monitor_run (read_watch, self);
  MALT_PEER_CLASS (malt_distributed_session_parent_class)->drain (peer);
}

static void
malt_distributed_session_finalize (GObject *object)
{
  MaltDistributedSession *self = MALT_DISTRIBUTED_SESSION (object);

  g_assert (self->watch == NULL);

  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      g_clear_pointer (&self->bridges[i], malt_bridge_unref);
      g_clear_pointer (&self->held[i], g_byte_array_unref);
    }
  g_clear_pointer (&self->reader, malt_watch_reader_free);
  g_clear_pointer (&self->outgoing, g_byte_array_unref);
  g_clear_pointer (&self->told, malt_exit_report_unref);
  g_clear_pointer (&self->host, g_free);
  g_clear_object (&self->launcher);
  G_OBJECT_CLASS (malt_distributed_session_parent_class)->finalize (object);
}

/* While it is being ended, the host sees to it. */
static void
malt_distributed_session_lost (MaltPeer     *peer,
                               const GError *error)
{
  if (!MALT_DISTRIBUTED_SESSION (peer)->is_asked)
    MALT_PEER_CLASS (malt_distributed_session_parent_class)->lost (peer, error);
}

static void
malt_distributed_session_class_init (MaltDistributedSessionClass *klass)
{
  MaltPeerClass *peer_class = MALT_PEER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = malt_distributed_session_finalize;
  peer_class->is_ending = malt_distributed_session_is_ending;
  peer_class->kill_now = malt_distributed_session_kill_now;
  peer_class->climb = malt_distributed_session_climb;
  peer_class->kill = malt_distributed_session_kill;
  peer_class->drain = malt_distributed_session_drain;
  peer_class->lost = malt_distributed_session_lost;
  peer_class->closed = malt_distributed_session_closed;
}

static void
malt_distributed_session_init (MaltDistributedSession *self)
{
}

MaltDistributedSession *
malt_distributed_session_new (MaltDistributedStreams       *streams,
                              const char                   *id,
                              const MaltSpawnReply         *reply,
                              const MaltDistributedOptions *options,
                              MaltDistributedLauncher      *launcher,
                              MaltRelayEvents              *events,
                              MaltDistributedEndedFunc      ended,
                              gpointer                      user_data)
{
  MaltDistributedSession *self = g_object_new (MALT_TYPE_DISTRIBUTED_SESSION, NULL);
  g_autoptr (MaltRelayOutput) output = malt_relay_output_new_fed (options->output_modes, events);
  const MaltConnectionLimits limits = {
    .max_pending_bytes = options->common.max_pending_bytes,
    .max_message_bytes = options->common.max_message_bytes,
    .unresponsive_timeout_ms = options->common.unresponsive_timeout_ms,
  };

  malt_peer_set_up (MALT_PEER (self),
                    g_strdup_printf ("MaltDistributedWorker %s on %s with PID %d", id, reply->host,
                                     reply->pid),
                    reply->pid, events, output);
  malt_relay_output_start (output, reply->pid);
  self->host = g_strdup (reply->host);
  self->lease_ms = options->lease_ms;
  self->launcher = g_object_ref (launcher);
  self->start_ended = ended;
  self->start_data = user_data;
  for (guint i = 0; i < G_N_ELEMENTS (self->held); i++)
    self->held[i] = g_byte_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    {
      self->bridges[i] = g_steal_pointer (&streams->bridges[i]);
      self->fds[i] = fcntl (streams->fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
  malt_peer_connect (MALT_PEER (self), g_steal_fd (&streams->fds[MALT_HOST_STREAM_DATA]),
                     g_steal_fd (&streams->fds[MALT_HOST_STREAM_CONTROL]), &limits);
  malt_distributed_session_open (self, streams->watch, streams->watch_time);
  return self;
}

void
malt_distributed_session_set_started (MaltDistributedSession *self)
{
  self->start_ended = NULL;
  self->start_data = NULL;
  malt_peer_set_started (MALT_PEER (self));
}

const char *
malt_distributed_session_get_host (MaltDistributedSession *self)
{
  return self->host;
}

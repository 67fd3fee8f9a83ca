/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-session-private.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* For a worker that lost its connection and lives on, in milliseconds; as the process backend has it. */
#define LOST_GRACE_MSEC 3000

static void
session_clear (MaltDistributedSession *self)
{
  g_assert (self->watch == NULL && self->connection == NULL);

  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      g_clear_pointer (&self->bridges[i], malt_bridge_unref);
      g_queue_clear_full (&self->held[i], (GDestroyNotify) g_bytes_unref);
    }
  g_clear_pointer (&self->reader, malt_watch_reader_free);
  g_clear_pointer (&self->outgoing, g_byte_array_unref);
  g_clear_pointer (&self->output, malt_relay_output_unref);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_clear_pointer (&self->log, malt_relay_log_free);
  g_clear_pointer (&self->told, malt_exit_report_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_pointer (&self->description, g_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->lost_text, g_free);
  g_clear_object (&self->launcher);
  g_mutex_clear (&self->lock);
}

MaltDistributedSession *
malt_distributed_session_ref (MaltDistributedSession *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
malt_distributed_session_unref (MaltDistributedSession *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) session_clear);
}

GSource *
malt_distributed_session_attach (MaltDistributedSession *self,
                                 GSource                *source,
                                 GSourceFunc             func)
{
  g_source_set_callback (source, func, malt_distributed_session_ref (self),
                         (GDestroyNotify) malt_distributed_session_unref);
  g_source_attach (source, malt_monitor_get_context ());
  return source;
}

void
malt_distributed_clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
read_watch (gpointer user_data)
{
  malt_distributed_session_read (user_data);
}

/* Output that the worker wrote before an answer is shown before it: what the host had sent of it by then is
 * there. Any thread. */
static void
on_before_delivery (gpointer user_data)
{
  MaltDistributedSession *self = user_data;
  int fd = g_atomic_int_get (&self->watch_fd);
  int n_bytes = 0;

  if (fd >= 0 && ioctl (fd, FIONREAD, &n_bytes) == 0
      && (n_bytes > 0 || g_atomic_int_get (&self->is_reading)))
    malt_monitor_run (read_watch, self);
  malt_relay_output_drain (self->output);
}

/* Runs in the monitor thread. */
static gboolean
on_lost_too_long (gpointer user_data)
{
  MaltDistributedSession *self = user_data;

  malt_distributed_clear_source (&self->lost_source);
  self->lost_connection = TRUE;
  malt_distributed_session_kill_now (
      self, g_strdup_printf ("ended by SIGKILL: it lived on for %u ms without its connection: %s",
                             LOST_GRACE_MSEC, self->lost_text));
  return G_SOURCE_REMOVE;
}

/* While it starts, the handshake says what is wrong. A worker that ends loses its connection, too, and the
 * host tells of it. */
static void
on_lost (const GError *error,
         gpointer      user_data)
{
  MaltDistributedSession *self = user_data;

  if (self->start_ended != NULL || self->watch == NULL || self->told != NULL
      || self->lost_source != NULL)
    return;

  if (error->domain == MALT_ERROR)
    {
      malt_distributed_session_kill_now (
          self, g_strdup_printf ("ended by SIGKILL: it broke the protocol: %s", error->message));
      return;
    }
  self->lost_text = g_strdup (error->message);
  self->lost_source = malt_distributed_session_attach (
      self, g_timeout_source_new (LOST_GRACE_MSEC), on_lost_too_long);
}

/* Runs in the monitor thread. */
static void
on_log (const MaltLogRecord *record,
        gpointer             user_data)
{
  MaltDistributedSession *self = user_data;

  if (self->log == NULL)
    self->log = malt_relay_log_new (self->description, self->pid);
  malt_relay_log_push (self->log, record);
}

/* Runs in the monitor thread. */
static void
on_unresponsive (const char *function,
                 const char *traceback,
                 gpointer    user_data)
{
  MaltDistributedSession *self = user_data;

  if (self->watch != NULL && self->told == NULL)
    malt_distributed_session_kill_now (
        self, g_strdup_printf ("ended by SIGKILL: “%s” did not heed its end%s%s", function,
                               traceback != NULL ? "\n" : "", traceback != NULL ? traceback : ""));
}

static const MaltConnectionHooks hooks = {
  .before_delivery = on_before_delivery,
  .lost = on_lost,
  .log = on_log,
  .unresponsive = on_unresponsive,
};

MaltDistributedSession *
malt_distributed_session_new (MaltDistributedStreams       *streams,
                              const char                   *id,
                              const MaltSpawnReply         *reply,
                              const MaltDistributedOptions *options,
                              MaltDistributedLauncher      *launcher,
                              MaltRelayEvents              *events)
{
  MaltDistributedSession *self = g_atomic_rc_box_new0 (MaltDistributedSession);
  const MaltConnectionLimits limits = {
    .max_pending_bytes = options->common.max_pending_bytes,
    .max_message_bytes = options->common.max_message_bytes,
    .unresponsive_timeout_ms = options->common.unresponsive_timeout_ms,
  };

  g_mutex_init (&self->lock);
  self->description = g_strdup_printf ("MaltDistributedWorker %s on %s with PID %d", id, reply->host,
                                       reply->pid);
  self->host = g_strdup (reply->host);
  self->pid = reply->pid;
  self->lease_ms = options->lease_ms;
  self->launcher = g_object_ref (launcher);
  self->events = malt_relay_events_ref (events);
  self->output = malt_relay_output_new_fed (options->output_modes, events);
  malt_relay_output_start (self->output, self->pid);
  self->stops = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (self->bridges); i++)
    {
      self->bridges[i] = g_steal_pointer (&streams->bridges[i]);
      self->fds[i] = fcntl (streams->fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    }
  self->connection = malt_connection_new (g_steal_fd (&streams->fds[MALT_HOST_STREAM_DATA]),
                                          g_steal_fd (&streams->fds[MALT_HOST_STREAM_CONTROL]),
                                          &limits, &hooks, malt_distributed_session_ref (self),
                                          (GDestroyNotify) malt_distributed_session_unref);
  malt_distributed_session_open (self, streams->watch, streams->watch_time);
  return self;
}

void
malt_distributed_session_watch_start (MaltDistributedSession   *self,
                                      MaltDistributedEndedFunc  ended,
                                      gpointer                  user_data)
{
  self->start_ended = ended;
  self->start_data = user_data;
}

void
malt_distributed_session_set_started (MaltDistributedSession *self)
{
  self->start_ended = NULL;
  self->start_data = NULL;
}

const char *
malt_distributed_session_describe (MaltDistributedSession *self)
{
  return self->description;
}

const char *
malt_distributed_session_get_host (MaltDistributedSession *self)
{
  return self->host;
}

int
malt_distributed_session_get_pid (MaltDistributedSession *self)
{
  return self->pid;
}

MaltConnection *
malt_distributed_session_get_connection (MaltDistributedSession *self)
{
  return self->connection;
}

MaltRelayOutput *
malt_distributed_session_get_output (MaltDistributedSession *self)
{
  return self->output;
}

MaltExitReport *
malt_distributed_session_get_report (MaltDistributedSession *self)
{
  MaltExitReport *report;

  g_mutex_lock (&self->lock);
  report = self->report;
  g_mutex_unlock (&self->lock);
  return report;
}

gboolean
malt_distributed_session_check (MaltDistributedSession  *self,
                                GError                 **error)
{
  MaltExitReport *report = malt_distributed_session_get_report (self);

  if (report == NULL)
    return TRUE;
  g_propagate_error (error, malt_error_new_terminated (self->description, report));
  return FALSE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-peer-private.h"

#include "malt/malt-clear-source.h"
#include "malt/malt-error-backend.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-running-workers-backend.h"
#include "malt/wire/malt-monitor.h"

/* For a worker that lost its connection and lives on, in milliseconds; as in Malt.jl. One that
 * crashes loses it too, and is not to be taken for that. */
#define LOST_GRACE_MSEC 3000

/**
 * MALT_PEER_KILL_TIMEOUT_MSEC: (skip)
 *
 * What a process has to end of SIGKILL before nobody waits any longer, in
 * milliseconds. Only one that is stuck in the kernel takes longer.
 *
 * Since: 0.1
 */

/**
 * MaltPeer: (skip)
 * @description: who it is, in one line; this and the three below are immutable once
 *   it is set up
 * @pid: its process, where it runs
 * @events: the signals of its worker
 * @output: what it prints
 * @connection: (nullable): its connection; %NULL before [method@Malt.Peer.connect] and
 *   after the end; monitor thread, as those below
 * @is_lost: that it lost its connection is why it was killed
 * @detail: (nullable): why it is being ended
 *
 * The other end of a [class@Malt.Connection]: a process that serves with malt’s runtime,
 * wherever it runs, as the monitor thread knows it, whether or not the worker that
 * the program holds is still there.
 *
 * The base has what all such workers have in common: the connection and what
 * comes over it besides answers, the loss of it, those who wait for the end, the
 * report. A backend derives from it and says how its processes are watched and
 * ended; when one is gone, it calls [method@Malt.Peer.end].
 *
 * ```c
 * static void
 * my_peer_kill_now (MaltPeer *peer)
 * {
 *   kill (peer->pid, SIGKILL);
 * }
 * ```
 *
 * Its fields are for what derives from it to read. Who it is, its process, the signals
 * and the output are immutable once it is set up; the connection and why it is being
 * ended are the monitor thread's.
 *
 * Sources and the connection hold references: a peer lives until its end has been
 * told. It is not for workers that run in the program itself, which have no
 * connection.
 *
 * Since: 0.1
 */

/**
 * MaltPeerClass: (skip)
 *
 * What a backend says about its peers.
 *
 * Since: 0.1
 */
G_DEFINE_ABSTRACT_TYPE (MaltPeer, malt_peer, G_TYPE_OBJECT)

static void
malt_peer_real_drain (MaltPeer *self)
{
  malt_relay_output_drain (self->output);
}

/* Runs in the monitor thread. */
static gboolean
on_lost_too_long (gpointer user_data)
{
  MaltPeer *self = user_data;

  malt_clear_source (&self->lost_source);
  self->is_lost = TRUE;
  malt_peer_set_detail (self,
                        "ended by SIGKILL: it lived on for %u ms without its connection: %s",
                        LOST_GRACE_MSEC, self->lost_text);
  MALT_PEER_GET_CLASS (self)->kill_now (self);
  return G_SOURCE_REMOVE;
}

/* While it starts, the handshake says what is wrong. */
static void
malt_peer_real_lost (MaltPeer     *self,
                     const GError *error)
{
  MaltPeerClass *klass = MALT_PEER_GET_CLASS (self);

  if (!self->is_started || self->lost_source != NULL || klass->is_ending (self))
    return;

  if (error->domain == MALT_ERROR)
    {
      malt_peer_set_detail (self, "ended by SIGKILL: it broke the protocol: %s", error->message);
      klass->kill_now (self);
      return;
    }
  self->lost_text = g_strdup (error->message);
  self->lost_source = malt_peer_attach (self, g_timeout_source_new (LOST_GRACE_MSEC),
                                        on_lost_too_long);
}

static void
malt_peer_finalize (GObject *object)
{
  MaltPeer *self = MALT_PEER (object);

  g_assert (self->connection == NULL && self->lost_source == NULL);

  g_clear_pointer (&self->output, malt_relay_output_unref);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_clear_pointer (&self->log, malt_relay_log_free);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_pointer (&self->description, g_free);
  g_clear_pointer (&self->detail, g_free);
  g_clear_pointer (&self->lost_text, g_free);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (malt_peer_parent_class)->finalize (object);
}

static void
malt_peer_class_init (MaltPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_peer_finalize;
  klass->drain = malt_peer_real_drain;
  klass->lost = malt_peer_real_lost;
}

static void
malt_peer_init (MaltPeer *self)
{
  g_mutex_init (&self->lock);
  self->stops = g_ptr_array_new ();
}

/**
 * malt_peer_set_up: (skip)
 * @self: a peer
 * @description: (transfer full): who it is, in one line, for errors and logs
 * @pid: its process, where it runs
 * @events: the signals of its worker
 * @output: what it prints
 *
 * Says what never changes: first of all, once. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_set_up (MaltPeer        *self,
                  char            *description,
                  int              pid,
                  MaltRelayEvents *events,
                  MaltRelayOutput *output)
{
  g_return_if_fail (MALT_IS_PEER (self));
  g_return_if_fail (self->description == NULL);

  self->description = description;
  self->pid = pid;
  self->events = malt_relay_events_ref (events);
  self->output = malt_relay_output_ref (output);
}

/* Any thread. */
static void
on_before_delivery (gpointer user_data)
{
  MALT_PEER_GET_CLASS (user_data)->drain (user_data);
}

/* Runs in the monitor thread. */
static void
on_lost (const GError *error,
         gpointer      user_data)
{
  MALT_PEER_GET_CLASS (user_data)->lost (user_data, error);
}

/* Runs in the monitor thread. */
static void
on_log (const MaltLogRecord *record,
        gpointer             user_data)
{
  MaltPeer *self = user_data;

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
  MaltPeer *self = user_data;
  MaltPeerClass *klass = MALT_PEER_GET_CLASS (self);

  if (klass->is_ending (self))
    return;
  malt_peer_set_detail (self, "ended by SIGKILL: “%s” did not heed its end%s%s", function,
                        traceback != NULL ? "\n" : "", traceback != NULL ? traceback : "");
  klass->kill_now (self);
}

/**
 * malt_peer_connect: (skip)
 * @self: a peer
 * @data_fd: the socket of data, owned from now on
 * @control_fd: the socket of control, owned from now on
 * @limits: limits of the connection
 *
 * Makes the connection, whose hooks are the peer’s. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_connect (MaltPeer                   *self,
                   int                         data_fd,
                   int                         control_fd,
                   const MaltConnectionLimits *limits)
{
  const MaltConnectionHooks hooks = {
    .before_delivery = on_before_delivery,
    .lost = on_lost,
    .log = on_log,
    .unresponsive = on_unresponsive,
  };

  g_return_if_fail (MALT_IS_PEER (self));

  self->connection = malt_connection_new (data_fd, control_fd, limits, &hooks, g_object_ref (self),
                                          g_object_unref);
}

/**
 * malt_peer_set_started: (skip)
 * @self: a peer
 *
 * Says that the start is over: from here on the loss of its connection is its end.
 * Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_set_started (MaltPeer *self)
{
  g_return_if_fail (MALT_IS_PEER (self));

  self->is_started = TRUE;
}

/**
 * malt_peer_attach: (skip)
 * @self: a peer
 * @source: (transfer full): a source that has not been attached
 * @func: its callback, which is passed @self
 *
 * Attaches a source to the monitor, with a reference on the peer. Any thread.
 *
 * Returns: (transfer full): @source
 *
 * Since: 0.1
 */
GSource *
malt_peer_attach (MaltPeer    *self,
                  GSource     *source,
                  GSourceFunc  func)
{
  g_return_val_if_fail (MALT_IS_PEER (self), NULL);

  g_source_set_callback (source, func, g_object_ref (self), g_object_unref);
  g_source_attach (source, malt_monitor_get_context ());
  return source;
}

/**
 * malt_peer_set_detail: (skip)
 * @self: a peer
 * @format: as of printf()
 * @...: what is put into @format
 *
 * Says why the peer is being ended, for its report. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_set_detail (MaltPeer   *self,
                      const char *format,
                      ...)
{
  va_list args;

  g_return_if_fail (MALT_IS_PEER (self));

  g_clear_pointer (&self->detail, g_free);
  va_start (args, format);
  self->detail = g_strdup_vprintf (format, args);
  va_end (args);
}

/**
 * malt_peer_get_report: (skip)
 * @self: a peer
 *
 * Gets how the peer ended. Any thread.
 *
 * Returns: (transfer none) (nullable): the report, %NULL while it runs
 *
 * Since: 0.1
 */
MaltExitReport *
malt_peer_get_report (MaltPeer *self)
{
  MaltExitReport *report;

  g_return_val_if_fail (MALT_IS_PEER (self), NULL);

  g_mutex_lock (&self->lock);
  report = self->report;
  g_mutex_unlock (&self->lock);
  return report;
}

/**
 * malt_peer_check_running: (skip)
 * @self: a peer
 * @error: return location for an error
 *
 * Checks that the peer has not ended. Any thread.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER.
 *
 * Returns: %FALSE with @error set if it has
 *
 * Since: 0.1
 */
gboolean
malt_peer_check_running (MaltPeer  *self,
                         GError   **error)
{
  MaltExitReport *report = malt_peer_get_report (self);

  if (report == NULL)
    return TRUE;
  g_propagate_error (error, malt_error_new_terminated (self->description, report));
  return FALSE;
}

/**
 * malt_peer_close: (skip)
 * @self: a peer
 * @error: what calls end with
 *
 * Closes the connection, if there is one. By itself it is for a start that has
 * failed: the peer has no report then. Monitor thread.
 *
 * Since: 0.1
 */
void
malt_peer_close (MaltPeer     *self,
                 const GError *error)
{
  g_return_if_fail (MALT_IS_PEER (self));

  g_autoptr (MaltConnection) connection = g_steal_pointer (&self->connection);
  MaltPeerClass *klass = MALT_PEER_GET_CLASS (self);

  malt_clear_source (&self->lost_source);
  if (connection == NULL)
    return;
  malt_connection_close (connection, error);
  if (klass->closed != NULL)
    klass->closed (self);
}

/* Not a moment longer than needed: the reference must not be the last when a caller drops its
 * own. */
static void
leave_running_workers (MaltPeer *self)
{
  g_autoptr (MaltAbstractWorker) worker = malt_relay_events_dup_worker (self->events);

  if (worker != NULL)
    malt_running_workers_remove (worker);
}

/**
 * malt_peer_end: (skip)
 * @self: a peer that is started
 * @report: how it ended
 *
 * Tells everybody that the peer has ended, in the order that they are promised:
 * it has the report; it leaves the list of running workers; what it logged is in
 * the log; its calls end; then [signal@Malt.AbstractWorker::exited] and whoever
 * waits for the end. Monitor thread, once.
 *
 * Since: 0.1
 */
void
malt_peer_end (MaltPeer       *self,
               MaltExitReport *report)
{
  g_return_if_fail (MALT_IS_PEER (self));
  g_return_if_fail (self->connection != NULL);

  g_autoptr (GError) error = malt_error_new_terminated (self->description, report);

  g_mutex_lock (&self->lock);
  self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);

  leave_running_workers (self);
  malt_connection_drain_log (self->connection);
  g_clear_pointer (&self->log, malt_relay_log_free);
  malt_peer_close (self, error);
  malt_relay_events_push_exited (self->events, report);
  malt_peer_end_stops (self);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-peer-worker-private.h"

#include "malt/malt-error.h"
#include "malt/malt-own-context.h"
#include "malt/malt-running-workers-backend.h"

/**
 * MaltPeerWorker: (skip)
 *
 * The base class of backends whose workers are a [class@Malt.Peer]: all of
 * [iface@Malt.AbstractWorker] over a connection, output and signals included.
 *
 * A type that derives from it has its options, and starts a peer. It implements
 * the interface once more, for its capabilities.
 *
 * ```c
 * static void
 * my_worker_start (MaltPeerWorker *worker,
 *                  GTask          *task)
 * {
 *   g_autoptr (MaltRelayEvents) events = malt_relay_events_new ();
 *
 *   malt_peer_worker_bind (worker, events);
 *   my_start (events, on_started, task);
 * }
 * ```
 *
 * Dropping the last reference stops it, without waiting.
 *
 * Since: 0.1
 */

/**
 * MaltPeerWorkerClass: (skip)
 *
 * What a backend says about the start of its workers.
 *
 * Since: 0.1
 */

enum
{
  PROP_N_PENDING = 1,
  PROP_STDOUT_STREAM,
  PROP_STDERR_STREAM,
  PROP_DROPPED_OUTPUT,
  PROP_PID
};

static void malt_peer_worker_initable_init       (GInitableIface      *iface);
static void malt_peer_worker_async_initable_init (GAsyncInitableIface *iface);

/* MaltAbstractWorker stands last: of a type that no GIR file describes, GJS before 1.86 sees the
 * methods of that interface only. */
G_DEFINE_ABSTRACT_TYPE_WITH_CODE (
    MaltPeerWorker, malt_peer_worker, G_TYPE_OBJECT,
    G_ADD_PRIVATE (MaltPeerWorker)
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_peer_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_peer_worker_async_initable_init)
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_peer_verbs_init_interface))

MaltPeerWorkerPrivate *
malt_peer_worker_get_private (gpointer worker)
{
  return malt_peer_worker_get_instance_private (MALT_PEER_WORKER (worker));
}

MaltPeerWorkerPrivate *
malt_peer_worker_get_started (gpointer   worker,
                              GError   **error)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (worker);

  if (priv->peer != NULL)
    return priv;
  g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "%s has not been started",
               G_OBJECT_TYPE_NAME (worker));
  return NULL;
}

static void
malt_peer_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

static void
malt_peer_worker_init_async (GAsyncInitable      *initable,
                             int                  io_priority,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (initable, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_peer_worker_init_async);
  g_task_set_priority (task, io_priority);
  /* What the start has come to is known to the start alone. */
  g_task_set_check_cancellable (task, FALSE);
  if (malt_peer_worker_get_private (initable)->peer != NULL)
    g_task_return_int (task, 1);
  else
    MALT_PEER_WORKER_GET_CLASS (initable)->start (MALT_PEER_WORKER (initable),
                                                  g_steal_pointer (&task));
}

static gboolean
malt_peer_worker_init_finish (GAsyncInitable  *initable,
                              GAsyncResult    *result,
                              GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

static void
malt_peer_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_peer_worker_init_async;
  iface->init_finish = malt_peer_worker_init_finish;
}

static void
malt_peer_worker_dispose (GObject *object)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (object);

  if (priv->events != NULL)
    malt_relay_events_detach (priv->events);
  if (priv->peer != NULL)
    {
      malt_running_workers_remove (MALT_ABSTRACT_WORKER (object));
      if (malt_peer_get_report (priv->peer) == NULL)
        malt_peer_abandon (priv->peer);
    }
  G_OBJECT_CLASS (malt_peer_worker_parent_class)->dispose (object);
}

static void
malt_peer_worker_finalize (GObject *object)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (object);

  g_clear_object (&priv->peer);
  g_clear_object (&priv->connection);
  g_clear_pointer (&priv->events, malt_relay_events_unref);
  g_clear_pointer (&priv->context, g_main_context_unref);
  G_OBJECT_CLASS (malt_peer_worker_parent_class)->finalize (object);
}

static void
malt_peer_worker_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (object);

  /* The value is its default then. */
  if (priv->peer == NULL)
    return;

  switch (prop_id)
    {
    case PROP_N_PENDING:
      g_value_set_uint (value, malt_connection_get_n_pending (priv->connection));
      break;
    case PROP_STDOUT_STREAM:
      g_value_take_object (value, malt_relay_output_dup_stream (priv->peer->output, 1));
      break;
    case PROP_STDERR_STREAM:
      g_value_take_object (value, malt_relay_output_dup_stream (priv->peer->output, 2));
      break;
    case PROP_DROPPED_OUTPUT:
      g_value_set_uint64 (value, malt_relay_output_get_dropped (priv->peer->output));
      break;
    case PROP_PID:
      g_value_set_int (value, priv->peer->pid);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_peer_worker_class_init (MaltPeerWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_peer_worker_dispose;
  object_class->finalize = malt_peer_worker_finalize;
  object_class->get_property = malt_peer_worker_get_property;

  /**
   * MaltPeerWorker:n-pending:
   *
   * How many calls have not ended: those that were sent or wait for room. Changes are not
   * notified.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_N_PENDING,
      g_param_spec_uint ("n-pending", "Pending calls",
                         "Calls that have not ended; changes are not notified",
                         0, G_MAXUINT, 0, flags));
  /**
   * MaltPeerWorker:stdout-stream:
   *
   * What the worker prints, with the option `stdout` %MALT_RELAY_MODE_STREAM; else %NULL.
   * The bytes are for one reader.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_STDOUT_STREAM,
      g_param_spec_object ("stdout-stream", "Standard output stream",
                           "What the worker prints, with the option stdout=stream",
                           G_TYPE_INPUT_STREAM, flags));
  /**
   * MaltPeerWorker:stderr-stream:
   *
   * What the worker prints as errors, with the option `stderr`
   * %MALT_RELAY_MODE_STREAM; else %NULL. The bytes are for one reader.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_STDERR_STREAM,
      g_param_spec_object ("stderr-stream", "Standard error stream",
                           "What the worker prints as errors, with the option stderr=stream",
                           G_TYPE_INPUT_STREAM, flags));
  /**
   * MaltPeerWorker:dropped-output:
   *
   * Output that nobody took in time, in bytes. Changes are not notified.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_DROPPED_OUTPUT,
      g_param_spec_uint64 ("dropped-output", "Dropped output",
                           "Output that nobody took in time, in bytes; changes are not notified",
                           0, G_MAXUINT64, 0, flags));
  /**
   * MaltPeerWorker:pid:
   *
   * The process, where it runs; 0 before the start.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
      object_class, PROP_PID,
      g_param_spec_int ("pid", "Process", "The process, where it runs, 0 before the start",
                        0, G_MAXINT, 0, flags));
}

static void
malt_peer_worker_init (MaltPeerWorker *self)
{
  malt_peer_worker_get_private (self)->context = g_main_context_ref_thread_default ();
}

/**
 * malt_peer_worker_bind: (skip)
 * @self: a worker that is being started
 * @events: events that are nobody’s
 *
 * Has the signals of a peer emitted by this worker, where it was made: before the
 * peer says anything. Of each attempt to start one; in the thread of the caller.
 *
 * Since: 0.1
 */
void
malt_peer_worker_bind (MaltPeerWorker  *self,
                       MaltRelayEvents *events)
{
  g_return_if_fail (MALT_IS_PEER_WORKER (self));

  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (self);

  /* There are some already after a start that has failed. */
  g_clear_pointer (&priv->events, malt_relay_events_unref);
  priv->events = malt_relay_events_ref (events);
  malt_relay_events_bind (events, MALT_ABSTRACT_WORKER (self), priv->context);
}

/**
 * malt_peer_worker_take: (skip)
 * @self: a worker that is being started
 * @peer: (transfer full): a peer that is started, whose events are bound to @self
 * @connection: (transfer full): its connection
 *
 * Gives the worker its peer, and lists it among the running ones. Any thread; once,
 * before the start has returned, which holds a reference on @self.
 *
 * Since: 0.1
 */
void
malt_peer_worker_take (MaltPeerWorker *self,
                       MaltPeer       *peer,
                       MaltConnection *connection)
{
  g_return_if_fail (MALT_IS_PEER_WORKER (self));

  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (self);

  priv->peer = peer;
  priv->connection = connection;
  malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
  /* Outside of the monitor it may end at any moment. */
  if (malt_peer_get_report (peer) != NULL)
    malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
}

/**
 * malt_peer_worker_get_peer: (skip)
 * @self: a worker
 *
 * Gets its peer. Any thread.
 *
 * Returns: (transfer none) (nullable): the peer, %NULL before the start
 *
 * Since: 0.1
 */
MaltPeer *
malt_peer_worker_get_peer (MaltPeerWorker *self)
{
  g_return_val_if_fail (MALT_IS_PEER_WORKER (self), NULL);

  return malt_peer_worker_get_private (self)->peer;
}

/**
 * malt_peer_worker_detach: (skip)
 * @self: a worker that nothing has been asked of yet
 * @data_fd: (out): the socket of data, which is the caller’s from now on
 * @control_fd: (out): the socket of control, likewise
 * @error: return location for an error
 *
 * Gives the worker away, to somebody who greets it anew over both sockets. Its end
 * and kill() are as ever; what it prints as a stream is not dropped any more, but it
 * waits for the reader; stop() asks it nothing, for that is the business of whoever
 * has it, but waits and then makes it. Blocks for a moment.
 *
 * Errors: %MALT_ERROR_FAILED if it has not been started,
 * %MALT_ERROR_TERMINATED_WORKER, and those of [method@Malt.Connection.detach].
 *
 * Returns: %FALSE with @error set if that cannot be
 *
 * Since: 0.1
 */
gboolean
malt_peer_worker_detach (MaltPeerWorker  *self,
                         int             *data_fd,
                         int             *control_fd,
                         GError         **error)
{
  g_return_val_if_fail (MALT_IS_PEER_WORKER (self), FALSE);

  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (self, error);

  if (priv == NULL
      || !malt_peer_check_running (priv->peer, error)
      || !malt_connection_detach (priv->connection, data_fd, control_fd, error))
    return FALSE;

  malt_relay_output_hold (priv->peer->output);
  return TRUE;
}

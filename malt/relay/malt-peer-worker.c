/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-peer-worker.h"

#include "malt/malt-error.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-own-context.h"
#include "malt/malt-running-workers-backend.h"
#include "malt/relay/malt-peer-private.h"

/**
 * MaltPeerWorker: (skip)
 *
 * The base of backends whose workers are a `MaltPeer`: all of
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

/* `peer` and `connection` are set once, before the initialisation returns; NULL when it failed or has not
 * been done. The peer knows this only through `events`, which hold no reference: it goes on ending when this
 * is gone. */
typedef struct
{
  GMainContext    *context;    /* immutable; owned, for signals */
  MaltRelayEvents *events;     /* immutable after initialisation; owned, NULL before it */
  MaltPeer        *peer;       /* immutable after initialisation; owned */
  MaltConnection  *connection; /* immutable after initialisation; owned */
} MaltPeerWorkerPrivate;

enum
{
  PROP_N_PENDING = 1,
  PROP_STDOUT_STREAM,
  PROP_STDERR_STREAM,
  PROP_DROPPED_OUTPUT,
  PROP_PID
};

static void malt_peer_worker_abstract_worker_init  (MaltAbstractWorkerInterface *iface);
static void malt_peer_worker_initable_init         (GInitableIface              *iface);
static void malt_peer_worker_async_initable_init   (GAsyncInitableIface         *iface);

/* MaltAbstractWorker stands last: of a type that no GIR file describes, GJS before 1.86 sees the methods of
 * that interface only. */
G_DEFINE_ABSTRACT_TYPE_WITH_CODE (
    MaltPeerWorker, malt_peer_worker, G_TYPE_OBJECT,
    G_ADD_PRIVATE (MaltPeerWorker)
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_peer_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_peer_worker_async_initable_init)
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_peer_worker_abstract_worker_init))

static MaltPeerWorkerPrivate *
get_private (gpointer worker)
{
  return malt_peer_worker_get_instance_private (MALT_PEER_WORKER (worker));
}

/* NULL with an error: it has not been started. */
static MaltPeerWorkerPrivate *
get_started (MaltAbstractWorker  *worker,
             GError             **error)
{
  MaltPeerWorkerPrivate *priv = get_private (worker);

  if (priv->peer != NULL)
    return priv;
  g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "%s has not been started",
               G_OBJECT_TYPE_NAME (worker));
  return NULL;
}

static char *
malt_peer_worker_describe (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = get_private (worker);

  if (priv->peer == NULL)
    return g_strdup_printf ("%s that has not been started", G_OBJECT_TYPE_NAME (worker));
  return g_strdup (priv->peer->description);
}

static gboolean
malt_peer_worker_is_running (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = get_private (worker);

  return priv->peer != NULL && malt_peer_get_report (priv->peer) == NULL;
}

typedef struct
{
  GAsyncReadyCallback callback;
  gpointer            user_data;
} SendData;

/* Output signals that belong before the result are emitted before it, where both have the same
 * context. */
static void
on_sent (GObject      *worker,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autofree SendData *data = user_data;

  malt_relay_events_flush (get_private (worker)->events);
  if (data->callback != NULL)
    data->callback (worker, result, data->user_data);
}

static void
malt_peer_worker_send_async (MaltAbstractWorker  *worker,
                             MaltCall            *call,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  MaltPeerWorkerPrivate *priv = get_started (worker, &error);
  SendData *data;

  if (priv == NULL)
    {
      g_task_report_error (worker, callback, user_data, malt_peer_worker_send_async, error);
      return;
    }
  data = g_new (SendData, 1);
  data->callback = callback;
  data->user_data = user_data;
  task = g_task_new (worker, cancellable, on_sent, data);
  g_task_set_source_tag (task, malt_peer_worker_send_async);
  malt_connection_send_task (priv->connection, call, task);
}

static GVariant *
malt_peer_worker_send_finish (MaltAbstractWorker  *worker,
                              GAsyncResult        *result,
                              GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_peer_worker_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_peer_worker_send_sync (MaltAbstractWorker  *worker,
                            MaltCall            *call,
                            GCancellable        *cancellable,
                            GError             **error)
{
  MaltPeerWorkerPrivate *priv = get_started (worker, error);

  if (priv == NULL)
    return NULL;
  return malt_connection_send_sync (priv->connection, call, cancellable, error);
}

static gboolean
malt_peer_worker_post (MaltAbstractWorker  *worker,
                       MaltCall            *call,
                       GError             **error)
{
  MaltPeerWorkerPrivate *priv = get_started (worker, error);

  return priv != NULL && malt_connection_post (priv->connection, call, error);
}

static gboolean
malt_peer_worker_interrupt (MaltAbstractWorker  *worker,
                            GError             **error)
{
  MaltPeerWorkerPrivate *priv = get_started (worker, error);

  return priv != NULL
         && malt_peer_check_running (priv->peer, error)
         && malt_connection_interrupt (priv->connection, error);
}

static void
malt_peer_worker_stop_async (MaltAbstractWorker  *worker,
                             guint                exit_timeout_ms,
                             guint                term_timeout_ms,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  MaltPeerWorkerPrivate *priv = get_private (worker);
  g_autoptr (GTask) task = g_task_new (worker, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_peer_worker_stop_async);
  /* A stop that is through has succeeded, whatever happens to the cancellable meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_peer_worker_is_running (worker))
    g_task_return_int (task, 0);
  else
    malt_peer_stop (priv->peer, exit_timeout_ms, term_timeout_ms, g_steal_pointer (&task));
}

static gboolean
malt_peer_worker_stop_finish (MaltAbstractWorker  *worker,
                              GAsyncResult        *result,
                              gboolean            *was_running,
                              GError             **error)
{
  gssize outcome;

  g_return_val_if_fail (g_task_is_valid (result, worker), FALSE);

  outcome = g_task_propagate_int (G_TASK (result), error);
  /* The program may end next, and with it what the monitor has not written yet. */
  if (outcome > 0)
    malt_relay_output_drain (get_private (worker)->peer->output);

  if (was_running != NULL)
    *was_running = outcome != 0;
  return outcome >= 0;
}

static gboolean
malt_peer_worker_kill (MaltAbstractWorker  *worker,
                       int                  signum,
                       GError             **error)
{
  MaltPeerWorkerPrivate *priv = get_started (worker, error);

  return priv != NULL && malt_peer_kill (priv->peer, signum, error);
}

static MaltExitReport *
malt_peer_worker_get_exit_report (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = get_private (worker);

  return priv->peer != NULL ? malt_peer_get_report (priv->peer) : NULL;
}

static void
malt_peer_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_peer_worker_describe;
  iface->is_running = malt_peer_worker_is_running;
  iface->send_async = malt_peer_worker_send_async;
  iface->send_finish = malt_peer_worker_send_finish;
  iface->send_sync = malt_peer_worker_send_sync;
  iface->post = malt_peer_worker_post;
  iface->interrupt = malt_peer_worker_interrupt;
  iface->stop_async = malt_peer_worker_stop_async;
  iface->stop_finish = malt_peer_worker_stop_finish;
  iface->kill = malt_peer_worker_kill;
  iface->get_exit_report = malt_peer_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED;
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
  if (get_private (initable)->peer != NULL)
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
  MaltPeerWorkerPrivate *priv = get_private (object);

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
  MaltPeerWorkerPrivate *priv = get_private (object);

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
  MaltPeerWorkerPrivate *priv = get_private (object);

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

  g_object_class_install_property (
      object_class, PROP_N_PENDING,
      g_param_spec_uint ("n-pending", "Pending calls",
                         "Calls that have not ended; changes are not notified",
                         0, G_MAXUINT, 0, flags));
  g_object_class_install_property (
      object_class, PROP_STDOUT_STREAM,
      g_param_spec_object ("stdout-stream", "Standard output stream",
                           "What the worker prints, with the option stdout=stream",
                           G_TYPE_INPUT_STREAM, flags));
  g_object_class_install_property (
      object_class, PROP_STDERR_STREAM,
      g_param_spec_object ("stderr-stream", "Standard error stream",
                           "What the worker prints as errors, with the option stderr=stream",
                           G_TYPE_INPUT_STREAM, flags));
  g_object_class_install_property (
      object_class, PROP_DROPPED_OUTPUT,
      g_param_spec_uint64 ("dropped-output", "Dropped output",
                           "Output that nobody took in time, in bytes; changes are not notified",
                           0, G_MAXUINT64, 0, flags));
  g_object_class_install_property (
      object_class, PROP_PID,
      g_param_spec_int ("pid", "Process", "The process, where it runs, 0 before the start",
                        0, G_MAXINT, 0, flags));
}

static void
malt_peer_worker_init (MaltPeerWorker *self)
{
  get_private (self)->context = g_main_context_ref_thread_default ();
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

  MaltPeerWorkerPrivate *priv = get_private (self);

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

  MaltPeerWorkerPrivate *priv = get_private (self);

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

  return get_private (self)->peer;
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
 * %MALT_ERROR_TERMINATED_WORKER, and those of malt_connection_detach().
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

  MaltPeerWorkerPrivate *priv = get_started (MALT_ABSTRACT_WORKER (self), error);

  if (priv == NULL
      || !malt_peer_check_running (priv->peer, error)
      || !malt_connection_detach (priv->connection, data_fd, control_fd, error))
    return FALSE;

  malt_relay_output_hold (priv->peer->output);
  return TRUE;
}

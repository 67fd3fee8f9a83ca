/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-peer-worker-private.h"

#include "malt/malt-exit-report.h"
#include "malt/relay/malt-peer-private.h"

static char *
malt_peer_verbs_describe (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (worker);

  if (priv->peer == NULL)
    return g_strdup_printf ("%s that has not been started", G_OBJECT_TYPE_NAME (worker));
  return g_strdup (priv->peer->description);
}

static gboolean
malt_peer_verbs_is_running (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (worker);

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

  malt_relay_events_flush (malt_peer_worker_get_private (worker)->events);
  if (data->callback != NULL)
    data->callback (worker, result, data->user_data);
}

static void
malt_peer_verbs_send_async (MaltAbstractWorker  *worker,
                            MaltCall            *call,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (worker, &error);
  SendData *data;

  if (priv == NULL)
    {
      g_task_report_error (worker, callback, user_data, malt_peer_verbs_send_async, error);
      return;
    }
  data = g_new (SendData, 1);
  data->callback = callback;
  data->user_data = user_data;
  task = g_task_new (worker, cancellable, on_sent, data);
  g_task_set_source_tag (task, malt_peer_verbs_send_async);
  malt_connection_send_task (priv->connection, call, task);
}

static GVariant *
malt_peer_verbs_send_finish (MaltAbstractWorker  *worker,
                             GAsyncResult        *result,
                             GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_peer_verbs_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_peer_verbs_send_sync (MaltAbstractWorker  *worker,
                           MaltCall            *call,
                           GCancellable        *cancellable,
                           GError             **error)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (worker, error);

  if (priv == NULL)
    return NULL;
  return malt_connection_send_sync (priv->connection, call, cancellable, error);
}

static gboolean
malt_peer_verbs_post (MaltAbstractWorker  *worker,
                      MaltCall            *call,
                      GError             **error)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (worker, error);

  return priv != NULL && malt_connection_post (priv->connection, call, error);
}

static gboolean
malt_peer_verbs_interrupt (MaltAbstractWorker  *worker,
                           GError             **error)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (worker, error);

  return priv != NULL
         && malt_peer_check_running (priv->peer, error)
         && malt_connection_interrupt (priv->connection, error);
}

static void
malt_peer_verbs_stop_async (MaltAbstractWorker  *worker,
                            guint                exit_timeout_ms,
                            guint                term_timeout_ms,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (worker);
  g_autoptr (GTask) task = g_task_new (worker, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_peer_verbs_stop_async);
  /* A stop that is through has succeeded, whatever happens to the cancellable meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_peer_verbs_is_running (worker))
    g_task_return_int (task, 0);
  else
    malt_peer_stop (priv->peer, exit_timeout_ms, term_timeout_ms, g_steal_pointer (&task));
}

static gboolean
malt_peer_verbs_stop_finish (MaltAbstractWorker  *worker,
                             GAsyncResult        *result,
                             gboolean            *was_running,
                             GError             **error)
{
  gssize outcome;

  g_return_val_if_fail (g_task_is_valid (result, worker), FALSE);

  outcome = g_task_propagate_int (G_TASK (result), error);
  /* The program may end next, and with it what the monitor has not written yet. */
  if (outcome > 0)
    malt_relay_output_drain (malt_peer_worker_get_private (worker)->peer->output);

  if (was_running != NULL)
    *was_running = outcome != 0;
  return outcome >= 0;
}

static gboolean
malt_peer_verbs_kill (MaltAbstractWorker  *worker,
                      int                  signum,
                      GError             **error)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_started (worker, error);

  return priv != NULL && malt_peer_kill (priv->peer, signum, error);
}

static MaltExitReport *
malt_peer_verbs_get_exit_report (MaltAbstractWorker *worker)
{
  MaltPeerWorkerPrivate *priv = malt_peer_worker_get_private (worker);

  return priv->peer != NULL ? malt_peer_get_report (priv->peer) : NULL;
}

void
malt_peer_verbs_init_interface (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_peer_verbs_describe;
  iface->is_running = malt_peer_verbs_is_running;
  iface->send_async = malt_peer_verbs_send_async;
  iface->send_finish = malt_peer_verbs_send_finish;
  iface->send_sync = malt_peer_verbs_send_sync;
  iface->post = malt_peer_verbs_post;
  iface->interrupt = malt_peer_verbs_interrupt;
  iface->stop_async = malt_peer_verbs_stop_async;
  iface->stop_finish = malt_peer_verbs_stop_finish;
  iface->kill = malt_peer_verbs_kill;
  iface->get_exit_report = malt_peer_verbs_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-forward-private.h"

#include "malt/malt-error.h"

MaltAbstractWorker *
malt_forward_get_inner (MaltAbstractWorker  *self,
                        GError             **error)
{
  MaltAbstractWorker *inner = MALT_ABSTRACT_WORKER_GET_IFACE (self)->get_inner (self);

  if (inner == NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "%s has not been started",
                 G_OBJECT_TYPE_NAME (self));

  return inner;
}

static char *
forward_describe (MaltAbstractWorker *worker)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, NULL);

  if (inner == NULL)
    return g_strdup_printf ("%s that has not been started", G_OBJECT_TYPE_NAME (worker));

  return malt_abstract_worker_describe (inner);
}

static MaltWorkerCapabilities
forward_get_capabilities (MaltAbstractWorker *worker)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, NULL);

  return inner != NULL ? malt_abstract_worker_get_capabilities (inner)
                       : MALT_WORKER_CAPABILITY_NONE;
}

static gboolean
forward_is_running (MaltAbstractWorker *worker)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, NULL);

  return inner != NULL && malt_abstract_worker_is_running (inner);
}

/* The result of the inner worker is the value of a task of the outer one. */
static void
on_result (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_pointer (task, g_object_ref (result), g_object_unref);
}

/* NULL: there is no inner worker, and the task has failed. */
static GTask *
new_task (MaltAbstractWorker  *worker,
          gpointer             tag,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, tag);
  if (malt_forward_get_inner (worker, &error) != NULL)
    return g_steal_pointer (&task);

  g_task_return_error (task, error);
  return NULL;
}

static void
forward_send_async (MaltAbstractWorker  *worker,
                    MaltCall            *call,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = new_task (worker, forward_send_async, callback, user_data);

  if (task != NULL)
    malt_abstract_worker_send_async (malt_forward_get_inner (worker, NULL), call, cancellable,
                                     on_result, task);
}

static GVariant *
forward_send_finish (MaltAbstractWorker  *worker,
                     GAsyncResult        *result,
                     GError             **error)
{
  g_autoptr (GAsyncResult) inner = g_task_propagate_pointer (G_TASK (result), error);

  if (inner == NULL)
    return NULL;

  return malt_abstract_worker_send_finish (malt_forward_get_inner (worker, NULL), inner, error);
}

static GVariant *
forward_send_sync (MaltAbstractWorker  *worker,
                   MaltCall            *call,
                   GCancellable        *cancellable,
                   GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);

  return inner != NULL ? malt_abstract_worker_send (inner, call, cancellable, error) : NULL;
}

static gboolean
forward_post (MaltAbstractWorker  *worker,
              MaltCall            *call,
              GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);

  return inner != NULL && malt_abstract_worker_post (inner, call, error);
}

static gboolean
forward_interrupt (MaltAbstractWorker  *worker,
                   GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);

  return inner != NULL && malt_abstract_worker_interrupt (inner, error);
}

static void
forward_stop_async (MaltAbstractWorker  *worker,
                    guint                exit_timeout_ms,
                    guint                term_timeout_ms,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  GTask *task = new_task (worker, forward_stop_async, callback, user_data);

  if (task != NULL)
    malt_abstract_worker_stop_async (malt_forward_get_inner (worker, NULL), exit_timeout_ms,
                                     term_timeout_ms, cancellable, on_result, task);
}

static gboolean
forward_stop_finish (MaltAbstractWorker  *worker,
                     GAsyncResult        *result,
                     gboolean            *was_running,
                     GError             **error)
{
  g_autoptr (GAsyncResult) inner = g_task_propagate_pointer (G_TASK (result), error);

  if (inner == NULL)
    return FALSE;

  return malt_abstract_worker_stop_finish (malt_forward_get_inner (worker, NULL), inner,
                                           was_running, error);
}

static gboolean
forward_kill (MaltAbstractWorker  *worker,
              int                  signum,
              GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);

  return inner != NULL && malt_abstract_worker_kill (inner, signum, error);
}

static MaltExitReport *
forward_get_exit_report (MaltAbstractWorker *worker)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, NULL);

  return inner != NULL ? malt_abstract_worker_get_exit_report (inner) : NULL;
}

void
malt_forward_init_interface (MaltAbstractWorkerInterface *iface,
                             MaltForwardFunc              get_inner)
{
  iface->describe = forward_describe;
  iface->get_capabilities = forward_get_capabilities;
  iface->is_running = forward_is_running;
  iface->send_async = forward_send_async;
  iface->send_finish = forward_send_finish;
  iface->send_sync = forward_send_sync;
  iface->post = forward_post;
  iface->interrupt = forward_interrupt;
  iface->stop_async = forward_stop_async;
  iface->stop_finish = forward_stop_finish;
  iface->kill = forward_kill;
  iface->get_exit_report = forward_get_exit_report;
  iface->get_inner = get_inner;
}

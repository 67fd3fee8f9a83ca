/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-clumsy-worker.h"

struct _MaltClumsyWorker
{
  GObject   parent_instance;
  char     *fault;   /* nullable; of functions that are no calls */
  GTask    *kept;    /* one that has not been answered */
  gboolean  is_told;
};

static void malt_clumsy_worker_iface_init (MaltAbstractWorkerInterface *iface);
static void malt_clumsy_worker_initable_init (GInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
  MaltClumsyWorker, malt_clumsy_worker, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_clumsy_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, NULL)
      G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_clumsy_worker_iface_init))

static gboolean
has_fault (gpointer    worker,
           const char *fault)
{
  return g_strcmp0 (((MaltClumsyWorker *) worker)->fault, fault) == 0;
}

static gboolean
malt_clumsy_worker_init_blocking (GInitable     *initable,
                                  GCancellable  *cancellable,
                                  GError       **error)
{
  return !has_fault (initable, "init");
}

static char *
malt_clumsy_worker_describe (MaltAbstractWorker *worker)
{
  return has_fault (worker, "describe") ? NULL : g_strdup ("Clumsy");
}

static gpointer
return_in_thread (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_string ("thread")),
                         (GDestroyNotify) g_variant_unref);

  return NULL;
}

static void
note_cancel (GCancellable *cancellable,
             gpointer      user_data)
{
  ((MaltClumsyWorker *) user_data)->is_told = TRUE;
}

static void
malt_clumsy_worker_send_async (MaltAbstractWorker  *worker,
                               MaltCall            *call,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  MaltClumsyWorker *self = (MaltClumsyWorker *) worker;
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  const char *function = malt_call_get_function (call);

  g_task_set_task_data (task, g_object_ref (call), g_object_unref);
  if (g_str_equal (function, "unbegun"))
    return;

  g_assert_true (malt_call_begin (call, NULL));
  malt_call_emit_progress (call, 0.5, "half");
  if (g_str_equal (function, "never"))
    {
      g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (note_cancel), self, 0);
      g_set_object (&self->kept, task);
    }
  else if (g_str_equal (function, "thread"))
    g_thread_unref (g_thread_new (NULL, return_in_thread, g_steal_pointer (&task)));
  else
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new_string (function)),
                           (GDestroyNotify) g_variant_unref);

  if (g_str_equal (function, "twice"))
    callback (G_OBJECT (worker), G_ASYNC_RESULT (task), user_data);
  if (g_str_equal (function, "no-result"))
    callback (NULL, NULL, user_data);
}

static GVariant *
malt_clumsy_worker_send_finish (MaltAbstractWorker  *worker,
                                GAsyncResult        *result,
                                GError             **error)
{
  MaltCall *call = g_task_get_task_data (G_TASK (result));
  const char *function = malt_call_get_function (call);

  if (g_str_equal (function, "nothing"))
    return NULL;
  if (g_str_equal (function, "raise"))
    malt_call_set_remote_details (call, "no luck", "clumsy.error", "clumsy:1");
  if (g_str_equal (function, "raise"))
    g_set_error (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION, "bare");
  else if (g_str_equal (function, "ended"))
    g_set_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER, "bare");
  else if (g_str_equal (function, "other"))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "busy");
  else
    return g_task_propagate_pointer (G_TASK (result), error);

  return NULL;
}

static gboolean
malt_clumsy_worker_post (MaltAbstractWorker  *worker,
                         MaltCall            *call,
                         GError             **error)
{
  return !has_fault (worker, "post");
}

static gboolean
malt_clumsy_worker_interrupt (MaltAbstractWorker  *worker,
                              GError             **error)
{
  return FALSE;
}

static gboolean
malt_clumsy_worker_kill (MaltAbstractWorker  *worker,
                         int                  signum,
                         GError             **error)
{
  return FALSE;
}

static void
malt_clumsy_worker_stop_async (MaltAbstractWorker  *worker,
                               guint                exit_timeout_ms,
                               guint                term_timeout_ms,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  g_autoptr (MaltExitReport) report =
    malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, NULL, NULL);

  if (!has_fault (worker, "stop"))
    g_task_return_boolean (task, malt_abstract_worker_mark_ended (worker, report, NULL));
}

static gboolean
malt_clumsy_worker_stop_finish (MaltAbstractWorker  *worker,
                                GAsyncResult        *result,
                                gboolean            *was_running,
                                GError             **error)
{
  *was_running = g_task_propagate_boolean (G_TASK (result), NULL);

  return !has_fault (worker, "stop-finish");
}

static void
malt_clumsy_worker_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  ((MaltClumsyWorker *) object)->fault = g_value_dup_string (value);
}

static void
malt_clumsy_worker_finalize (GObject *object)
{
  MaltClumsyWorker *self = (MaltClumsyWorker *) object;

  g_clear_object (&self->kept);
  g_clear_pointer (&self->fault, g_free);

  G_OBJECT_CLASS (malt_clumsy_worker_parent_class)->finalize (object);
}

static void
malt_clumsy_worker_iface_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_clumsy_worker_describe;
  iface->send_async = malt_clumsy_worker_send_async;
  iface->send_finish = malt_clumsy_worker_send_finish;
  iface->post = malt_clumsy_worker_post;
  iface->interrupt = malt_clumsy_worker_interrupt;
  iface->kill = malt_clumsy_worker_kill;
  iface->stop_async = malt_clumsy_worker_stop_async;
  iface->stop_finish = malt_clumsy_worker_stop_finish;
  iface->capabilities = MALT_WORKER_CAPABILITY_KILL;
}

static void
malt_clumsy_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_clumsy_worker_init_blocking;
}

static void
malt_clumsy_worker_class_init (MaltClumsyWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = malt_clumsy_worker_set_property;
  object_class->finalize = malt_clumsy_worker_finalize;
  g_object_class_install_property (
    object_class, 1,
    g_param_spec_string ("fault", "Fault", "What it does wrong", NULL,
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
malt_clumsy_worker_init (MaltClumsyWorker *self)
{
}

gboolean
malt_clumsy_worker_is_told (MaltAbstractWorker *worker)
{
  return MALT_CLUMSY_WORKER (worker)->is_told;
}

void
malt_clumsy_worker_answer_late (MaltAbstractWorker *worker)
{
  g_autoptr (GTask) kept = g_steal_pointer (&MALT_CLUMSY_WORKER (worker)->kept);

  g_task_return_pointer (kept, g_variant_ref_sink (g_variant_new_string ("late")),
                         (GDestroyNotify) g_variant_unref);
}

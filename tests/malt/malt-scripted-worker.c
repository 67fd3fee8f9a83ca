/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-scripted-worker.h"

struct _MaltScriptedWorker
{
  GObject         parent_instance;
  GMainContext   *context; /* owned; immutable */
  GMutex          lock;
  MaltExitReport *report;  /* owned; NULL while it runs; set once, under @lock */
  gboolean        leaves;  /* with the end of its start */
};

static void malt_scripted_worker_interface_init (MaltAbstractWorkerInterface *iface);
static void malt_scripted_worker_initable_init (GInitableIface *iface);
static void malt_scripted_worker_async_initable_init (GAsyncInitableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
  MaltScriptedWorker, malt_scripted_worker, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_scripted_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_scripted_worker_async_initable_init)
      G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_scripted_worker_interface_init))

static MaltExitReport *
malt_scripted_worker_get_exit_report (MaltAbstractWorker *worker)
{
  MaltScriptedWorker *self = MALT_SCRIPTED_WORKER (worker);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->report;
}

static gboolean
malt_scripted_worker_is_running (MaltAbstractWorker *worker)
{
  return malt_scripted_worker_get_exit_report (worker) == NULL;
}

static gboolean
tell_exit (gpointer user_data)
{
  MaltAbstractWorker *worker = user_data;

  g_signal_emit_by_name (worker, "exited", malt_scripted_worker_get_exit_report (worker));

  return G_SOURCE_REMOVE;
}

static void
post (MaltScriptedWorker *self,
      GSourceFunc         func)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, func, g_object_ref (self), g_object_unref);
  g_source_attach (source, self->context);
}

/* FALSE: it had ended. */
static gboolean
end (MaltScriptedWorker *self,
     MaltExitReason      reason,
     int                 status,
     gboolean            is_told)
{
  g_autoptr (MaltExitReport) report = malt_exit_report_new (reason, status, 0, NULL, NULL, NULL);
  gboolean was_running;

  g_mutex_lock (&self->lock);
  was_running = self->report == NULL;
  if (was_running)
    self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);
  if (!was_running)
    return FALSE;

  malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
  malt_script_end (self, report);
  if (is_told)
    post (self, tell_exit);

  return TRUE;
}

static void
malt_scripted_worker_init_async (GAsyncInitable      *initable,
                                 int                  io_priority,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltScriptWay way;
  GTask *task = malt_script_begin (MALT_SCRIPT_START, initable, NULL, cancellable, callback,
                                   user_data, &way);

  if (way == MALT_SCRIPT_HANGS || way == MALT_SCRIPT_IS_DEAF)
    {
      malt_script_wait (task, way == MALT_SCRIPT_IS_DEAF);
      return;
    }

  MALT_SCRIPTED_WORKER (initable)->leaves = way == MALT_SCRIPT_EXITS;
  malt_script_return (task, 1,
                      way == MALT_SCRIPT_FAILS ? g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                                                              "The script says so")
                                               : NULL);
}

static gboolean
malt_scripted_worker_init_finish (GAsyncInitable  *initable,
                                  GAsyncResult    *result,
                                  GError         **error)
{
  if (g_task_propagate_int (G_TASK (result), error) < 0)
    return FALSE;

  malt_running_workers_add (MALT_ABSTRACT_WORKER (initable));
  if (MALT_SCRIPTED_WORKER (initable)->leaves)
    end (MALT_SCRIPTED_WORKER (initable), MALT_EXIT_REASON_EXITED, 5, TRUE);
  return TRUE;
}

static void
malt_scripted_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_scripted_worker_init_async;
  iface->init_finish = malt_scripted_worker_init_finish;
}

static void
malt_scripted_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

static char *
malt_scripted_worker_describe (MaltAbstractWorker *worker)
{
  return g_strdup ("MaltScriptedWorker");
}

static MaltWorkerCapabilities
malt_scripted_worker_get_capabilities (MaltAbstractWorker *worker)
{
  return MALT_WORKER_CAPABILITY_KILL
         | (malt_script_is_remote () ? MALT_WORKER_CAPABILITY_REMOTE : 0);
}

/* Takes the task. */
static void
run (MaltScriptedWorker *self,
     MaltCall           *call,
     GTask              *task,
     MaltScriptWay       way)
{
  const char *function = malt_call_get_function (call);
  GVariant *args = malt_call_get_args (call);
  int status = 5;

  if (g_variant_is_of_type (args, G_VARIANT_TYPE ("(i)")))
    g_variant_get (args, "(i)", &status);

  if (g_str_equal (function, "exit") || way == MALT_SCRIPT_EXITS)
    {
      malt_script_wait (task, TRUE);
      end (self, MALT_EXIT_REASON_EXITED, status, TRUE);
    }
  else if (g_str_equal (function, "fail") || way == MALT_SCRIPT_FAILS)
    malt_script_answer (task,
                        malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, "MaltScriptedWorker",
                                               "no luck", "scripted.error", NULL));
  else if (g_str_equal (function, "hold") || way >= MALT_SCRIPT_HANGS)
    malt_script_wait (task, way == MALT_SCRIPT_IS_DEAF);
  else
    malt_script_answer (task, NULL);
}

static void
malt_scripted_worker_send_async (MaltAbstractWorker  *worker,
                                 MaltCall            *call,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  gboolean is_eval = g_str_equal (malt_call_get_function (call), "malt.eval");
  MaltExitReport *report = malt_scripted_worker_get_exit_report (worker);
  MaltScriptWay way;
  GTask *task = malt_script_begin (is_eval ? MALT_SCRIPT_EVAL : MALT_SCRIPT_CALL, worker, call,
                                   cancellable, callback, user_data, &way);
  GError *error = NULL;

  malt_call_begin (call, &error);
  g_assert_no_error (error);
  if (report != NULL)
    malt_script_answer (task, malt_error_new_terminated ("MaltScriptedWorker", report));
  else
    run (MALT_SCRIPTED_WORKER (worker), call, task, way);
}

static GVariant *
malt_scripted_worker_send_finish (MaltAbstractWorker  *worker,
                                  GAsyncResult        *result,
                                  GError             **error)
{
  g_assert_true (g_task_is_valid (result, worker));

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A pool sends what is posted to it. */
static gboolean
malt_scripted_worker_post (MaltAbstractWorker  *worker,
                           MaltCall            *call,
                           GError             **error)
{
  g_assert_not_reached ();
}

static void
malt_scripted_worker_stop_async (MaltAbstractWorker  *worker,
                                 guint                exit_timeout_ms,
                                 guint                term_timeout_ms,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltScriptWay way;
  GTask *task = malt_script_begin (MALT_SCRIPT_STOP, worker, NULL, cancellable, callback,
                                   user_data, &way);

  if (way == MALT_SCRIPT_IS_DEAF)
    malt_script_wait (task, TRUE);
  else if (way == MALT_SCRIPT_FAILS)
    malt_script_return (task, 0, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                              "The script says so"));
  else
    malt_script_return (task,
                        end (MALT_SCRIPTED_WORKER (worker), MALT_EXIT_REASON_STOPPED, 0, TRUE),
                        NULL);
}

static gboolean
malt_scripted_worker_stop_finish (MaltAbstractWorker  *worker,
                                  GAsyncResult        *result,
                                  gboolean            *was_running,
                                  GError             **error)
{
  gssize outcome = g_task_propagate_int (G_TASK (result), error);

  *was_running = outcome > 0;
  return outcome >= 0;
}

static gboolean
malt_scripted_worker_kill (MaltAbstractWorker  *worker,
                           int                  signum,
                           GError             **error)
{
  end (MALT_SCRIPTED_WORKER (worker), MALT_EXIT_REASON_KILLED, -1, TRUE);

  return TRUE;
}

static void
malt_scripted_worker_interface_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_scripted_worker_describe;
  iface->get_capabilities = malt_scripted_worker_get_capabilities;
  iface->is_running = malt_scripted_worker_is_running;
  iface->send_async = malt_scripted_worker_send_async;
  iface->send_finish = malt_scripted_worker_send_finish;
  iface->post = malt_scripted_worker_post;
  iface->stop_async = malt_scripted_worker_stop_async;
  iface->stop_finish = malt_scripted_worker_stop_finish;
  iface->kill = malt_scripted_worker_kill;
  iface->get_exit_report = malt_scripted_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_KILL | MALT_WORKER_CAPABILITY_REMOTE;
}

/* There is but the PID. */
static void
malt_scripted_worker_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  g_value_set_int (value, malt_script_get_pid ());
}

static void
malt_scripted_worker_finalize (GObject *object)
{
  MaltScriptedWorker *self = MALT_SCRIPTED_WORKER (object);

  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (malt_scripted_worker_parent_class)->finalize (object);
}

static void
malt_scripted_worker_class_init (MaltScriptedWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = malt_scripted_worker_finalize;
  object_class->get_property = malt_scripted_worker_get_property;
  g_object_class_install_property (object_class, 1,
                                   g_param_spec_int ("pid", NULL, NULL, G_MININT, G_MAXINT, 0,
                                                     G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
malt_scripted_worker_init (MaltScriptedWorker *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
}

void
malt_scripted_worker_register (void)
{
  g_io_extension_point_register (MALT_WORKER_EXTENSION_POINT);
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_SCRIPTED_WORKER,
                                  "scripted", 10);
}

void
malt_scripted_worker_exit (guint    index,
                           int      status,
                           gboolean is_told)
{
  g_autoptr (GListModel) workers = malt_list_running_workers ();
  g_autoptr (MaltScriptedWorker) worker = g_list_model_get_item (workers, index);

  if (worker != NULL)
    end (worker, MALT_EXIT_REASON_EXITED, status, is_told);
}

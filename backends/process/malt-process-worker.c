/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-worker.h"

#include "backends/process/malt-process-child.h"
#include "backends/process/malt-process-options.h"
#include "backends/process/malt-process-spares.h"
#include "backends/process/malt-process-start.h"

/**
 * MaltProcessWorker:
 *
 * Runs code in a process of its own, with fresh memory, namespaces and environment.
 *
 * What happens there cannot reach the manager: it may crash, hang, print without end or ignore
 * every signal but one. Its end is told by a [struct@ExitReport] within a tenth of a second.
 *
 * ```c
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error,
 *                                                             "working-directory", "/srv/data",
 *                                                             "call-timeout", 5000u,
 *                                                             NULL);
 * ```
 *
 * The options are its construct properties. By default it executes the malt-worker that was
 * installed with the library, or the program that the environment variable `MALT_WORKER` names.
 *
 * Dropping the last reference stops it, without waiting. Without the option `sandbox` the process has
 * every right of the user that the manager runs as.
 *
 * Since: 0.1
 */

/* `child` and `connection` are set once, in the monitor thread or, of a spare, in the caller's,
 * before the initialisation returns; NULL when it failed or has not been done. The child knows this only
 * through `events`, which hold no reference: it goes on ending when this is gone. */
struct _MaltProcessWorker
{
  GObject             parent_instance;

  MaltProcessOptions  options;    /* immutable after construction */
  GMainContext       *context;    /* immutable; owned, for signals */
  MaltRelayEvents  *events;     /* immutable after initialisation; owned, NULL before it */
  MaltProcessChild   *child;      /* immutable after initialisation; owned */
  MaltConnection     *connection; /* immutable after initialisation; owned */
};

enum
{
  PROP_N_PENDING = MALT_PROCESS_OPTION_LAST + 1,
  PROP_STDOUT_STREAM,
  PROP_STDERR_STREAM,
  PROP_DROPPED_OUTPUT,
  PROP_PID
};

static void malt_process_worker_abstract_worker_init  (MaltAbstractWorkerInterface *iface);
static void malt_process_worker_initable_init         (GInitableIface              *iface);
static void malt_process_worker_async_initable_init   (GAsyncInitableIface         *iface);

/* MaltAbstractWorker stands last: of a type that no GIR file describes, GJS before 1.86 sees the methods of
 * that interface only. */
G_DEFINE_FINAL_TYPE_WITH_CODE (
    MaltProcessWorker, malt_process_worker, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_process_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_process_worker_async_initable_init)
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_process_worker_abstract_worker_init))

static gboolean
check_started (MaltProcessWorker  *self,
               GError            **error)
{
  if (self->child != NULL)
    return TRUE;
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_FAILED,
                       "MaltProcessWorker has not been started");
  return FALSE;
}

static MaltWorkerCapabilities
malt_process_worker_get_capabilities (MaltAbstractWorker *worker)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  MaltWorkerCapabilities capabilities = MALT_ABSTRACT_WORKER_GET_IFACE (worker)->capabilities;

  if (self->options.sandbox.profile < MALT_SANDBOX_STRICT)
    capabilities &= (guint) ~MALT_WORKER_CAPABILITY_SANDBOX;
  return capabilities;
}

static char *
malt_process_worker_describe (MaltAbstractWorker *worker)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  if (self->child == NULL)
    return g_strdup ("MaltProcessWorker that has not been started");
  return g_strdup (malt_process_child_get_description (self->child));
}

static gboolean
malt_process_worker_is_running (MaltAbstractWorker *worker)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  return self->child != NULL && malt_process_child_get_report (self->child) == NULL;
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

  malt_relay_events_flush (MALT_PROCESS_WORKER (worker)->events);
  if (data->callback != NULL)
    data->callback (worker, result, data->user_data);
}

static void
malt_process_worker_send_async (MaltAbstractWorker  *worker,
                                MaltCall            *call,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  SendData *data;

  if (!check_started (self, &error))
    {
      g_task_report_error (self, callback, user_data, malt_process_worker_send_async,
                           g_steal_pointer (&error));
      return;
    }
  data = g_new (SendData, 1);
  data->callback = callback;
  data->user_data = user_data;
  task = g_task_new (self, cancellable, on_sent, data);
  g_task_set_source_tag (task, malt_process_worker_send_async);
  malt_connection_send_task (self->connection, call, task);
}

static GVariant *
malt_process_worker_send_finish (MaltAbstractWorker  *worker,
                                 GAsyncResult        *result,
                                 GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_process_worker_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_process_worker_send_sync (MaltAbstractWorker  *worker,
                               MaltCall            *call,
                               GCancellable        *cancellable,
                               GError             **error)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  if (!check_started (self, error))
    return NULL;
  return malt_connection_send_sync (self->connection, call, cancellable, error);
}

static gboolean
malt_process_worker_post (MaltAbstractWorker  *worker,
                          MaltCall            *call,
                          GError             **error)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  return check_started (self, error) && malt_connection_post (self->connection, call, error);
}

static gboolean
malt_process_worker_interrupt (MaltAbstractWorker  *worker,
                               GError             **error)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  return check_started (self, error)
         && malt_process_child_check_running (self->child, error)
         && malt_connection_interrupt (self->connection, error);
}

static void
malt_process_worker_stop_async (MaltAbstractWorker  *worker,
                                guint                exit_timeout_ms,
                                guint                term_timeout_ms,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_process_worker_stop_async);
  /* A stop that is through has succeeded, whatever happens to the cancellable meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_process_worker_is_running (worker))
    g_task_return_int (task, 0);
  else
    malt_process_child_stop (self->child, exit_timeout_ms, term_timeout_ms,
                             g_steal_pointer (&task));
}

static gboolean
malt_process_worker_stop_finish (MaltAbstractWorker  *worker,
                                 GAsyncResult        *result,
                                 gboolean            *was_running,
                                 GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), FALSE);

  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);
  gssize outcome = g_task_propagate_int (G_TASK (result), error);

  /* The program may end next, and with it what the monitor has not written yet. */
  if (outcome > 0)
    malt_relay_output_drain (malt_process_child_get_output (self->child));

  if (was_running != NULL)
    *was_running = outcome != 0;
  return outcome >= 0;
}

static gboolean
malt_process_worker_kill (MaltAbstractWorker  *worker,
                          int                  signum,
                          GError             **error)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  return check_started (self, error) && malt_process_child_kill (self->child, signum, error);
}

static MaltExitReport *
malt_process_worker_get_exit_report (MaltAbstractWorker *worker)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (worker);

  return self->child != NULL ? malt_process_child_get_report (self->child) : NULL;
}

static void
malt_process_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->get_capabilities = malt_process_worker_get_capabilities;
  iface->describe = malt_process_worker_describe;
  iface->is_running = malt_process_worker_is_running;
  iface->send_async = malt_process_worker_send_async;
  iface->send_finish = malt_process_worker_send_finish;
  iface->send_sync = malt_process_worker_send_sync;
  iface->post = malt_process_worker_post;
  iface->interrupt = malt_process_worker_interrupt;
  iface->stop_async = malt_process_worker_stop_async;
  iface->stop_finish = malt_process_worker_stop_finish;
  iface->kill = malt_process_worker_kill;
  iface->get_exit_report = malt_process_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_SANDBOX;
}

gboolean
malt_process_worker_detach (MaltProcessWorker  *self,
                            int                *data_fd,
                            int                *control_fd,
                            GError            **error)
{
  g_return_val_if_fail (MALT_IS_PROCESS_WORKER (self), FALSE);

  if (!check_started (self, error)
      || !malt_process_child_check_running (self->child, error)
      || !malt_connection_detach (self->connection, data_fd, control_fd, error))
    return FALSE;

  malt_relay_output_hold (malt_process_child_get_output (self->child));
  return TRUE;
}

void
malt_process_worker_drain (MaltProcessWorker *self)
{
  g_return_if_fail (MALT_IS_PROCESS_WORKER (self));

  malt_relay_output_drain (malt_process_child_get_output (self->child));
}

/* Takes child and connection. The initialisation that waits holds a reference on the worker. */
static void
take_child (MaltProcessWorker *self,
            MaltProcessChild  *child,
            MaltConnection    *connection)
{
  self->child = child;
  self->connection = connection;
  malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
}

static void
malt_process_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

/* Runs in the monitor thread. */
static void
on_started (MaltProcessChild *child,
            MaltConnection   *connection,
            GError           *error,
            gpointer          user_data)
{
  GTask *task = user_data;
  MaltProcessPlan *plan = g_task_get_task_data (task);

  if (child != NULL)
    {
      take_child (g_task_get_source_object (task), child, connection);
      if (plan->n_spares > 0)
        malt_process_spares_want (plan);
    }
  malt_return_task (task, child != NULL, error);
}

/* The monitor takes no part in it, and may see the child end at any moment. */
static gboolean
take_spare (MaltProcessWorker *self,
            MaltProcessPlan   *plan)
{
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (self);
  MaltProcessChild *child;
  MaltConnection *connection;

  if (plan->n_spares == 0
      || !malt_process_spares_take (plan, worker, self->context, &child, &connection))
    return FALSE;

  self->events = malt_relay_events_ref (malt_process_child_get_events (child));
  take_child (self, child, connection);
  if (malt_process_child_get_report (child) != NULL)
    malt_running_workers_remove (worker);
  return TRUE;
}

/* Takes the task. */
static void
start_cold (MaltProcessWorker *self,
            MaltProcessPlan   *plan,
            GTask             *task)
{
  /* There are some already after a start that has failed. */
  g_clear_pointer (&self->events, malt_relay_events_unref);
  self->events = malt_relay_events_new ();
  malt_relay_events_bind (self->events, MALT_ABSTRACT_WORKER (self), self->context);
  malt_process_plan_complete (plan, &self->options);
  g_task_set_task_data (task, malt_process_plan_ref (plan),
                        (GDestroyNotify) malt_process_plan_unref);
  malt_process_start (plan, self->events, g_task_get_cancellable (task), on_started, task);
}

static void
malt_process_worker_init_async (GAsyncInitable      *initable,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (initable);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (MaltProcessPlan) plan = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, malt_process_worker_init_async);
  g_task_set_priority (task, io_priority);
  /* What the start has come to is known to the start alone. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->child != NULL)
    {
      g_task_return_int (task, 1);
      return;
    }

  plan = malt_process_plan_new (&self->options, &error);
  if (plan == NULL)
    g_task_return_error (task, error);
  else if (!g_cancellable_is_cancelled (cancellable) && take_spare (self, plan))
    g_task_return_int (task, 1);
  else
    start_cold (self, plan, g_steal_pointer (&task));
}

static gboolean
malt_process_worker_init_finish (GAsyncInitable  *initable,
                                 GAsyncResult    *result,
                                 GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

static void
malt_process_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_process_worker_init_async;
  iface->init_finish = malt_process_worker_init_finish;
}

static void
malt_process_worker_dispose (GObject *object)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  if (self->events != NULL)
    malt_relay_events_detach (self->events);
  if (self->child != NULL)
    {
      malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
      if (malt_process_child_get_report (self->child) == NULL)
        malt_process_child_abandon (self->child);
    }
  G_OBJECT_CLASS (malt_process_worker_parent_class)->dispose (object);
}

static void
malt_process_worker_finalize (GObject *object)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  g_clear_pointer (&self->child, malt_process_child_unref);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  malt_process_options_clear (&self->options);
  G_OBJECT_CLASS (malt_process_worker_parent_class)->finalize (object);
}

static void
malt_process_worker_set_property (GObject      *object,
                                  guint         prop_id,
                                  const GValue *value,
                                  GParamSpec   *pspec)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  if (prop_id <= MALT_PROCESS_OPTION_LAST)
    malt_process_options_set (&self->options, prop_id, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static GInputStream *
dup_stream (MaltProcessWorker *self,
            guint              number)
{
  if (self->child == NULL)
    return NULL;
  return malt_relay_output_dup_stream (malt_process_child_get_output (self->child), number);
}

static void
malt_process_worker_get_property (GObject    *object,
                                  guint       prop_id,
                                  GValue     *value,
                                  GParamSpec *pspec)
{
  MaltProcessWorker *self = MALT_PROCESS_WORKER (object);

  switch (prop_id)
    {
    case PROP_N_PENDING:
      if (self->connection != NULL)
        g_value_set_uint (value, malt_connection_get_n_pending (self->connection));
      break;
    case PROP_PID:
      if (self->child != NULL)
        g_value_set_int (value, malt_process_child_get_pid (self->child));
      break;
    case PROP_STDOUT_STREAM:
      g_value_take_object (value, dup_stream (self, 1));
      break;
    case PROP_STDERR_STREAM:
      g_value_take_object (value, dup_stream (self, 2));
      break;
    case PROP_DROPPED_OUTPUT:
      if (self->child != NULL)
        g_value_set_uint64 (value, malt_relay_output_get_dropped (
                                       malt_process_child_get_output (self->child)));
      break;
    default:
      if (prop_id <= MALT_PROCESS_OPTION_LAST)
        malt_process_options_get (&self->options, prop_id, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_process_worker_class_init (MaltProcessWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_process_worker_dispose;
  object_class->finalize = malt_process_worker_finalize;
  object_class->set_property = malt_process_worker_set_property;
  object_class->get_property = malt_process_worker_get_property;

  malt_process_options_install (object_class);
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
      g_param_spec_int ("pid", "Process", "The process, 0 before the start", 0, G_MAXINT, 0, flags));
}

static void
malt_process_worker_init (MaltProcessWorker *self)
{
  self->context = g_main_context_ref_thread_default ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-worker.h"

#include "backends/in-process/malt-in-process-core.h"

/**
 * MaltInProcessWorker:
 *
 * Runs code in a thread of this process, with namespaces and an evaluator of its own.
 *
 * Values pass by reference, and a blocking call of a C function that finds the worker idle runs in
 * the calling thread:
 *
 * ```c
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("in-process", NULL, &error, NULL);
 * g_autoptr (GVariant) sum = malt_abstract_worker_remote_eval_fetch (worker, NULL, "1 + 1", NULL,
 *                                                                    NULL, &error);
 * ```
 *
 * The options are its construct properties. Dropping the last reference stops it, without waiting.
 *
 * It isolates nothing: what crashes in it takes the program along, what it prints is the program's
 * output, and a function that heeds nothing cannot be ended, which is why the option
 * `unresponsive-timeout` is an error.
 *
 * Since: 0.1
 */

/* What a worker of this backend cannot be asked for. */
#define UNRESPONSIVE_REASON "a worker in this process cannot be killed"

struct _MaltInProcessWorker
{
  GObject             parent_instance;

  MaltWorkerOptions   options;        /* immutable after construction */
  char               *module;         /* immutable after construction; owned */
  GMainContext       *signal_context; /* immutable; owned */
  MaltInProcessCore  *core;           /* owned; NULL until the initialisation has begun */
};

enum
{
  PROP_MODULE = MALT_WORKER_OPTION_LAST + 1,
  PROP_N_PENDING
};

static void malt_in_process_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface);
static void malt_in_process_worker_initable_init        (GInitableIface              *iface);
static void malt_in_process_worker_async_initable_init  (GAsyncInitableIface         *iface);

/* MaltAbstractWorker stands last: of a type that no GIR file describes, GJS before 1.86 sees the
 * methods of that interface only. */
G_DEFINE_FINAL_TYPE_WITH_CODE (
    MaltInProcessWorker, malt_in_process_worker, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_in_process_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_in_process_worker_async_initable_init)
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_in_process_worker_abstract_worker_init))

static gboolean
is_started (MaltInProcessWorker *self)
{
  return self->core != NULL && malt_in_process_core_is_started (self->core);
}

static gboolean
check_started (MaltInProcessWorker  *self,
               GError              **error)
{
  if (is_started (self))
    return TRUE;

  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_FAILED,
                       "MaltInProcessWorker has not been started");
  return FALSE;
}

static char *
malt_in_process_worker_describe (MaltAbstractWorker *worker)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  if (!is_started (self))
    return g_strdup ("MaltInProcessWorker that has not been started");

  return g_strdup (malt_in_process_core_get_description (self->core));
}

static gboolean
malt_in_process_worker_is_running (MaltAbstractWorker *worker)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  return is_started (self) && malt_in_process_core_get_report (self->core) == NULL;
}

static void
malt_in_process_worker_send_async (MaltAbstractWorker  *worker,
                                   MaltCall            *call,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, malt_in_process_worker_send_async);
  /* A call that was answered before it was cancelled has an answer. */
  g_task_set_check_cancellable (task, FALSE);
  if (check_started (self, &error))
    malt_in_process_core_send_task (self->core, call, task);
  else
    g_task_return_error (task, error);
}

static GVariant *
malt_in_process_worker_send_finish (MaltAbstractWorker  *worker,
                                    GAsyncResult        *result,
                                    GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_in_process_worker_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_in_process_worker_send_sync (MaltAbstractWorker  *worker,
                                  MaltCall            *call,
                                  GCancellable        *cancellable,
                                  GError             **error)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  if (!check_started (self, error))
    return NULL;

  return malt_in_process_core_send_sync (self->core, call, cancellable, error);
}

static gboolean
malt_in_process_worker_post (MaltAbstractWorker  *worker,
                             MaltCall            *call,
                             GError             **error)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  return check_started (self, error) && malt_in_process_core_post (self->core, call, error);
}

static gboolean
malt_in_process_worker_interrupt (MaltAbstractWorker  *worker,
                                  GError             **error)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  return check_started (self, error) && malt_in_process_core_interrupt (self->core, error);
}

static void
malt_in_process_worker_stop_async (MaltAbstractWorker  *worker,
                                   guint                exit_timeout_ms,
                                   guint                term_timeout_ms,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  guint64 timeout_ms = (guint64) exit_timeout_ms + term_timeout_ms;

  g_task_set_source_tag (task, malt_in_process_worker_stop_async);
  /* A stop that is through has succeeded, whatever happens to the cancellable meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_in_process_worker_is_running (worker))
    g_task_return_int (task, 0);
  else
    malt_in_process_core_stop (self->core, (guint) MIN (timeout_ms, G_MAXINT),
                               g_steal_pointer (&task));
}

static gboolean
malt_in_process_worker_stop_finish (MaltAbstractWorker  *worker,
                                    GAsyncResult        *result,
                                    gboolean            *was_running,
                                    GError             **error)
{
  gssize outcome;

  g_return_val_if_fail (g_task_is_valid (result, worker), FALSE);

  outcome = g_task_propagate_int (G_TASK (result), error);
  *was_running = outcome != 0;

  return outcome >= 0;
}

static MaltExitReport *
malt_in_process_worker_get_exit_report (MaltAbstractWorker *worker)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (worker);

  return is_started (self) ? malt_in_process_core_get_report (self->core) : NULL;
}

static void
malt_in_process_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_in_process_worker_describe;
  iface->is_running = malt_in_process_worker_is_running;
  iface->send_async = malt_in_process_worker_send_async;
  iface->send_finish = malt_in_process_worker_send_finish;
  iface->send_sync = malt_in_process_worker_send_sync;
  iface->post = malt_in_process_worker_post;
  iface->interrupt = malt_in_process_worker_interrupt;
  iface->stop_async = malt_in_process_worker_stop_async;
  iface->stop_finish = malt_in_process_worker_stop_finish;
  iface->get_exit_report = malt_in_process_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT;
}

/* What no GParamSpec can. */
static gboolean
check_options (MaltInProcessWorker  *self,
               GError              **error)
{
  const char *const module[] = { self->module, NULL };

  if (self->options.unresponsive_timeout_ms != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot use “%u” for option “unresponsive-timeout”: " UNRESPONSIVE_REASON,
                   self->options.unresponsive_timeout_ms);
      return FALSE;
    }
  if (self->module == NULL || *self->module == '\0')
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                           "Cannot use “” for option “module”: empty");
      return FALSE;
    }

  return malt_worker_options_check_utf8 ("module", module, error)
         && malt_worker_options_check (&self->options, error);
}

static void
malt_in_process_worker_init_async (GAsyncInitable      *initable,
                                   int                  io_priority,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (initable);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, malt_in_process_worker_init_async);
  g_task_set_priority (task, io_priority);
  /* What the start has come to is known to the start alone. */
  g_task_set_check_cancellable (task, FALSE);
  if (is_started (self))
    g_task_return_int (task, 1);
  else if (g_cancellable_set_error_if_cancelled (cancellable, &error)
           || !check_options (self, &error))
    g_task_return_error (task, error);
  else
    {
      /* There may be one whose start has failed. */
      g_clear_pointer (&self->core, malt_in_process_core_unref);
      self->core = malt_in_process_core_new (MALT_ABSTRACT_WORKER (self), &self->options,
                                             self->module, self->signal_context);
      malt_in_process_core_start (self->core, g_steal_pointer (&task));
    }
}

static gboolean
malt_in_process_worker_init_finish (GAsyncInitable  *initable,
                                    GAsyncResult    *result,
                                    GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

static void
malt_in_process_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_in_process_worker_init_async;
  iface->init_finish = malt_in_process_worker_init_finish;
}

static void
malt_in_process_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

static void
malt_in_process_worker_dispose (GObject *object)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (object);

  if (is_started (self))
    {
      malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
      malt_in_process_core_detach (self->core);
    }

  G_OBJECT_CLASS (malt_in_process_worker_parent_class)->dispose (object);
}

static void
malt_in_process_worker_finalize (GObject *object)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (object);

  g_clear_pointer (&self->core, malt_in_process_core_unref);
  g_clear_pointer (&self->signal_context, g_main_context_unref);
  g_clear_pointer (&self->module, g_free);
  malt_worker_options_clear (&self->options);

  G_OBJECT_CLASS (malt_in_process_worker_parent_class)->finalize (object);
}

static void
malt_in_process_worker_set_property (GObject      *object,
                                     guint         prop_id,
                                     const GValue *value,
                                     GParamSpec   *pspec)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (object);

  if (prop_id <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_set (&self->options, prop_id, value);
  else if (prop_id == PROP_MODULE)
    self->module = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_in_process_worker_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  MaltInProcessWorker *self = MALT_IN_PROCESS_WORKER (object);

  if (prop_id <= MALT_WORKER_OPTION_LAST)
    malt_worker_options_get (&self->options, prop_id, value);
  else if (prop_id == PROP_MODULE)
    g_value_set_string (value, self->module);
  else if (prop_id == PROP_N_PENDING)
    g_value_set_uint (value, self->core != NULL ? malt_in_process_core_get_n_pending (self->core)
                                                : 0);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_in_process_worker_class_init (MaltInProcessWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_in_process_worker_dispose;
  object_class->finalize = malt_in_process_worker_finalize;
  object_class->set_property = malt_in_process_worker_set_property;
  object_class->get_property = malt_in_process_worker_get_property;

  malt_worker_options_install (object_class);
  g_object_class_install_property (
      object_class, PROP_MODULE,
      g_param_spec_string ("module", "Module",
                           "Module of evaluations that name none",
                           "Main",
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (
      object_class, PROP_N_PENDING,
      g_param_spec_uint ("n-pending", "Pending calls",
                         "Calls that have not ended; changes are not notified",
                         0, G_MAXUINT, 0, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
malt_in_process_worker_init (MaltInProcessWorker *self)
{
  self->signal_context = g_main_context_ref_thread_default ();
}

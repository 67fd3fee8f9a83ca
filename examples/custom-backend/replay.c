/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend without a worker: it answers each call with what record.c wrote down for the same call,
 * in the order in which those ended. */

#include "recording.h"

typedef struct
{
  GObject         parent_instance;
  char           *file;      /* immutable after construction */
  GMainContext   *context;   /* immutable; owned: where "exited" is emitted */
  GMutex          lock;
  GHashTable     *recording; /* what has not been answered yet; protected by @lock */
  MaltExitReport *report;    /* NULL while it runs; protected by @lock */
} ReplayWorker;

typedef GObjectClass ReplayWorkerClass;

static GType replay_worker_get_type (void);
static void replay_worker_iface_init (MaltAbstractWorkerInterface *iface);
static void replay_worker_initable_init (GInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (ReplayWorker, replay_worker, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, replay_worker_initable_init)
  G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, NULL)
  G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, replay_worker_iface_init))

static char *
replay_worker_describe (MaltAbstractWorker *worker)
{
  g_autofree char *file = g_filename_display_name (((ReplayWorker *) worker)->file);

  return g_strdup_printf ("ReplayWorker of %s", file);
}

static MaltExitReport *
replay_worker_get_exit_report (MaltAbstractWorker *worker)
{
  ReplayWorker *self = (ReplayWorker *) worker;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->report;
}

/* FALSE: it has ended before. */
static gboolean
end (ReplayWorker *self, MaltExitReport *report)
{
  MaltAbstractWorker *worker = MALT_ABSTRACT_WORKER (self);
  gboolean was_running;

  g_mutex_lock (&self->lock);
  was_running = self->report == NULL;
  if (was_running)
    self->report = malt_exit_report_ref (report);
  g_mutex_unlock (&self->lock);

  malt_running_workers_remove (worker);
  if (was_running)
    malt_emit_exited (worker, self->context);
  return was_running;
}

static GVariant *
take_outcome (ReplayWorker *self, MaltCall *call)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return recording_take (self->recording, call);
}

/* Ends a call that was begun. (transfer full) */
static GVariant *
answer (ReplayWorker *self, MaltCall *call, GCancellable *cancellable, GError **error)
{
  MaltExitReport *report = replay_worker_get_exit_report (MALT_ABSTRACT_WORKER (self));
  g_autofree char *name = replay_worker_describe (MALT_ABSTRACT_WORKER (self));
  g_autoptr (GVariant) outcome = NULL;
  GError *failure = NULL;
  GVariant *value = NULL;

  if (report != NULL)
    failure = malt_error_new_terminated (name, report);
  else if (!g_cancellable_set_error_if_cancelled (cancellable, &failure)
           && (outcome = take_outcome (self, call)) == NULL)
    failure = g_error_new (MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION,
                           "“%s” has no other call of “%s” with these arguments", self->file,
                           malt_call_get_function (call));

  if (outcome != NULL)
    value = malt_call_end_with_outcome (call, outcome, &failure);
  else
    malt_call_end (call, -1, failure);
  if (failure == NULL)
    return value;

  /* A worker that had ended ends here, too; one that was stopped will be stopped again. */
  report = malt_error_get_exit_report (failure);
  if (report != NULL && malt_exit_report_get_reason (report) != MALT_EXIT_REASON_STOPPED)
    end (self, report);
  g_propagate_error (error, failure);
  return NULL;
}

static void
replay_worker_send_async (MaltAbstractWorker *worker, MaltCall *call, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  GError *error = NULL;
  GVariant *value = NULL;

  g_task_set_source_tag (task, replay_worker_send_async);
  if (malt_call_begin (call, &error))
    value = answer ((ReplayWorker *) worker, call, cancellable, &error);
  if (value != NULL)
    g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

/* Nobody would see what comes of it. */
static gboolean
replay_worker_post (MaltAbstractWorker *worker, MaltCall *call, GError **error)
{
  MaltExitReport *report = replay_worker_get_exit_report (worker);
  g_autofree char *name = replay_worker_describe (worker);

  if (report != NULL)
    g_propagate_error (error, malt_error_new_terminated (name, report));
  return report == NULL;
}

static void
replay_worker_stop_async (MaltAbstractWorker *worker, guint exit_timeout_ms,
                          guint term_timeout_ms, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  g_autoptr (MaltExitReport) report =
    malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, NULL, NULL);

  g_task_return_boolean (task, end ((ReplayWorker *) worker, report));
}

static gboolean
replay_worker_stop_finish (MaltAbstractWorker *worker, GAsyncResult *result, gboolean *was_running,
                           GError **error)
{
  *was_running = g_task_propagate_boolean (G_TASK (result), NULL);
  return TRUE;
}

static void
replay_worker_iface_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = replay_worker_describe;
  iface->send_async = replay_worker_send_async;
  iface->post = replay_worker_post;
  iface->stop_async = replay_worker_stop_async;
  iface->stop_finish = replay_worker_stop_finish;
  iface->get_exit_report = replay_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_ISOLATED;
}

static gboolean
replay_worker_start (GInitable *initable, GCancellable *cancellable, GError **error)
{
  ReplayWorker *self = (ReplayWorker *) initable;

  self->recording = recording_read (self->file, error);
  if (self->recording == NULL)
    return FALSE;

  malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
  return TRUE;
}

static void
replay_worker_initable_init (GInitableIface *iface)
{
  iface->init = replay_worker_start;
}

static void
replay_worker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  ((ReplayWorker *) object)->file = g_value_dup_string (value);
}

static void
replay_worker_finalize (GObject *object)
{
  ReplayWorker *self = (ReplayWorker *) object;

  malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
  g_clear_pointer (&self->recording, g_hash_table_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_main_context_unref (self->context);
  g_free (self->file);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (replay_worker_parent_class)->finalize (object);
}

static void
replay_worker_class_init (ReplayWorkerClass *klass)
{
  klass->set_property = replay_worker_set_property;
  klass->finalize = replay_worker_finalize;
  g_object_class_install_property (klass, 1, malt_param_spec_set_path (
    g_param_spec_string ("file", "File", "What “record” wrote", "malt.record",
                         G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS),
    MALT_PATH_KIND_FILE));
}

static void
replay_worker_init (ReplayWorker *self)
{
  g_mutex_init (&self->lock);
  self->context = g_main_context_ref_thread_default ();
}

MALT_DEFINE_PLUGIN (malt_replay, MALT_WORKER_EXTENSION_POINT, "replay", replay_worker_get_type ())

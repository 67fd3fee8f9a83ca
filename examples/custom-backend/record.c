/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend that writes down every call of another worker with its answer, a line each, so that what
 * went wrong for a user can be replayed (replay.c). Posts pass by: nobody sees their answers. */

#include <malt/malt-plugin.h>

/* function, arguments, keyword arguments, value; domain ("" for success), code and text of the
 * error, and of one from the worker its description, type and traceback. */
#define RECORD_LINE "(sv@a{sv}v(sissss))"
#define TEXT(text) ((text) != NULL ? (text) : "")

typedef struct
{
  GObject             parent_instance;
  char               *profile; /* or a backend */
  char               *file;
  MaltAbstractWorker *inner;   /* immutable after the start */
  GOutputStream      *output;  /* protected by @lock */
  GMutex              lock;
} RecordWorker;

typedef GObjectClass RecordWorkerClass;

enum { PROP_FILE = 1, PROP_PROFILE };

static GType record_worker_get_type (void);
static void record_worker_iface_init (MaltAbstractWorkerInterface *iface);
static void record_worker_initable_init (GInitableIface *iface);
static void record_worker_async_initable_init (GAsyncInitableIface *iface);

G_DEFINE_TYPE_WITH_CODE (RecordWorker, record_worker, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, record_worker_initable_init)
  G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, record_worker_async_initable_init)
  G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, record_worker_iface_init))

#define INNER(worker) (((RecordWorker *) (worker))->inner)

static void
write_line (RecordWorker *self, MaltCall *call, GVariant *value, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *remote = error != NULL ? malt_error_get_remote_message (error) : NULL;
  g_autoptr (GVariant) line = g_variant_ref_sink (g_variant_new (RECORD_LINE,
    malt_call_get_function (call), malt_call_get_args (call), malt_call_get_kwargs (call),
    value != NULL ? value : g_variant_new ("()"),
    error != NULL ? g_quark_to_string (error->domain) : "", error != NULL ? error->code : 0,
    remote != NULL ? remote : error != NULL ? error->message : "",
    remote != NULL ? TEXT (malt_error_get_worker (error)) : "",
    TEXT (malt_call_get_remote_type (call)), TEXT (malt_call_get_remote_traceback (call))));
  g_autofree char *text = g_variant_print (line, TRUE);
  g_autoptr (GError) failure = NULL;

  if (!g_output_stream_printf (self->output, NULL, NULL, &failure, "%s\n", text))
    g_warning ("Cannot write to “%s”: %s", self->file, failure->message);
}

static char *
record_worker_describe (MaltAbstractWorker *worker)
{
  g_autofree char *inner = malt_abstract_worker_describe (INNER (worker));

  return g_strdup_printf ("RecordWorker of %s to %s", inner, ((RecordWorker *) worker)->file);
}

static MaltWorkerCapabilities
record_worker_get_capabilities (MaltAbstractWorker *worker)
{
  return malt_abstract_worker_get_capabilities (INNER (worker));
}

static gboolean
record_worker_is_running (MaltAbstractWorker *worker)
{
  return INNER (worker) != NULL && malt_abstract_worker_is_running (INNER (worker));
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GVariant *value = malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &error);

  write_line (g_task_get_source_object (task), g_task_get_task_data (task), value, error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
}

/* The inner worker begins and ends the call, and heeds the cancellable. */
static void
record_worker_send_async (MaltAbstractWorker *worker, MaltCall *call, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (worker, NULL, callback, user_data);

  g_task_set_source_tag (task, record_worker_send_async);
  g_task_set_task_data (task, g_object_ref (call), g_object_unref);
  malt_abstract_worker_send_async (INNER (worker), call, cancellable, on_answer, task);
}

static GVariant *
record_worker_send_finish (MaltAbstractWorker *worker, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
record_worker_post (MaltAbstractWorker *worker, MaltCall *call, GError **error)
{
  return malt_abstract_worker_post (INNER (worker), call, error);
}

static gboolean
record_worker_interrupt (MaltAbstractWorker *worker, GError **error)
{
  return malt_abstract_worker_interrupt (INNER (worker), error);
}

static gboolean
record_worker_kill (MaltAbstractWorker *worker, int signum, GError **error)
{
  return malt_abstract_worker_kill (INNER (worker), signum, error);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  malt_running_workers_remove (g_task_get_source_object (task));
  g_task_return_pointer (task, g_object_ref (result), g_object_unref);
}

static void
record_worker_stop_async (MaltAbstractWorker *worker, guint exit_timeout_ms, guint term_timeout_ms,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  malt_abstract_worker_stop_async (INNER (worker), exit_timeout_ms, term_timeout_ms, cancellable,
                                   on_stopped, g_task_new (worker, NULL, callback, user_data));
}

static gboolean
record_worker_stop_finish (MaltAbstractWorker *worker, GAsyncResult *result, gboolean *was_running,
                           GError **error)
{
  g_autoptr (GAsyncResult) inner = g_task_propagate_pointer (G_TASK (result), NULL);

  return malt_abstract_worker_stop_finish (INNER (worker), inner, was_running, error);
}

static MaltExitReport *
record_worker_get_exit_report (MaltAbstractWorker *worker)
{
  return INNER (worker) != NULL ? malt_abstract_worker_get_exit_report (INNER (worker)) : NULL;
}

static void
record_worker_iface_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = record_worker_describe;
  iface->get_capabilities = record_worker_get_capabilities;
  iface->is_running = record_worker_is_running;
  iface->send_async = record_worker_send_async;
  iface->send_finish = record_worker_send_finish;
  iface->post = record_worker_post;
  iface->interrupt = record_worker_interrupt;
  iface->stop_async = record_worker_stop_async;
  iface->stop_finish = record_worker_stop_finish;
  iface->kill = record_worker_kill;
  iface->get_exit_report = record_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_SANDBOX
                        | MALT_WORKER_CAPABILITY_REMOTE;
}

static void
on_output (MaltAbstractWorker *inner, guint fd, GBytes *line, gpointer self)
{
  g_signal_emit_by_name (self, "output", fd, line);
}

static void
on_exited (MaltAbstractWorker *inner, MaltExitReport *report, gpointer self)
{
  malt_running_workers_remove (self);
  g_signal_emit_by_name (self, "exited", report);
}

/* Takes `inner`; NULL: it did not start. Of the two, only the outer one is a worker for others. */
static gboolean
take_inner (RecordWorker *self, MaltAbstractWorker *inner)
{
  self->inner = inner;
  if (inner == NULL)
    return FALSE;

  g_signal_connect_object (inner, "output", G_CALLBACK (on_output), self, 0);
  g_signal_connect_object (inner, "exited", G_CALLBACK (on_exited), self, 0);
  malt_running_workers_remove (inner);
  malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
  return TRUE;
}

static gboolean
open_output (RecordWorker *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->file);

  self->output = G_OUTPUT_STREAM (g_file_replace (file, NULL, FALSE, G_FILE_CREATE_PRIVATE,
                                                  cancellable, error));
  return self->output != NULL;
}

static gboolean
record_worker_start (GInitable *initable, GCancellable *cancellable, GError **error)
{
  RecordWorker *self = (RecordWorker *) initable;

  return open_output (self, cancellable, error)
         && take_inner (self, malt_create_worker_with_options (self->profile, NULL, cancellable,
                                                               error));
}

static void
record_worker_initable_init (GInitableIface *iface)
{
  iface->init = record_worker_start;
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (take_inner (g_task_get_source_object (task), malt_create_worker_finish (result, &error)))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Not in a thread, as the default does: the inner worker emits its signals where it is made. */
static void
record_worker_start_async (GAsyncInitable *initable, int priority, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  RecordWorker *self = (RecordWorker *) initable;
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  GError *error = NULL;

  if (open_output (self, cancellable, &error))
    malt_create_worker_async (self->profile, NULL, cancellable, on_started,
                              g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static gboolean
record_worker_start_finish (GAsyncInitable *initable, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
record_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = record_worker_start_async;
  iface->init_finish = record_worker_start_finish;
}

static void
record_worker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RecordWorker *self = (RecordWorker *) object;

  if (id == PROP_FILE)
    self->file = g_value_dup_string (value);
  else
    self->profile = g_value_dup_string (value);
}

static void
record_worker_finalize (GObject *object)
{
  RecordWorker *self = (RecordWorker *) object;

  malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
  g_clear_object (&self->inner);
  g_clear_object (&self->output);
  g_free (self->file);
  g_free (self->profile);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (record_worker_parent_class)->finalize (object);
}

static void
record_worker_class_init (RecordWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  klass->set_property = record_worker_set_property;
  klass->finalize = record_worker_finalize;
  g_object_class_install_property (klass, PROP_FILE, malt_param_spec_set_path (
    g_param_spec_string ("file", "File", "Where calls are written", "malt.record", flags),
    MALT_PATH_KIND_FILE));
  g_object_class_install_property (klass, PROP_PROFILE,
    g_param_spec_string ("profile", "Profile", "The profile or backend that is recorded",
                         "process", flags));
}

static void
record_worker_init (RecordWorker *self)
{
  g_mutex_init (&self->lock);
}

MALT_DEFINE_PLUGIN (malt_record, MALT_WORKER_EXTENSION_POINT, "record", record_worker_get_type ())

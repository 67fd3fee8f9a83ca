/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A backend without a worker: it answers each call with what record.c wrote down for the same call,
 * in the order in which they were answered. */

#include <malt/malt-plugin.h>

#define RECORD_LINE "(sva{sv}v(sissss))"

typedef struct
{
  GObject         parent_instance;
  char           *file;
  GMutex          lock;
  GPtrArray      *lines;  /* GVariant, owned, not answered yet; protected by @lock */
  MaltExitReport *report; /* NULL while it runs; protected by @lock */
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
  return g_strdup_printf ("ReplayWorker of %s", ((ReplayWorker *) worker)->file);
}

static MaltWorkerCapabilities
replay_worker_get_capabilities (MaltAbstractWorker *worker)
{
  return MALT_WORKER_CAPABILITY_ISOLATED;
}

static MaltExitReport *
replay_worker_get_exit_report (MaltAbstractWorker *worker)
{
  ReplayWorker *self = (ReplayWorker *) worker;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->report;
}

static gboolean
replay_worker_is_running (MaltAbstractWorker *worker)
{
  return replay_worker_get_exit_report (worker) == NULL;
}

/* The first line of the call, which is used up by it. (transfer full) (nullable) */
static GVariant *
take_line (ReplayWorker *self, MaltCall *call)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->lines->len; i++)
    {
      g_autoptr (GVariant) args = NULL;
      g_autoptr (GVariant) kwargs = NULL;
      const char *function;

      g_variant_get (self->lines->pdata[i], "(&sv@a{sv}v(sissss))", &function, &args, &kwargs,
                     NULL, NULL, NULL, NULL, NULL, NULL, NULL);
      if (g_str_equal (function, malt_call_get_function (call))
          && g_variant_equal (args, malt_call_get_args (call))
          && g_variant_equal (kwargs, malt_call_get_kwargs (call)))
        return g_ptr_array_steal_index (self->lines, i);
    }

  return NULL;
}

/* What happened then. (transfer full) */
static GVariant *
replay_line (GVariant *line, GError **error)
{
  const char *domain, *text, *from, *type, *traceback;
  GVariant *value;
  int code;

  g_variant_get (line, "(&sv@a{sv}v(&si&s&s&s&s))", NULL, NULL, NULL, &value, &domain, &code, &text,
                 &from, &type, &traceback);
  if (*domain == '\0')
    return value;

  g_variant_unref (value);
  g_propagate_error (error, *from != '\0'
                              ? malt_error_new_remote (code, from, text, type, traceback)
                              : g_error_new_literal (g_quark_from_string (domain), code, text));
  return NULL;
}

static GVariant *
answer (ReplayWorker *self, MaltCall *call, GCancellable *cancellable, GError **error)
{
  MaltExitReport *report = replay_worker_get_exit_report (MALT_ABSTRACT_WORKER (self));
  g_autofree char *name = replay_worker_describe (MALT_ABSTRACT_WORKER (self));
  g_autoptr (GVariant) line = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (report != NULL)
    g_propagate_error (error, malt_error_new_terminated (name, report));
  else if ((line = take_line (self, call)) == NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION,
                 "“%s” has no other call of “%s” with these arguments", self->file,
                 malt_call_get_function (call));

  return line != NULL ? replay_line (line, error) : NULL;
}

static void
replay_worker_send_async (MaltAbstractWorker *worker, MaltCall *call, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  GVariant *value = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, replay_worker_send_async);
  if (malt_call_begin (call, &error))
    {
      value = answer ((ReplayWorker *) worker, call, cancellable, &error);
      malt_call_end (call, -1, error);
    }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
}

static GVariant *
replay_worker_send_finish (MaltAbstractWorker *worker, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
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

static gboolean
end (ReplayWorker *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->report != NULL)
    return FALSE;
  self->report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, NULL, NULL);
  return TRUE;
}

static void
replay_worker_stop_async (MaltAbstractWorker *worker, guint exit_timeout_ms, guint term_timeout_ms,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  gboolean was_running = end ((ReplayWorker *) worker);

  malt_running_workers_remove (worker);
  if (was_running)
    g_signal_emit_by_name (worker, "exited", replay_worker_get_exit_report (worker));
  g_task_return_boolean (task, was_running);
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
  iface->get_capabilities = replay_worker_get_capabilities;
  iface->is_running = replay_worker_is_running;
  iface->send_async = replay_worker_send_async;
  iface->send_finish = replay_worker_send_finish;
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
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (self->file, &text, NULL, error))
    return FALSE;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      GVariant *line = g_variant_parse (G_VARIANT_TYPE (RECORD_LINE), lines[i], NULL, NULL, error);

      if (line == NULL)
        {
          g_prefix_error (error, "Cannot read “%s”, line %u: ", self->file, i + 1);
          return FALSE;
        }
      g_ptr_array_add (self->lines, line);
    }

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
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_ptr_array_unref (self->lines);
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
  self->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
}

MALT_DEFINE_PLUGIN (malt_replay, MALT_WORKER_EXTENSION_POINT, "replay", replay_worker_get_type ())

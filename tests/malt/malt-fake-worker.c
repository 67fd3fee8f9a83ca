/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fake-worker.h"

struct _MaltFakeWorker
{
  GObject         parent_instance;
  GHashTable     *options; /* name (static) → GValue, owned */
  MaltExitReport *report;  /* NULL while it runs */
  char           *last_post;
};

G_DEFINE_ENUM_TYPE (MaltFakeMode, malt_fake_mode,
                    G_DEFINE_ENUM_VALUE (MALT_FAKE_MODE_RELAY, "relay"),
                    G_DEFINE_ENUM_VALUE (MALT_FAKE_MODE_LINES, "lines"),
                    G_DEFINE_ENUM_VALUE (MALT_FAKE_MODE_STREAM, "stream"))

G_DEFINE_FLAGS_TYPE (MaltFakeFeatures, malt_fake_features,
                     G_DEFINE_ENUM_VALUE (MALT_FAKE_FEATURES_NONE, "none"),
                     G_DEFINE_ENUM_VALUE (MALT_FAKE_FEATURES_FAST, "fast"),
                     G_DEFINE_ENUM_VALUE (MALT_FAKE_FEATURES_SAFE, "safe"))

static void malt_fake_worker_interface_init (MaltAbstractWorkerInterface *iface);
static void malt_fake_worker_initable_init (GInitableIface *iface);

/* The default of GAsyncInitable runs init() in a thread, which is good enough here. */
G_DEFINE_FINAL_TYPE_WITH_CODE (
  MaltFakeWorker, malt_fake_worker, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_fake_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, NULL)
      G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_fake_worker_interface_init))

static char *
malt_fake_worker_describe (MaltAbstractWorker *worker)
{
  return g_strdup ("MaltFakeWorker");
}

static MaltExitReport *
malt_fake_worker_get_exit_report (MaltAbstractWorker *worker)
{
  return MALT_FAKE_WORKER (worker)->report;
}

static GVariant *
compute (MaltCall  *call,
         GError   **error)
{
  const char *function = malt_call_get_function (call);
  GVariant *args = malt_call_get_args (call);

  if (g_str_equal (function, "malt.eval"))
    return g_variant_ref (args);
  if (g_str_equal (function, "malt.ping") && g_variant_n_children (args) > 0)
    return g_variant_get_child_value (args, 0);
  if (g_str_equal (function, "malt.ping"))
    return g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
  if (g_str_equal (function, "malt.channel.open"))
    return g_variant_ref_sink (g_variant_new_object_path ("/fake/channel"));
  if (g_str_equal (function, "malt.channel.take"))
    return g_variant_ref_sink (g_variant_new_int64 (42));
  if (g_str_equal (function, "malt.channel.is_ready"))
    return g_variant_ref_sink (g_variant_new_boolean (TRUE));
  if (g_str_equal (function, "malt.channel.put") || g_str_equal (function, "malt.channel.wait"))
    return g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
  if (g_str_equal (function, "fake.kwargs"))
    return g_variant_ref (malt_call_get_kwargs (call));
  if (g_str_equal (function, "fake.thread"))
    return g_variant_ref_sink (
      g_variant_new_boolean (g_main_context_get_thread_default () != NULL));
  if (g_str_equal (function, "fake.progress"))
    {
      malt_call_emit_progress (call, 0.5, "half of it");
      return g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
    }

  if (g_str_equal (function, "fake.fail"))
    g_propagate_error (error,
                       malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, "MaltFakeWorker",
                                              "no luck", "fake.error", "fake:1"));
  else
    g_set_error (error, MALT_ERROR, MALT_ERROR_UNKNOWN_FUNCTION, "No function “%s”", function);

  return NULL;
}

/* Always calls malt_call_end(). */
static void
finish_call (GTask    *task,
             MaltCall *call)
{
  GError *error = NULL;
  GVariant *value = compute (call, &error);

  malt_call_end (call, 7, error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (malt_call_get_discard_result (call))
    {
      g_variant_unref (value);
      value = g_variant_ref_sink (g_variant_new_tuple (NULL, 0));
    }
  g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
}

#define HANDLER_KEY "malt-fake-handler"

/* In the task's context. */
static gboolean
end_cancelled (gpointer user_data)
{
  GTask *task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (GError) error = NULL;

  g_cancellable_disconnect (cancellable,
                            GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (task), HANDLER_KEY)));
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  malt_call_end (g_task_get_task_data (task), -1, error);
  g_task_return_error (task, g_steal_pointer (&error));

  return G_SOURCE_REMOVE;
}

/* In any thread: only posts. */
static void
cancelled (GCancellable *cancellable,
           gpointer      user_data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, end_cancelled, g_object_ref (user_data), g_object_unref);
  g_source_attach (source, g_task_get_context (user_data));
}

/* Not with a source of the cancellable: GLib 2.74 leaks one that goes away while it is cancelled.
 * */
static void
wait_for_cancellable (GTask *task)
{
  gulong handler = g_cancellable_connect (g_task_get_cancellable (task), G_CALLBACK (cancelled),
                                          g_object_ref (task), g_object_unref);

  g_object_set_data (G_OBJECT (task), HANDLER_KEY, GSIZE_TO_POINTER (handler));
}

static void
malt_fake_worker_send_async (MaltAbstractWorker  *worker,
                             MaltCall            *call,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  MaltFakeWorker *self = MALT_FAKE_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, malt_fake_worker_send_async);
  g_task_set_task_data (task, g_object_ref (call), g_object_unref);

  if (!malt_call_begin (call, &error))
    {
      g_task_return_error (task, error);
    }
  else if (self->report != NULL)
    {
      error = malt_error_new_terminated ("MaltFakeWorker", self->report);
      malt_call_end (call, -1, error);
      g_task_return_error (task, error);
    }
  else if (g_str_equal (malt_call_get_function (call), "fake.never"))
    {
      wait_for_cancellable (task);
    }
  else
    {
      finish_call (task, call);
    }
}

static gboolean
malt_fake_worker_post (MaltAbstractWorker  *worker,
                       MaltCall            *call,
                       GError             **error)
{
  MaltFakeWorker *self = MALT_FAKE_WORKER (worker);

  if (self->report != NULL)
    {
      g_propagate_error (error, malt_error_new_terminated ("MaltFakeWorker", self->report));
      return FALSE;
    }

  g_free (self->last_post);
  self->last_post = g_strdup (malt_call_get_function (call));
  return TRUE;
}

static void
malt_fake_worker_stop_async (MaltAbstractWorker  *worker,
                             guint                exit_timeout_ms,
                             guint                term_timeout_ms,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  MaltFakeWorker *self = MALT_FAKE_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  gboolean was_running = self->report == NULL;

  g_task_set_source_tag (task, malt_fake_worker_stop_async);
  if (was_running)
    self->report = malt_exit_report_new (MALT_EXIT_REASON_STOPPED, 0, 0, NULL, NULL, NULL);
  malt_running_workers_remove (worker);

  g_task_return_boolean (task, was_running);
}

static gboolean
malt_fake_worker_stop_finish (MaltAbstractWorker  *worker,
                              GAsyncResult        *result,
                              gboolean            *was_running,
                              GError             **error)
{
  g_autoptr (GError) local_error = NULL;

  *was_running = g_task_propagate_boolean (G_TASK (result), &local_error);
  if (local_error == NULL)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static void
malt_fake_worker_interface_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_fake_worker_describe;
  iface->send_async = malt_fake_worker_send_async;
  iface->post = malt_fake_worker_post;
  iface->stop_async = malt_fake_worker_stop_async;
  iface->stop_finish = malt_fake_worker_stop_finish;
  iface->get_exit_report = malt_fake_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_ISOLATED;
}

/* Fails when the option "text" says so. */
static gboolean
malt_fake_worker_initable_do (GInitable     *initable,
                              GCancellable  *cancellable,
                              GError       **error)
{
  MaltFakeWorker *self = MALT_FAKE_WORKER (initable);
  g_autofree char *text = malt_fake_worker_dup_option (self, "text");

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;

  if (g_str_equal (text, "'fail'"))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_START_FAILED, "Told to fail");
      return FALSE;
    }

  malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
  return TRUE;
}

static void
malt_fake_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_fake_worker_initable_do;
}

static void
free_value (gpointer data)
{
  g_value_unset (data);
  g_free (data);
}

static void
malt_fake_worker_set_property (GObject      *object,
                               guint         prop_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  GValue *copy = g_new0 (GValue, 1);

  g_value_init (copy, G_VALUE_TYPE (value));
  g_value_copy (value, copy);
  g_hash_table_insert (MALT_FAKE_WORKER (object)->options, (char *) pspec->name, copy);
}

static void
malt_fake_worker_get_property (GObject    *object,
                               guint       prop_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  GValue *stored = g_hash_table_lookup (MALT_FAKE_WORKER (object)->options, pspec->name);

  if (stored != NULL)
    g_value_copy (stored, value);
}

static void
malt_fake_worker_dispose (GObject *object)
{
  malt_running_workers_remove (MALT_ABSTRACT_WORKER (object));

  G_OBJECT_CLASS (malt_fake_worker_parent_class)->dispose (object);
}

static void
malt_fake_worker_finalize (GObject *object)
{
  MaltFakeWorker *self = MALT_FAKE_WORKER (object);

  g_clear_pointer (&self->options, g_hash_table_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->last_post, g_free);

  G_OBJECT_CLASS (malt_fake_worker_parent_class)->finalize (object);
}

static void
malt_fake_worker_class_init (MaltFakeWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GParamSpec *pspecs[] = {
    NULL,
    g_param_spec_boolean ("boolean", NULL, NULL, FALSE, flags),
    g_param_spec_char ("char", NULL, NULL, -8, 8, 0, flags),
    g_param_spec_uchar ("uchar", NULL, NULL, 0, 200, 0, flags),
    g_param_spec_int ("int", NULL, NULL, -100, 100, 0, flags),
    g_param_spec_uint ("uint", NULL, NULL, 1, 1000, 5, flags),
    g_param_spec_long ("long", NULL, NULL, G_MINLONG, G_MAXLONG, 0, flags),
    g_param_spec_ulong ("ulong", NULL, NULL, 0, G_MAXULONG, 0, flags),
    g_param_spec_int64 ("int64", NULL, NULL, -5, G_MAXINT64, 0, flags),
    g_param_spec_uint64 ("uint64", NULL, NULL, 0, G_MAXUINT64, 0, flags),
    g_param_spec_float ("float", NULL, NULL, 0, 2, 0, flags),
    g_param_spec_double ("double", NULL, NULL, -1, 1, 0, flags),
    g_param_spec_string ("text", NULL, NULL, "", flags),
    g_param_spec_boxed ("strings", NULL, NULL, G_TYPE_STRV, flags),
    g_param_spec_enum ("mode", NULL, NULL, MALT_TYPE_FAKE_MODE, MALT_FAKE_MODE_RELAY, flags),
    g_param_spec_flags ("features", NULL, NULL, MALT_TYPE_FAKE_FEATURES, 0, flags),
    g_param_spec_variant ("dict", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, flags),
    g_param_spec_object ("object", NULL, NULL, G_TYPE_OBJECT, flags),
    malt_param_spec_set_path (g_param_spec_string ("file", NULL, NULL, NULL, flags),
                              MALT_PATH_KIND_FILE),
    malt_param_spec_set_path (g_param_spec_boxed ("files", NULL, NULL, G_TYPE_STRV, flags),
                              MALT_PATH_KIND_FILE),
    malt_param_spec_set_path (g_param_spec_string ("program", NULL, NULL, NULL, flags),
                              MALT_PATH_KIND_PROGRAM),
    g_param_spec_uint ("n-pending", NULL, NULL, 0, 9, 0,
                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS),
    g_param_spec_uint ("later", NULL, NULL, 0, 9, 0, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS),
  };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_fake_worker_dispose;
  object_class->finalize = malt_fake_worker_finalize;
  object_class->set_property = malt_fake_worker_set_property;
  object_class->get_property = malt_fake_worker_get_property;
  g_object_class_install_properties (object_class, G_N_ELEMENTS (pspecs), pspecs);
}

static void
malt_fake_worker_init (MaltFakeWorker *self)
{
  self->options = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_value);
}

void
malt_fake_worker_register (void)
{
  g_io_extension_point_register (MALT_WORKER_EXTENSION_POINT);
  g_io_extension_point_implement (MALT_WORKER_EXTENSION_POINT, MALT_TYPE_FAKE_WORKER, "fake", 10);
}

MaltFakeWorker *
malt_fake_worker_new (void)
{
  return g_object_new (MALT_TYPE_FAKE_WORKER, NULL);
}

const char *
malt_fake_worker_get_last_post (MaltFakeWorker *self)
{
  return self->last_post;
}

char *
malt_fake_worker_dup_option (MaltFakeWorker *self,
                             const char     *name)
{
  GValue *value = g_hash_table_lookup (self->options, name);

  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    return g_strjoinv ("|", g_value_get_boxed (value));
  if (G_VALUE_HOLDS_STRING (value))
    return g_strdup_printf ("'%s'", g_value_get_string (value));
  if (G_VALUE_HOLDS_VARIANT (value))
    return g_variant_print (g_value_get_variant (value), TRUE);
  if (G_VALUE_HOLDS_ENUM (value))
    return g_strdup_printf ("%d", g_value_get_enum (value));
  if (G_VALUE_HOLDS_FLAGS (value))
    return g_strdup_printf ("%u", g_value_get_flags (value));

  return g_strdup_value_contents (value);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-worker.h"

#include "backends/distributed/malt-distributed-options.h"
#include "backends/distributed/malt-distributed-start.h"
#include "backends/distributed/malt-distributed-tls-files.h"

#include <string.h>

/* What a worker with a sandbox says in its hello, see docs/protocol.md. */
#define HELLO_CONFINED "seccomp"

/**
 * MaltDistributedWorker:
 *
 * Runs code in a process on another machine, a host on which the daemon malt-host runs.
 *
 * Hosts are found through NATS, by the pool that they belong to or by their name, or one is gone to
 * with ssh. What the worker is there, and what its sandbox is, says a profile of the host; the manager
 * only names it. Calls and their results travel directly between manager and host.
 *
 * ```c
 * g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("distributed", NULL, &error,
 *                                                             "pool", "render",
 *                                                             "call-timeout", 5000u,
 *                                                             NULL);
 * ```
 *
 * The options are its construct properties. A worker whose host is not heard of for the option `lease` is
 * ended there, and a second later is given up here.
 *
 * Dropping the last reference stops it, without waiting. It is not for calls that a process of this machine
 * could answer: each costs a network.
 *
 * Since: 0.1
 */

/* `session` and `connection` are set once, in the monitor thread, before the initialisation returns; NULL
 * when it failed or has not been done. The session knows this only through `events`, which hold no reference:
 * it goes on ending when this is gone. */
struct _MaltDistributedWorker
{
  GObject                 parent_instance;

  MaltDistributedOptions  options;     /* immutable after construction */
  GMainContext           *context;     /* immutable; owned, for signals */
  MaltRelayEvents        *events;      /* immutable after initialisation; owned, NULL before it */
  MaltDistributedSession *session;     /* immutable after initialisation; owned */
  MaltConnection         *connection;  /* immutable after initialisation; owned */
  gboolean                is_confined; /* immutable after initialisation: it says so */
};

enum
{
  PROP_N_PENDING = MALT_DISTRIBUTED_OPTION_LAST + 1,
  PROP_STDOUT_STREAM,
  PROP_STDERR_STREAM,
  PROP_DROPPED_OUTPUT,
  PROP_PID,
  PROP_HOST_NAME
};

static void malt_distributed_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface);
static void malt_distributed_worker_initable_init        (GInitableIface              *iface);
static void malt_distributed_worker_async_initable_init  (GAsyncInitableIface         *iface);

/* MaltAbstractWorker stands last: of a type that no GIR file describes, GJS before 1.86 sees the methods of
 * that interface only. */
G_DEFINE_FINAL_TYPE_WITH_CODE (
    MaltDistributedWorker, malt_distributed_worker, G_TYPE_OBJECT,
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_distributed_worker_initable_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_distributed_worker_async_initable_init)
    G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_distributed_worker_abstract_worker_init))

static gboolean
check_started (MaltDistributedWorker  *self,
               GError                **error)
{
  if (self->session != NULL)
    return TRUE;
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_FAILED,
                       "MaltDistributedWorker has not been started");
  return FALSE;
}

static MaltWorkerCapabilities
malt_distributed_worker_get_capabilities (MaltAbstractWorker *worker)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  MaltWorkerCapabilities capabilities = MALT_ABSTRACT_WORKER_GET_IFACE (worker)->capabilities;

  if (!self->is_confined)
    capabilities &= (guint) ~MALT_WORKER_CAPABILITY_SANDBOX;
  return capabilities;
}

static char *
malt_distributed_worker_describe (MaltAbstractWorker *worker)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  if (self->session == NULL)
    return g_strdup ("MaltDistributedWorker that has not been started");
  return g_strdup (malt_distributed_session_describe (self->session));
}

static gboolean
malt_distributed_worker_is_running (MaltAbstractWorker *worker)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  return self->session != NULL && malt_distributed_session_get_report (self->session) == NULL;
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

  malt_relay_events_flush (MALT_DISTRIBUTED_WORKER (worker)->events);
  if (data->callback != NULL)
    data->callback (worker, result, data->user_data);
}

static void
malt_distributed_worker_send_async (MaltAbstractWorker  *worker,
                                    MaltCall            *call,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  SendData *data;

  if (!check_started (self, &error))
    {
      g_task_report_error (self, callback, user_data, malt_distributed_worker_send_async,
                           g_steal_pointer (&error));
      return;
    }
  data = g_new (SendData, 1);
  data->callback = callback;
  data->user_data = user_data;
  task = g_task_new (self, cancellable, on_sent, data);
  g_task_set_source_tag (task, malt_distributed_worker_send_async);
  malt_connection_send_task (self->connection, call, task);
}

static GVariant *
malt_distributed_worker_send_finish (MaltAbstractWorker  *worker,
                                     GAsyncResult        *result,
                                     GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_distributed_worker_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_distributed_worker_send_sync (MaltAbstractWorker  *worker,
                                   MaltCall            *call,
                                   GCancellable        *cancellable,
                                   GError             **error)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  if (!check_started (self, error))
    return NULL;
  return malt_connection_send_sync (self->connection, call, cancellable, error);
}

static gboolean
malt_distributed_worker_post (MaltAbstractWorker  *worker,
                              MaltCall            *call,
                              GError             **error)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  return check_started (self, error) && malt_connection_post (self->connection, call, error);
}

static gboolean
malt_distributed_worker_interrupt (MaltAbstractWorker  *worker,
                                   GError             **error)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  return check_started (self, error)
         && malt_distributed_session_check (self->session, error)
         && malt_connection_interrupt (self->connection, error);
}

static void
malt_distributed_worker_stop_async (MaltAbstractWorker  *worker,
                                    guint                exit_timeout_ms,
                                    guint                term_timeout_ms,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_distributed_worker_stop_async);
  /* A stop that is through has succeeded, whatever happens to the cancellable meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_distributed_worker_is_running (worker))
    g_task_return_int (task, 0);
  else
    malt_distributed_session_stop (self->session, exit_timeout_ms, term_timeout_ms,
                             g_steal_pointer (&task));
}

static gboolean
malt_distributed_worker_stop_finish (MaltAbstractWorker  *worker,
                                     GAsyncResult        *result,
                                     gboolean            *was_running,
                                     GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), FALSE);

  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);
  gssize outcome = g_task_propagate_int (G_TASK (result), error);

  /* The program may end next, and with it what the monitor has not written yet. */
  if (outcome > 0)
    malt_relay_output_drain (malt_distributed_session_get_output (self->session));

  if (was_running != NULL)
    *was_running = outcome != 0;
  return outcome >= 0;
}

static gboolean
malt_distributed_worker_kill (MaltAbstractWorker  *worker,
                              int                  signum,
                              GError             **error)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  return check_started (self, error) && malt_distributed_session_kill (self->session, signum, error);
}

static MaltExitReport *
malt_distributed_worker_get_exit_report (MaltAbstractWorker *worker)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (worker);

  return self->session != NULL ? malt_distributed_session_get_report (self->session) : NULL;
}

static void
malt_distributed_worker_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->get_capabilities = malt_distributed_worker_get_capabilities;
  iface->describe = malt_distributed_worker_describe;
  iface->is_running = malt_distributed_worker_is_running;
  iface->send_async = malt_distributed_worker_send_async;
  iface->send_finish = malt_distributed_worker_send_finish;
  iface->send_sync = malt_distributed_worker_send_sync;
  iface->post = malt_distributed_worker_post;
  iface->interrupt = malt_distributed_worker_interrupt;
  iface->stop_async = malt_distributed_worker_stop_async;
  iface->stop_finish = malt_distributed_worker_stop_finish;
  iface->kill = malt_distributed_worker_kill;
  iface->get_exit_report = malt_distributed_worker_get_exit_report;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_REMOTE
                        | MALT_WORKER_CAPABILITY_SANDBOX;
}

static void
malt_distributed_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

static gboolean
is_confined (GVariant *hello)
{
  g_autofree const char **words = NULL;

  return g_variant_lookup (hello, "sandbox", "^a&s", &words)
         && g_strv_contains (words, HELLO_CONFINED);
}

/* Runs in the monitor thread. Takes the session. The initialisation that waits holds a reference on the
 * worker. */
static void
on_started (MaltDistributedSession *session,
            GVariant               *hello,
            GError                 *error,
            gpointer                user_data)
{
  GTask *task = user_data;
  MaltDistributedWorker *self = g_task_get_source_object (task);

  if (session != NULL)
    {
      self->session = session;
      self->connection = g_object_ref (malt_distributed_session_get_connection (session));
      self->is_confined = is_confined (hello);
      malt_running_workers_add (MALT_ABSTRACT_WORKER (self));
    }
  malt_return_task (task, session != NULL, error);
}

/* Takes the task. */
static void
start (MaltDistributedWorker *self,
       MaltDistributedTls    *tls,
       GTask                 *task)
{
  /* There are some already after a start that has failed. */
  g_clear_pointer (&self->events, malt_relay_events_unref);
  self->events = malt_relay_events_new ();
  malt_relay_events_bind (self->events, MALT_ABSTRACT_WORKER (self), self->context);
  malt_distributed_start (&self->options, tls, self->events, g_task_get_cancellable (task), on_started,
                          task);
}

static void
on_tls_loaded (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr (MaltDistributedTls) tls = malt_distributed_tls_files_load_finish (result, &error);

  if (tls != NULL)
    start (g_task_get_source_object (task), tls, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/* Takes the task. Relative names start where the program does now. */
static void
start_with_tls (MaltDistributedWorker *self,
                GTask                 *task)
{
  g_autofree char *certificate = g_canonicalize_filename (self->options.tls_certificate, NULL);
  g_autofree char *key = g_canonicalize_filename (self->options.tls_key, NULL);
  g_autofree char *authorities = g_canonicalize_filename (self->options.tls_ca, NULL);

  malt_distributed_tls_files_load_async (certificate, key, authorities, on_tls_loaded, task);
}

static void
malt_distributed_worker_init_async (GAsyncInitable      *initable,
                                    int                  io_priority,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (initable);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, malt_distributed_worker_init_async);
  g_task_set_priority (task, io_priority);
  /* What the start has come to is known to the start alone. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->session != NULL)
    g_task_return_int (task, 1);
  else if (!malt_distributed_options_check (&self->options, &error))
    g_task_return_error (task, error);
  else if (self->options.tls_ca != NULL)
    start_with_tls (self, g_steal_pointer (&task));
  else
    start (self, NULL, g_steal_pointer (&task));
}

static gboolean
malt_distributed_worker_init_finish (GAsyncInitable  *initable,
                                     GAsyncResult    *result,
                                     GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

static void
malt_distributed_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_distributed_worker_init_async;
  iface->init_finish = malt_distributed_worker_init_finish;
}

static void
malt_distributed_worker_dispose (GObject *object)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);

  if (self->events != NULL)
    malt_relay_events_detach (self->events);
  if (self->session != NULL)
    {
      malt_running_workers_remove (MALT_ABSTRACT_WORKER (self));
      if (malt_distributed_session_get_report (self->session) == NULL)
        malt_distributed_session_abandon (self->session);
    }
  G_OBJECT_CLASS (malt_distributed_worker_parent_class)->dispose (object);
}

static void
malt_distributed_worker_finalize (GObject *object)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);

  g_clear_pointer (&self->session, malt_distributed_session_unref);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->events, malt_relay_events_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  malt_distributed_options_clear (&self->options);
  G_OBJECT_CLASS (malt_distributed_worker_parent_class)->finalize (object);
}

static void
malt_distributed_worker_set_property (GObject      *object,
                                      guint         prop_id,
                                      const GValue *value,
                                      GParamSpec   *pspec)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);

  if (prop_id <= MALT_DISTRIBUTED_OPTION_LAST)
    malt_distributed_options_set (&self->options, prop_id, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static GInputStream *
dup_stream (MaltDistributedWorker *self,
            guint                  number)
{
  if (self->session == NULL)
    return NULL;
  return malt_relay_output_dup_stream (malt_distributed_session_get_output (self->session), number);
}

static void
malt_distributed_worker_get_property (GObject    *object,
                                      guint       prop_id,
                                      GValue     *value,
                                      GParamSpec *pspec)
{
  MaltDistributedWorker *self = MALT_DISTRIBUTED_WORKER (object);

  switch (prop_id)
    {
    case PROP_N_PENDING:
      if (self->connection != NULL)
        g_value_set_uint (value, malt_connection_get_n_pending (self->connection));
      break;
    case PROP_PID:
      if (self->session != NULL)
        g_value_set_int (value, malt_distributed_session_get_pid (self->session));
      break;
    case PROP_HOST_NAME:
      if (self->session != NULL)
        g_value_set_string (value, malt_distributed_session_get_host (self->session));
      break;
    case PROP_STDOUT_STREAM:
      g_value_take_object (value, dup_stream (self, 1));
      break;
    case PROP_STDERR_STREAM:
      g_value_take_object (value, dup_stream (self, 2));
      break;
    case PROP_DROPPED_OUTPUT:
      if (self->session != NULL)
        g_value_set_uint64 (value, malt_relay_output_get_dropped (
                                       malt_distributed_session_get_output (self->session)));
      break;
    default:
      if (prop_id <= MALT_DISTRIBUTED_OPTION_LAST)
        malt_distributed_options_get (&self->options, prop_id, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
malt_distributed_worker_class_init (MaltDistributedWorkerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_distributed_worker_dispose;
  object_class->finalize = malt_distributed_worker_finalize;
  object_class->set_property = malt_distributed_worker_set_property;
  object_class->get_property = malt_distributed_worker_get_property;

  malt_distributed_options_install (object_class);
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
      g_param_spec_int ("pid", "Process", "The process on its host, 0 before the start", 0, G_MAXINT, 0,
                        flags));
  g_object_class_install_property (
      object_class, PROP_HOST_NAME,
      g_param_spec_string ("host-name", "Host name", "The host that it is on, NULL before the start",
                           NULL, flags));
}

static void
malt_distributed_worker_init (MaltDistributedWorker *self)
{
  self->context = g_main_context_ref_thread_default ();
}

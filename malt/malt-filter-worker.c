/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-filter-worker.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-call-private.h"
#include "malt/malt-create-worker-private.h"
#include "malt/malt-error.h"
#include "malt/malt-forward-private.h"
#include "malt/malt-guard-private.h"
#include "malt/malt-running-workers-backend.h"

/* Workers around each other. More are a profile that, by itself or by others, is its own. */
#define MAX_DEPTH 8u

/**
 * MaltFilterWorker:
 *
 * The base of backends that are around a worker of another one: to record what it
 * is asked, to count, to hold up, to refuse.
 *
 * A type that derives from it, and implements nothing, is a worker that has all
 * done by the worker of the profile that its option `profile` names. It overrides
 * what is of interest to it: the functions of the class, or any function of
 * [iface@Malt.AbstractWorker], where it finds the others set. To decide which calls are sent,
 * `admit` is the one: it sees blocking calls, asynchronous ones and posts.
 *
 * ```c
 * static void
 * counting_worker_call_ended (MaltFilterWorker *worker,
 *                             MaltCall         *call,
 *                             GVariant         *value,
 *                             const GError     *error)
 * {
 *   g_atomic_int_inc (&n_calls);
 * }
 * ```
 *
 * To the program they are one worker: only the outer one is listed, it has the
 * signals of the inner one, and the name by which errors and logs know that. It is
 * for authors of backends, in `<malt/malt-plugin.h>`, and not for a program that
 * only wants to look at what its own calls answer.
 *
 * Since: 0.1
 */
typedef struct
{
  char               *profile; /* immutable after construction; nullable */
  MaltAbstractWorker *inner;   /* owned; set by the start and immutable then */
} MaltFilterWorkerPrivate;

enum
{
  PROP_PROFILE = 1
};

/* How many of them the calling thread is starting, one inside of the other. */
static _Thread_local guint n_starting;

static void malt_filter_worker_interface_init (MaltAbstractWorkerInterface *iface);
static void malt_filter_worker_initable_init (GInitableIface *iface);
static void malt_filter_worker_async_initable_init (GAsyncInitableIface *iface);

G_DEFINE_ABSTRACT_TYPE_WITH_CODE (
  MaltFilterWorker, malt_filter_worker, G_TYPE_OBJECT,
  G_ADD_PRIVATE (MaltFilterWorker)
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_filter_worker_initable_init)
      G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_filter_worker_async_initable_init)
        G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_filter_worker_interface_init))

static MaltAbstractWorker *
malt_filter_worker_real_get_inner (MaltAbstractWorker *worker)
{
  MaltFilterWorkerPrivate *priv =
    malt_filter_worker_get_instance_private (MALT_FILTER_WORKER (worker));

  return priv->inner;
}

/* One that is on its way already cannot, which is no end of it. */
static gboolean
can_begin (MaltCall *call)
{
  return !g_atomic_int_get (&call->on_its_way);
}

/* `call`: NULL if it had not begun. */
static void
call_ended (MaltAbstractWorker *worker,
            MaltCall           *call,
            GVariant           *value,
            const GError       *error)
{
  MaltFilterWorkerClass *klass = MALT_FILTER_WORKER_GET_CLASS (worker);

  if (call != NULL && klass->call_ended != NULL)
    klass->call_ended (MALT_FILTER_WORKER (worker), call, value, error);
}

static gboolean
admit (MaltAbstractWorker  *worker,
       MaltCall            *call,
       GError             **error)
{
  MaltFilterWorkerClass *klass = MALT_FILTER_WORKER_GET_CLASS (worker);
  GError *refusal = NULL;

  if (klass->admit == NULL || klass->admit (MALT_FILTER_WORKER (worker), call, &refusal))
    return TRUE;

  if (refusal == NULL)
    refusal = g_error_new (MALT_ERROR, MALT_ERROR_FAILED, "%s refuses a call of “%s”",
                           G_OBJECT_TYPE_NAME (worker), malt_call_get_function (call));
  g_propagate_error (error, refusal);

  return FALSE;
}

/* Like admit(). A call that is not admitted begins and ends, unless it is on its way already. */
static gboolean
admit_or_end (MaltAbstractWorker  *worker,
              MaltCall            *call,
              GError             **error)
{
  GError *refusal = NULL;

  if (admit (worker, call, &refusal))
    return TRUE;

  if (!malt_call_begin (call, error))
    {
      g_error_free (refusal);
      return FALSE;
    }

  malt_call_end (call, -1, refusal);
  call_ended (worker, call, NULL, refusal);
  g_propagate_error (error, refusal);

  return FALSE;
}

static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GVariant *value =
    malt_abstract_worker_send_finish (MALT_ABSTRACT_WORKER (source), result, &error);

  call_ended (g_task_get_source_object (task), g_task_get_task_data (task), value, error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, (GDestroyNotify) g_variant_unref);
}

/* The inner worker begins and ends the call, and heeds the cancellable. */
static void
malt_filter_worker_send_async (MaltAbstractWorker  *worker,
                               MaltCall            *call,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (worker, NULL, callback, user_data);
  GError *error = NULL;
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, &error);

  g_task_set_source_tag (task, malt_filter_worker_send_async);
  if (can_begin (call))
    g_task_set_task_data (task, g_object_ref (call), g_object_unref);
  if (inner != NULL && admit_or_end (worker, call, &error))
    malt_abstract_worker_send_async (inner, call, cancellable, on_sent, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/* The result may also be that of a send_async() of a type that derives from this one. */
static GVariant *
malt_filter_worker_send_finish (MaltAbstractWorker  *worker,
                                GAsyncResult        *result,
                                GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_filter_worker_send_sync (MaltAbstractWorker  *worker,
                              MaltCall            *call,
                              GCancellable        *cancellable,
                              GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);
  MaltCall *taken = can_begin (call) ? call : NULL;
  GError *failure = NULL;
  GVariant *value;

  if (inner == NULL || !admit_or_end (worker, call, error))
    return NULL;

  value = malt_abstract_worker_send (inner, call, cancellable, &failure);
  call_ended (worker, taken, value, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);

  return value;
}

static gboolean
malt_filter_worker_post (MaltAbstractWorker  *worker,
                         MaltCall            *call,
                         GError             **error)
{
  MaltAbstractWorker *inner = malt_forward_get_inner (worker, error);

  return inner != NULL && admit (worker, call, error)
         && malt_abstract_worker_post (inner, call, error);
}

static void
malt_filter_worker_interface_init (MaltAbstractWorkerInterface *iface)
{
  malt_forward_init_interface (iface, malt_filter_worker_real_get_inner);
  iface->send_async = malt_filter_worker_send_async;
  iface->send_finish = malt_filter_worker_send_finish;
  iface->send_sync = malt_filter_worker_send_sync;
  iface->post = malt_filter_worker_post;
  iface->capabilities = MALT_WORKER_CAPABILITY_INTERRUPT | MALT_WORKER_CAPABILITY_KILL
                        | MALT_WORKER_CAPABILITY_ISOLATED | MALT_WORKER_CAPABILITY_SANDBOX
                        | MALT_WORKER_CAPABILITY_REMOTE;
}

/* Signals of the inner worker come in the context that it was made in, and the outer one may be let
 * go of in any thread. */
static void
free_weak_ref (gpointer  data,
               GClosure *closure)
{
  GWeakRef *weak = data;

  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
on_output (MaltAbstractWorker *inner,
           guint               fd,
           GBytes             *line,
           gpointer            user_data)
{
  g_autoptr (MaltAbstractWorker) self = g_weak_ref_get (user_data);

  if (self != NULL)
    g_signal_emit_by_name (self, "output", fd, line);
}

static void
on_exited (MaltAbstractWorker *inner,
           MaltExitReport     *report,
           gpointer            user_data)
{
  g_autoptr (MaltAbstractWorker) self = g_weak_ref_get (user_data);

  if (self != NULL)
    g_signal_emit_by_name (self, "exited", report);
}

static void
forward_signal (MaltFilterWorker *self,
                const char       *signal,
                GCallback         handler)
{
  MaltFilterWorkerPrivate *priv = malt_filter_worker_get_instance_private (self);
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  g_signal_connect_data (priv->inner, signal, handler, weak, free_weak_ref, 0);
}

/* Takes `inner`; NULL: it did not start. */
static gboolean
take_inner (MaltFilterWorker   *self,
            MaltAbstractWorker *inner)
{
  MaltFilterWorkerPrivate *priv = malt_filter_worker_get_instance_private (self);

  if (inner == NULL)
    return FALSE;

  /* Of two starts at the same time, the first stays. */
  if (priv->inner != NULL)
    {
      g_object_unref (inner);
      return TRUE;
    }

  priv->inner = inner;
  forward_signal (self, "output", G_CALLBACK (on_output));
  forward_signal (self, "exited", G_CALLBACK (on_exited));
  malt_running_workers_show_as (inner, MALT_ABSTRACT_WORKER (self));

  return TRUE;
}

/* (transfer full): the options of the inner worker; NULL with an error. */
static GVariant *
prepare (MaltFilterWorker  *self,
         GCancellable      *cancellable,
         GError           **error)
{
  MaltFilterWorkerPrivate *priv = malt_filter_worker_get_instance_private (self);
  MaltFilterWorkerClass *klass = MALT_FILTER_WORKER_GET_CLASS (self);
  /* Not on the stack: bindings take references. */
  g_autoptr (GVariantDict) options = g_variant_dict_new (NULL);

  if (n_starting == MAX_DEPTH)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                   "Cannot start a worker of “%s” for %s: there are %u workers around it already, "
                   "so that it seems to be its own “profile”",
                   priv->profile != NULL ? priv->profile : "", G_OBJECT_TYPE_NAME (self),
                   MAX_DEPTH);
      return NULL;
    }
  if (klass->prepare != NULL
      && !malt_guard_check (G_OBJECT (self), "prepare",
                            klass->prepare (self, options, cancellable, error), error))
    return NULL;

  return g_variant_ref_sink (g_variant_dict_end (options));
}

static gboolean
malt_filter_worker_init_blocking (GInitable     *initable,
                                  GCancellable  *cancellable,
                                  GError       **error)
{
  MaltFilterWorker *self = MALT_FILTER_WORKER (initable);
  MaltFilterWorkerPrivate *priv = malt_filter_worker_get_instance_private (self);
  g_autoptr (GVariant) options = NULL;
  MaltAbstractWorker *inner;

  if (priv->inner != NULL)
    return TRUE;

  options = prepare (self, cancellable, error);
  if (options == NULL)
    return FALSE;

  n_starting++;
  inner = malt_create_worker_with_options (priv->profile, options, cancellable, error);
  n_starting--;

  return take_inner (self, inner);
}

static void
malt_filter_worker_initable_init (GInitableIface *iface)
{
  iface->init = malt_filter_worker_init_blocking;
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (take_inner (g_task_get_source_object (task), malt_create_worker_finish (result, &error)))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Not in a thread, as the default would: the inner worker emits its signals where it is made. */
static void
malt_filter_worker_init_async (GAsyncInitable      *initable,
                               int                  io_priority,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  MaltFilterWorker *self = MALT_FILTER_WORKER (initable);
  MaltFilterWorkerPrivate *priv = malt_filter_worker_get_instance_private (self);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (GVariant) options = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, malt_filter_worker_init_async);
  if (priv->inner != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  options = prepare (self, cancellable, &error);
  if (options == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  n_starting++;
  malt_create_worker_async (priv->profile, options, cancellable, on_started,
                            g_steal_pointer (&task));
  n_starting--;
}

static gboolean
malt_filter_worker_init_finish (GAsyncInitable  *initable,
                                GAsyncResult    *result,
                                GError         **error)
{
  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
malt_filter_worker_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_filter_worker_init_async;
  iface->init_finish = malt_filter_worker_init_finish;
}

static void
malt_filter_worker_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  MaltFilterWorkerPrivate *priv =
    malt_filter_worker_get_instance_private (MALT_FILTER_WORKER (object));

  if (prop_id == PROP_PROFILE)
    priv->profile = g_value_dup_string (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
malt_filter_worker_get_property (GObject    *object,
                                 guint       prop_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  MaltFilterWorkerPrivate *priv =
    malt_filter_worker_get_instance_private (MALT_FILTER_WORKER (object));

  if (prop_id == PROP_PROFILE)
    g_value_set_string (value, priv->profile);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

/* Somebody may hold the inner worker still. */
static void
malt_filter_worker_dispose (GObject *object)
{
  MaltFilterWorkerPrivate *priv =
    malt_filter_worker_get_instance_private (MALT_FILTER_WORKER (object));

  if (priv->inner != NULL)
    malt_running_workers_remove (priv->inner);

  G_OBJECT_CLASS (malt_filter_worker_parent_class)->dispose (object);
}

static void
malt_filter_worker_finalize (GObject *object)
{
  MaltFilterWorkerPrivate *priv =
    malt_filter_worker_get_instance_private (MALT_FILTER_WORKER (object));

  g_clear_object (&priv->inner);
  g_clear_pointer (&priv->profile, g_free);

  G_OBJECT_CLASS (malt_filter_worker_parent_class)->finalize (object);
}

static void
malt_filter_worker_class_init (MaltFilterWorkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_filter_worker_dispose;
  object_class->finalize = malt_filter_worker_finalize;
  object_class->set_property = malt_filter_worker_set_property;
  object_class->get_property = malt_filter_worker_get_property;

  /**
   * MaltFilterWorker:profile:
   *
   * The name of the profile or backend of the worker inside.
   *
   * Since: 0.1
   */
  g_object_class_install_property (
    object_class, PROP_PROFILE,
    g_param_spec_string ("profile", "Profile", "The profile or backend of the worker inside",
                         "process",
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS));
}

static void
malt_filter_worker_init (MaltFilterWorker *self)
{
}

/**
 * malt_filter_worker_get_inner:
 * @self: a worker around another one
 *
 * Gets the worker that does the work, for what is not to be filtered.
 *
 * Returns: (transfer none) (nullable): the inner worker, which lives as long as
 *   @self; %NULL before the start
 *
 * Since: 0.1
 */
MaltAbstractWorker *
malt_filter_worker_get_inner (MaltFilterWorker *self)
{
  g_return_val_if_fail (MALT_IS_FILTER_WORKER (self), NULL);

  return malt_filter_worker_real_get_inner (MALT_ABSTRACT_WORKER (self));
}

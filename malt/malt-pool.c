/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool.h"

#include "malt/malt-error.h"
#include "malt/malt-own-context.h"
#include "malt/malt-pool-private.h"
#include "malt/malt-pool-request-private.h"

/**
 * MaltPool:
 *
 * A worker made of workers: sends each call to one that has time for it, and replaces those that
 * crash.
 *
 * ```c
 * g_autoptr (MaltPool) pool = malt_pool_new ("process", 4, NULL, &error);
 * g_autoptr (GVariant) inputs = g_variant_ref_sink (g_variant_new_parsed ("[('a',), ('b',)]"));
 * g_autoptr (GVariant) sums = NULL;
 *
 * if (pool != NULL)
 *   sums = malt_pool_map (pool, "string.upper", inputs, NULL, &error);
 * ```
 *
 * All that can be done with a [iface@Malt.AbstractWorker] can be done with a pool. Interrupting it
 * interrupts the latest call; stopping or killing it ends all its workers. A call that finds no
 * worker idle waits in the pool, and its time-out with it: that counts from the start in the
 * worker. A worker that ends takes its own calls along, which fail with
 * %MALT_ERROR_TERMINATED_WORKER, and no other; another is started in its place, a little
 * later each time in a row that this happens. When five starts in a row have failed and no worker
 * is left, calls fail with the reason, until a start succeeds. A worker that soon ends without
 * having had a call, or cannot evaluate what all are to, has not started.
 *
 * A pool is a list of its workers, [class@Malt.PoolWorker]s, oldest first. It changes in the main
 * context that was the thread-default one where the pool was created, and may be used there only;
 * everything else may be used in any thread.
 *
 * Its workers do not share state. What all of them need is set with
 * [method@Malt.Pool.eval_everywhere], or in their profile. Channels live in one worker: ask an
 * item of the list for them. Letting go of the last reference stops the workers.
 *
 * Since: 0.1
 */
static void malt_pool_abstract_worker_init (MaltAbstractWorkerInterface *iface);
static void malt_pool_initable_init        (GInitableIface              *iface);
static void malt_pool_async_initable_init  (GAsyncInitableIface         *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (
  MaltPool, malt_pool, G_TYPE_OBJECT,
  G_IMPLEMENT_INTERFACE (MALT_TYPE_ABSTRACT_WORKER, malt_pool_abstract_worker_init)
    G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, malt_pool_initable_init)
      G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE, malt_pool_async_initable_init)
        G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, malt_pool_list_model_init))

static char *
malt_pool_describe (MaltAbstractWorker *worker)
{
  return g_strdup (MALT_POOL (worker)->core->description);
}

/* Those of the first: the others are made as it was. */
static MaltWorkerCapabilities
malt_pool_get_capabilities (MaltAbstractWorker *worker)
{
  MaltPoolCore *core = MALT_POOL (worker)->core;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  return core->capabilities;
}

static gboolean
malt_pool_is_running (MaltAbstractWorker *worker)
{
  MaltPoolCore *core = MALT_POOL (worker)->core;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  return core->phase == MALT_POOL_PHASE_RUNNING || core->phase == MALT_POOL_PHASE_ENDING;
}

static void
malt_pool_send_async (MaltAbstractWorker  *worker,
                      MaltCall            *call,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (worker, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_pool_send_async);
  /* A call that was answered before it was cancelled has an answer. */
  g_task_set_check_cancellable (task, FALSE);
  malt_pool_core_send_task (MALT_POOL (worker)->core, call, task);
}

static GVariant *
malt_pool_send_finish (MaltAbstractWorker  *worker,
                       GAsyncResult        *result,
                       GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, worker), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_pool_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static GVariant *
malt_pool_send_sync (MaltAbstractWorker  *worker,
                     MaltCall            *call,
                     GCancellable        *cancellable,
                     GError             **error)
{
  return malt_pool_core_send_sync (MALT_POOL (worker)->core, call, cancellable, error);
}

static gboolean
malt_pool_post (MaltAbstractWorker  *worker,
                MaltCall            *call,
                GError             **error)
{
  return malt_pool_core_post (MALT_POOL (worker)->core, call, error);
}

static gboolean
malt_pool_interrupt (MaltAbstractWorker  *worker,
                     GError             **error)
{
  return malt_pool_core_interrupt (MALT_POOL (worker)->core, error);
}

static void
malt_pool_stop_async (MaltAbstractWorker  *worker,
                      guint                exit_timeout_ms,
                      guint                term_timeout_ms,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  GTask *task = g_task_new (worker, cancellable, callback, user_data);

  g_task_set_source_tag (task, malt_pool_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  malt_pool_core_stop (MALT_POOL (worker)->core, exit_timeout_ms, term_timeout_ms, task);
}

static gboolean
malt_pool_stop_finish (MaltAbstractWorker  *worker,
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

static gboolean
malt_pool_kill (MaltAbstractWorker  *worker,
                int                  signum,
                GError             **error)
{
  return malt_pool_core_kill (MALT_POOL (worker)->core, signum, error);
}

static MaltExitReport *
malt_pool_get_exit_report (MaltAbstractWorker *worker)
{
  MaltPoolCore *core = MALT_POOL (worker)->core;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  return core->report;
}

static void
malt_pool_abstract_worker_init (MaltAbstractWorkerInterface *iface)
{
  iface->describe = malt_pool_describe;
  iface->get_capabilities = malt_pool_get_capabilities;
  iface->is_running = malt_pool_is_running;
  iface->send_async = malt_pool_send_async;
  iface->send_finish = malt_pool_send_finish;
  iface->send_sync = malt_pool_send_sync;
  iface->post = malt_pool_post;
  iface->interrupt = malt_pool_interrupt;
  iface->stop_async = malt_pool_stop_async;
  iface->stop_finish = malt_pool_stop_finish;
  iface->kill = malt_pool_kill;
  iface->get_exit_report = malt_pool_get_exit_report;
}

static void
malt_pool_init_async (GAsyncInitable      *initable,
                      int                  io_priority,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  MaltPool *self = MALT_POOL (initable);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, malt_pool_init_async);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);
  if (malt_pool_is_running (MALT_ABSTRACT_WORKER (self)))
    g_task_return_int (task, 1);
  else if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    g_task_return_error (task, error);
  else if (self->core->source != NULL)
    g_task_return_new_error (task, MALT_ERROR, MALT_ERROR_FAILED,
                             "%s cannot be started again", self->core->description);
  else
    malt_pool_core_start (self->core, g_steal_pointer (&task));
}

static gboolean
malt_pool_init_finish (GAsyncInitable  *initable,
                       GAsyncResult    *result,
                       GError         **error)
{
  MaltPool *self = MALT_POOL (initable);

  g_return_val_if_fail (g_task_is_valid (result, initable), FALSE);

  if (g_task_propagate_int (G_TASK (result), error) <= 0)
    return FALSE;

  /* What the list says is right from the start, unless somebody else runs its context. */
  if (g_main_context_acquire (self->core->context))
    {
      malt_pool_refresh_list (self);
      g_main_context_release (self->core->context);
    }

  return TRUE;
}

static void
malt_pool_async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = malt_pool_init_async;
  iface->init_finish = malt_pool_init_finish;
}

static void
malt_pool_initable_init (GInitableIface *iface)
{
  iface->init = malt_own_context_init;
}

static void
malt_pool_dispose (GObject *object)
{
  MaltPool *self = MALT_POOL (object);

  malt_pool_core_abandon (self->core);

  G_OBJECT_CLASS (malt_pool_parent_class)->dispose (object);
}

static void
malt_pool_finalize (GObject *object)
{
  MaltPool *self = MALT_POOL (object);

  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->core, malt_pool_core_unref);

  G_OBJECT_CLASS (malt_pool_parent_class)->finalize (object);
}

static void
malt_pool_class_init (MaltPoolClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_pool_dispose;
  object_class->finalize = malt_pool_finalize;
  malt_pool_properties_install (object_class);

  /**
   * MaltPool::map-progress:
   * @self: the pool
   * @done: how many inputs are done
   * @total: how many there are
   *
   * Is emitted while [method@Malt.Pool.map_async] or its like is on its way, in the main context
   * that it was called in. Not for every input when they are done quickly, but for the last one.
   *
   * Since: 0.1
   */
  g_signal_new ("map-progress", MALT_TYPE_POOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                2, G_TYPE_UINT, G_TYPE_UINT);
}

static void
malt_pool_init (MaltPool *self)
{
  self->core = malt_pool_core_new (self);
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * malt_pool_new:
 * @profile: (nullable): a profile or backend; %NULL for the default
 * @size: how many workers, at most 1024; 0 for one a processor
 * @cancellable: (nullable): ends the start
 * @error: return location for an error
 *
 * Creates a pool and blocks until all its workers have started. Other settings are properties:
 * construct it with g_initable_new() for them.
 *
 * Errors: those of [func@Malt.create_worker_with_options], of the first worker that cannot be
 * started; no worker is left then.
 *
 * Returns: (transfer full): the pool; %NULL on error
 *
 * Since: 0.1
 */
MaltPool *
malt_pool_new (const char    *profile,
               guint          size,
               GCancellable  *cancellable,
               GError       **error)
{
  g_return_val_if_fail (size <= MALT_POOL_MAX_SIZE, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_initable_new (MALT_TYPE_POOL, cancellable, error, "profile", profile,
                         "size", size, NULL);
}

/**
 * malt_pool_new_async:
 * @profile: (nullable): a profile or backend; %NULL for the default
 * @size: how many workers, at most 1024; 0 for one a processor
 * @cancellable: (nullable): ends the start
 * @callback: (scope async) (nullable): called when all its workers have started, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Creates a pool.
 *
 * [ctor@Malt.Pool.new_finish] gets the outcome;
 * [ctor@Malt.Pool.new] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_pool_new_async (const char          *profile,
                     guint                size,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_return_if_fail (size <= MALT_POOL_MAX_SIZE);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_async_initable_new_async (MALT_TYPE_POOL, G_PRIORITY_DEFAULT, cancellable, callback, user_data,
                              "profile", profile, "size", size, NULL);
}

/**
 * malt_pool_new_finish:
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [func@Malt.Pool.new_async].
 *
 * Errors: those of [ctor@Malt.Pool.new].
 *
 * Returns: (transfer full): the pool; %NULL on error
 *
 * Since: 0.1
 */
MaltPool *
malt_pool_new_finish (GAsyncResult  *result,
                      GError       **error)
{
  g_autoptr (GObject) source = NULL;
  GObject *pool;

  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  source = g_async_result_get_source_object (result);
  pool = g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, error);

  return pool != NULL ? MALT_POOL (pool) : NULL;
}

/**
 * malt_pool_drain_async:
 * @self: a pool
 * @cancellable: (nullable): ends the wait; the pool takes no calls all the same
 * @callback: (scope async) (nullable): called when the last call is over, in the thread-default
 *   main context
 * @user_data: data for @callback
 *
 * Takes no more calls, which fail with %MALT_ERROR_FAILED from now on, and waits for those
 * that are there, and for maps that have begun. What remains to be done is to stop the pool.
 *
 * [method@Malt.Pool.drain_finish] gets the outcome.
 *
 * Since: 0.1
 */
void
malt_pool_drain_async (MaltPool            *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (MALT_IS_POOL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_pool_drain_async);
  g_task_set_check_cancellable (task, FALSE);
  malt_pool_core_drain (self->core, task);
}

/**
 * malt_pool_drain_finish:
 * @self: a pool
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Pool.drain_async].
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the pool has ended, or is stopped first;
 * %MALT_ERROR_FAILED if it has not been started; %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether no call is left
 *
 * Since: 0.1
 */
gboolean
malt_pool_drain_finish (MaltPool      *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (MALT_IS_POOL (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

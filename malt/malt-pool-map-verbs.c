/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-error.h"
#include "malt/malt-own-context.h"

static gboolean
is_container (GVariant *inputs)
{
  return g_variant_is_of_type (inputs, G_VARIANT_TYPE_ARRAY)
         || g_variant_is_of_type (inputs, G_VARIANT_TYPE_TUPLE);
}

/* Sinks the inputs; NULL if there is nothing to go through. (transfer full) */
static GTask *
new_task (MaltPool            *self,
          gpointer             tag,
          GVariant            *inputs,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  if (is_container (inputs))
    return g_steal_pointer (&task);

  g_task_return_new_error (task, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                           "Cannot go through a value of type “%s”: expected an array or a tuple "
                           "of tuples, the arguments of each call",
                           g_variant_get_type_string (inputs));
  return NULL;
}

/**
 * malt_pool_map_async:
 * @self: a pool
 * @function: the name of the function, `module.function`, UTF-8
 * @inputs: an array or a tuple; each child is the tuple of the arguments of one call, or a
 *   variant that holds it. A floating reference is taken.
 * @cancellable: (nullable): ends all calls at once
 * @callback: (scope async) (nullable): called when all calls are over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Calls a function once for each input, in all workers of the pool. “map-progress” tells how far
 * that is.
 *
 * [method@Malt.Pool.map_finish] gets the outcome;
 * [method@Malt.Pool.map] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_pool_map_async (MaltPool            *self,
                     const char          *function,
                     GVariant            *inputs,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_autoptr (GVariant) owned = NULL;
  GTask *task;

  g_return_if_fail (MALT_IS_POOL (self));
  g_return_if_fail (function != NULL && *function != '\0' && g_utf8_validate (function, -1, NULL));
  g_return_if_fail (inputs != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  owned = g_variant_ref_sink (inputs);
  task = new_task (self, malt_pool_map_async, owned, cancellable, callback, user_data);
  if (task != NULL)
    malt_pool_map_start (self, function, owned, NULL, NULL, task);
}

/**
 * malt_pool_map_finish:
 * @self: a pool
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Pool.map_async].
 *
 * Errors: those of [method@Malt.Pool.map].
 *
 * Returns: (transfer full): an `av`, the results in the order of the inputs; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_pool_map_finish (MaltPool      *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  g_return_val_if_fail (MALT_IS_POOL (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_pool_map_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_task_propagate_int (G_TASK (result), error) <= 0)
    return NULL;

  return g_variant_ref (g_task_get_task_data (G_TASK (result)));
}

/**
 * malt_pool_map:
 * @self: a pool
 * @function: the name of the function, `module.function`, UTF-8
 * @inputs: an array or a tuple; each child is the tuple of the arguments of one call, or a
 *   variant that holds it. A floating reference is taken.
 * @cancellable: (nullable): ends all calls at once
 * @error: return location for an error
 *
 * Calls a function once for each input, in all workers of the pool, and blocks until all calls are
 * over.
 *
 * Only a few calls a worker are on their way at a time, however many inputs there are. The first
 * that fails ends all; [method@Malt.Pool.map_each_async] goes on.
 *
 * Errors: those of [method@Malt.AbstractWorker.send], of the first call that failed: the message
 * begins with the index of its input, and the others have been cancelled;
 * %MALT_ERROR_SERIALIZATION if @inputs is no array or tuple, or a child of it no tuple;
 * %MALT_ERROR_LIMIT if there are more than 2³¹ − 1 of them;
 * %MALT_ERROR_FAILED if the pool is being drained; %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): an `av`, the results in the order of the inputs; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_pool_map (MaltPool      *self,
               const char    *function,
               GVariant      *inputs,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_POOL (self), NULL);
  g_return_val_if_fail (function != NULL && *function != '\0'
                          && g_utf8_validate (function, -1, NULL), NULL);
  g_return_val_if_fail (inputs != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  own = malt_own_context_new ();
  malt_pool_map_async (self, function, inputs, cancellable, malt_own_context_return, own);

  return malt_pool_map_finish (self, malt_own_context_wait (own), error);
}

/* What the caller gave for its function lives until the callback has run. */
typedef struct
{
  gpointer       data;
  GDestroyNotify destroy;
} FuncData;

static void
func_data_free (gpointer data)
{
  FuncData *self = data;

  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}

/**
 * malt_pool_map_each_async:
 * @self: a pool
 * @function: the name of the function, `module.function`, UTF-8
 * @inputs: an array or a tuple; each child is the tuple of the arguments of one call, or a
 *   variant that holds it. A floating reference is taken.
 * @func: (scope notified) (closure func_data) (destroy func_destroy): called for each result as
 *   soon as it is there, in any order, in the thread-default main context
 * @func_data: data for @func
 * @func_destroy: (nullable): what frees @func_data
 * @cancellable: (nullable): ends all calls at once
 * @callback: (scope async) (nullable): called when all calls are over, in the thread-default main
 *   context
 * @user_data: data for @callback
 *
 * Calls a function once for each input, in all workers of the pool, and hands over the results
 * one by one. A call that fails is one result; the others go on.
 *
 * Nothing is kept: further calls are made when @func has had the results of earlier ones.
 *
 * [method@Malt.Pool.map_each_finish] gets the outcome.
 *
 * Since: 0.1
 */
void
malt_pool_map_each_async (MaltPool            *self,
                          const char          *function,
                          GVariant            *inputs,
                          MaltPoolMapFunc      func,
                          gpointer             func_data,
                          GDestroyNotify       func_destroy,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr (GVariant) owned = NULL;
  FuncData *data;
  GTask *task;

  g_return_if_fail (MALT_IS_POOL (self));
  g_return_if_fail (function != NULL && *function != '\0' && g_utf8_validate (function, -1, NULL));
  g_return_if_fail (inputs != NULL && func != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  owned = g_variant_ref_sink (inputs);
  data = g_new (FuncData, 1);
  data->data = func_data;
  data->destroy = func_destroy;
  task = new_task (self, malt_pool_map_each_async, owned, cancellable, callback, user_data);
  if (task == NULL)
    {
      func_data_free (data);
      return;
    }

  g_task_set_task_data (task, data, func_data_free);
  malt_pool_map_start (self, function, owned, func, func_data, task);
}

/**
 * malt_pool_map_each_finish:
 * @self: a pool
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Pool.map_each_async].
 *
 * Errors: %MALT_ERROR_SERIALIZATION if the inputs are no array or tuple;
 * %MALT_ERROR_LIMIT if there are more than 2³¹ − 1 of them;
 * %MALT_ERROR_TERMINATED_WORKER if the pool has ended; %MALT_ERROR_FAILED if it is being drained;
 * %G_IO_ERROR_CANCELLED if it was cancelled, or the function did not want to go on.
 *
 * Returns: whether all results have been handed over, failures among them
 *
 * Since: 0.1
 */
gboolean
malt_pool_map_each_finish (MaltPool      *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (MALT_IS_POOL (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_pool_map_each_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

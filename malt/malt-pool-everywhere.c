/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-own-context.h"
#include "malt/malt-pool-private.h"

/**
 * malt_pool_eval_everywhere_async:
 * @self: a pool
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for `Main`. One that does not
 *   exist is created.
 * @expression: source text in the language of the workers, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @cancellable: (nullable): ends it, and the pool forgets the expression
 * @callback: (scope async) (nullable): called when all workers have evaluated it, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Evaluates an expression in every worker of the pool.
 *
 * [method@Malt.Pool.eval_everywhere_finish] gets the outcome;
 * [method@Malt.Pool.eval_everywhere] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_pool_eval_everywhere_async (MaltPool            *self,
                                 const char          *module,
                                 const char          *expression,
                                 GVariant            *args,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (MALT_IS_POOL (self));
  g_return_if_fail (module == NULL || g_utf8_validate (module, -1, NULL));
  g_return_if_fail (expression != NULL && g_utf8_validate (expression, -1, NULL));
  g_return_if_fail (args == NULL || g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_pool_eval_everywhere_async);
  g_task_set_check_cancellable (task, FALSE);
  malt_pool_setup_begin (self->core, module, expression, args, task);
}

/**
 * malt_pool_eval_everywhere_finish:
 * @self: a pool
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.Pool.eval_everywhere_async].
 *
 * Errors: those of [method@Malt.Pool.eval_everywhere].
 *
 * Returns: whether every worker has evaluated the expression
 *
 * Since: 0.1
 */
gboolean
malt_pool_eval_everywhere_finish (MaltPool      *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (MALT_IS_POOL (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_pool_eval_everywhere_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_int (G_TASK (result), error) > 0;
}

/**
 * malt_pool_eval_everywhere:
 * @self: a pool
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for `Main`. One that does not
 *   exist is created.
 * @expression: source text in the language of the workers, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @cancellable: (nullable): ends it, and the pool forgets the expression
 * @error: return location for an error
 *
 * Evaluates an expression in every worker of the pool, and blocks until all have: to load a module,
 * to set a variable. What it answers is dropped.
 *
 * Workers that are started later, in the place of others or because the pool grows, evaluate it
 * before their first call, and what else was asked for everywhere, in the order in which it was. If
 * one cannot, its start has failed.
 *
 * A call that is made afterwards finds the expression evaluated. Those that a worker has at the
 * moment are not waited for, unless it does one thing at a time.
 *
 * Errors: what the expression fails with in the first worker where it does; the pool forgets it
 * then, and workers that have evaluated it stay as they are. %MALT_ERROR_TERMINATED_WORKER if the
 * pool has ended, or the expression ends every worker; %MALT_ERROR_FAILED if the pool has not been
 * started; %MALT_ERROR_START_FAILED and the like if no worker can be started;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether every worker has evaluated the expression
 *
 * Since: 0.1
 */
gboolean
malt_pool_eval_everywhere (MaltPool      *self,
                           const char    *module,
                           const char    *expression,
                           GVariant      *args,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_POOL (self), FALSE);
  g_return_val_if_fail (module == NULL || g_utf8_validate (module, -1, NULL), FALSE);
  g_return_val_if_fail (expression != NULL && g_utf8_validate (expression, -1, NULL), FALSE);
  g_return_val_if_fail (args == NULL || g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_pool_eval_everywhere_async (self, module, expression, args, cancellable,
                                   malt_own_context_return, own);

  return malt_pool_eval_everywhere_finish (self, malt_own_context_wait (own), error);
}

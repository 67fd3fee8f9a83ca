/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-remote.h"

#include "malt/malt-call.h"

/* The verbs, written once for all backends: each makes a call and sends it. */

/* Sends the call and drops the value, which is the unit tuple. */
static gboolean
send_and_wait (MaltAbstractWorker  *self,
               MaltCall            *call,
               GCancellable        *cancellable,
               GError             **error)
{
  g_autoptr (GVariant) nothing = NULL;

  malt_call_set_discard_result (call, TRUE);
  nothing = malt_abstract_worker_send (self, call, cancellable, error);

  return nothing != NULL;
}

/**
 * malt_abstract_worker_remote_call_async:
 * @self: a worker
 * @function: the name of the function, `module.function`, UTF-8
 * @args: (nullable): the arguments, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @kwargs: (nullable): arguments by name, `a{sv}`; %NULL for none. A floating
 *   reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @callback: (scope async) (nullable): called when the call has ended, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Calls a function in the worker.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_remote_call_async (MaltAbstractWorker  *self,
                                        const char          *function,
                                        GVariant            *args,
                                        GVariant            *kwargs,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, kwargs);

  g_return_if_fail (call != NULL);

  malt_abstract_worker_send_async (self, call, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_remote_call_finish:
 * @self: a worker
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.remote_call_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_remote_call_finish (MaltAbstractWorker  *self,
                                         GAsyncResult        *result,
                                         GError             **error)
{
  return malt_abstract_worker_send_finish (self, result, error);
}

/**
 * malt_abstract_worker_remote_call_fetch:
 * @self: a worker
 * @function: the name of the function, `module.function`, UTF-8
 * @args: (nullable): the arguments, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @kwargs: (nullable): arguments by name, `a{sv}`; %NULL for none. A floating
 *   reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Calls a function in the worker and blocks until it has ended.
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_remote_call_fetch (MaltAbstractWorker  *self,
                                        const char          *function,
                                        GVariant            *args,
                                        GVariant            *kwargs,
                                        GCancellable        *cancellable,
                                        GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, kwargs);

  g_return_val_if_fail (call != NULL, NULL);

  return malt_abstract_worker_send (self, call, cancellable, error);
}

/**
 * malt_abstract_worker_remote_call_wait:
 * @self: a worker
 * @function: the name of the function, `module.function`, UTF-8
 * @args: (nullable): the arguments, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @kwargs: (nullable): arguments by name, `a{sv}`; %NULL for none. A floating
 *   reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Calls a function in the worker and blocks until it has ended. The value stays
 * there, so it may be one that cannot be sent.
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: whether the call succeeded
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_remote_call_wait (MaltAbstractWorker  *self,
                                       const char          *function,
                                       GVariant            *args,
                                       GVariant            *kwargs,
                                       GCancellable        *cancellable,
                                       GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, kwargs);

  g_return_val_if_fail (call != NULL, FALSE);

  return send_and_wait (self, call, cancellable, error);
}

/**
 * malt_abstract_worker_remote_do:
 * @self: a worker
 * @function: the name of the function, `module.function`, UTF-8
 * @args: (nullable): the arguments, a tuple; %NULL for `()`. A floating
 *   reference is taken.
 * @kwargs: (nullable): arguments by name, `a{sv}`; %NULL for none. A floating
 *   reference is taken.
 * @error: return location for an error
 *
 * Starts a function in the worker and does not wait for it. Never blocks. An
 * error that the function raises is logged.
 *
 * Errors: those of [method@Malt.AbstractWorker.post].
 *
 * Returns: whether the worker will be told
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_remote_do (MaltAbstractWorker  *self,
                                const char          *function,
                                GVariant            *args,
                                GVariant            *kwargs,
                                GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new (function, args, kwargs);

  g_return_val_if_fail (call != NULL, FALSE);

  malt_call_set_discard_result (call, TRUE);
  return malt_abstract_worker_post (self, call, error);
}

/**
 * malt_abstract_worker_remote_eval_async:
 * @self: a worker
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for the default
 *   one, “Main”. One that does not exist is created, its parents too.
 * @expression: source text in the language of the worker's evaluator, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @callback: (scope async) (nullable): called when the call has ended, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Evaluates an expression in the worker. Values go as @args and not as text
 * spliced into @expression.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_remote_eval_async (MaltAbstractWorker  *self,
                                        const char          *module,
                                        const char          *expression,
                                        GVariant            *args,
                                        GCancellable        *cancellable,
                                        GAsyncReadyCallback  callback,
                                        gpointer             user_data)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (module, expression, args);

  g_return_if_fail (call != NULL);

  malt_abstract_worker_send_async (self, call, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_remote_eval_finish:
 * @self: a worker
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.remote_eval_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_remote_eval_finish (MaltAbstractWorker  *self,
                                         GAsyncResult        *result,
                                         GError             **error)
{
  return malt_abstract_worker_send_finish (self, result, error);
}

/**
 * malt_abstract_worker_remote_eval_fetch:
 * @self: a worker
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for the default
 *   one, “Main”. One that does not exist is created, its parents too.
 * @expression: source text in the language of the worker's evaluator, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Evaluates an expression in the worker and blocks until it has ended. Values go
 * as @args and not as text spliced into @expression.
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_remote_eval_fetch (MaltAbstractWorker  *self,
                                        const char          *module,
                                        const char          *expression,
                                        GVariant            *args,
                                        GCancellable        *cancellable,
                                        GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (module, expression, args);

  g_return_val_if_fail (call != NULL, NULL);

  return malt_abstract_worker_send (self, call, cancellable, error);
}

/**
 * malt_abstract_worker_remote_eval_wait:
 * @self: a worker
 * @module: (nullable): the module to evaluate in, UTF-8; %NULL for the default
 *   one, “Main”. One that does not exist is created, its parents too.
 * @expression: source text in the language of the worker's evaluator, UTF-8
 * @args: (nullable): what the expression sees as `...`, a tuple; %NULL for `()`.
 *   A floating reference is taken.
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Evaluates an expression in the worker and blocks until it has ended. The value
 * stays there, so it may be one that cannot be sent.
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: whether the call succeeded
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_remote_eval_wait (MaltAbstractWorker  *self,
                                       const char          *module,
                                       const char          *expression,
                                       GVariant            *args,
                                       GCancellable        *cancellable,
                                       GError             **error)
{
  g_autoptr (MaltCall) call = malt_call_new_eval (module, expression, args);

  g_return_val_if_fail (call != NULL, FALSE);

  return send_and_wait (self, call, cancellable, error);
}

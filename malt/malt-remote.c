/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-remote.h"

#include "malt/malt-call.h"
#include "malt/malt-error.h"
#include "malt/malt-remote-channel-private.h"

/* Of the handle of a channel with its NUL, in bytes: it goes with every request. Those of our own
 * runtime have some thirty. */
#define REMOTE_CHANNEL_MAX_PATH_BYTES 255u

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
 * [method@Malt.AbstractWorker.remote_call_finish] gets the outcome;
 * [method@Malt.AbstractWorker.remote_call_fetch] blocks until it is there.
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
 * [method@Malt.AbstractWorker.remote_eval_finish] gets the outcome;
 * [method@Malt.AbstractWorker.remote_eval_fetch] blocks until it is there.
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

static MaltCall *
new_open_call (const char *expression)
{
  MaltCall *call = malt_call_new ("malt.channel.open", g_variant_new ("(s)", expression), NULL);

  malt_call_set_result_type (call, G_VARIANT_TYPE_OBJECT_PATH);

  return call;
}

/* Takes the value of the call. */
static MaltChannel *
open_channel (MaltAbstractWorker  *self,
              GVariant            *value,
              GError             **error)
{
  g_autoptr (GVariant) path = value;

  if (path == NULL)
    return NULL;
  if (!g_variant_is_of_type (path, G_VARIANT_TYPE_OBJECT_PATH))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "The worker answered a value of type “%s” where a channel was expected",
                   g_variant_get_type_string (path));
      return NULL;
    }

  if (g_variant_get_size (path) > REMOTE_CHANNEL_MAX_PATH_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "The worker answered a path of %" G_GSIZE_FORMAT " bytes for a channel: at most "
                   "%u are taken", g_variant_get_size (path), REMOTE_CHANNEL_MAX_PATH_BYTES);
      return NULL;
    }

  return malt_remote_channel_new (self, g_variant_get_string (path, NULL));
}

static void
on_channel_opened (GObject      *source,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  MaltAbstractWorker *self = MALT_ABSTRACT_WORKER (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_abstract_worker_send_finish (self, result, &error);
  MaltChannel *channel = open_channel (self, value, &error);

  if (channel != NULL)
    g_task_return_pointer (task, channel, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * malt_abstract_worker_worker_channel_async:
 * @self: a worker
 * @expression: source text in the language of the worker's evaluator, UTF-8, whose value
 *   is a channel; it should assign it to a global, too, by which the worker knows it
 * @cancellable: (nullable): ends the call at once, and tells the worker to end the work
 * @callback: (scope async) (nullable): called when the call has ended, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Makes a channel in the worker by evaluating an expression in the default module, as
 * `numbers = malt.channel (20) return numbers`.
 *
 * [method@Malt.AbstractWorker.worker_channel_finish] gets the outcome;
 * [method@Malt.AbstractWorker.worker_channel] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_worker_channel_async (MaltAbstractWorker  *self,
                                           const char          *expression,
                                           GCancellable        *cancellable,
                                           GAsyncReadyCallback  callback,
                                           gpointer             user_data)
{
  g_autoptr (MaltCall) call = NULL;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (self));
  g_return_if_fail (expression != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, malt_abstract_worker_worker_channel_async);
  g_task_set_check_cancellable (task, FALSE);
  if (!malt_remote_channel_start_thread (&error))
    {
      g_task_return_error (task, error);
      return;
    }

  call = new_open_call (expression);
  malt_abstract_worker_send_async (self, call, cancellable, on_channel_opened,
                                   g_steal_pointer (&task));
}

/**
 * malt_abstract_worker_worker_channel_finish:
 * @self: a worker
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.worker_channel_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.worker_channel].
 *
 * Returns: (transfer full): the channel; %NULL on error
 *
 * Since: 0.1
 */
MaltChannel *
malt_abstract_worker_worker_channel_finish (MaltAbstractWorker  *self,
                                            GAsyncResult        *result,
                                            GError             **error)
{
  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * malt_abstract_worker_worker_channel:
 * @self: a worker
 * @expression: source text in the language of the worker's evaluator, UTF-8, whose value
 *   is a channel; it should assign it to a global, too, by which the worker knows it
 * @cancellable: (nullable): ends the call at once, and tells the worker to end the work
 * @error: return location for an error
 *
 * Makes a channel in the worker by evaluating an expression in the default module, as
 * `numbers = malt.channel (20) return numbers`, and blocks until it is there.
 *
 * The channel lives in the worker and dies with it. The worker lives at least as long as
 * what this returns; letting go of that tells the worker, which keeps the channel only if
 * it uses it itself.
 *
 * Errors: %MALT_ERROR_NOT_A_CHANNEL if the value is something else;
 * %MALT_ERROR_START_FAILED if the process gets no thread for its channels, which the first
 * of them starts; those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the channel; %NULL on error
 *
 * Since: 0.1
 */
MaltChannel *
malt_abstract_worker_worker_channel (MaltAbstractWorker  *self,
                                     const char          *expression,
                                     GCancellable        *cancellable,
                                     GError             **error)
{
  g_autoptr (MaltCall) call = NULL;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (expression != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!malt_remote_channel_start_thread (error))
    return NULL;

  call = new_open_call (expression);

  return open_channel (self, malt_abstract_worker_send (self, call, cancellable, error), error);
}

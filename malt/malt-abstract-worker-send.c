/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-abstract-worker.h"

#include "malt/malt-call.h"
#include "malt/malt-guard-private.h"
#include "malt/malt-own-context.h"

/**
 * malt_abstract_worker_send_async:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @callback: (scope async) (nullable): called when the call has ended, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Sends a call of one's own making, with a time-out, a result type or a
 * “progress” handler.
 *
 * The call and the worker live until @callback has run. In a main context that
 * is never run again it does not, as with any #GTask.
 *
 * [method@Malt.AbstractWorker.send_finish] gets the outcome;
 * [method@Malt.AbstractWorker.send] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_send_async (MaltAbstractWorker  *self,
                                 MaltCall            *call,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltAbstractWorkerInterface *iface;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (self));
  g_return_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (malt_guard_is_wanted (self, iface))
    malt_guard_send_async (self, call, cancellable, callback, user_data);
  else
    iface->send_async (self, call, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_send_finish:
 * @self: a worker
 * @result: what the callback got
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.send_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.send].
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_send_finish (MaltAbstractWorker  *self,
                                  GAsyncResult        *result,
                                  GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (malt_guard_is_wanted (self, iface))
    return malt_guard_send_finish (self, result, error);

  return iface->send_finish (self, result, error);
}

static GVariant *
send_in_own_context (MaltAbstractWorker  *self,
                     MaltCall            *call,
                     GCancellable        *cancellable,
                     GError             **error)
{
  g_autoptr (MaltOwnContext) own = malt_own_context_new ();

  malt_abstract_worker_send_async (self, call, cancellable, malt_own_context_return, own);

  return malt_abstract_worker_send_finish (self, malt_own_context_wait (own), error);
}

/**
 * malt_abstract_worker_send:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @cancellable: (nullable): ends the call at once, and tells the worker to end
 *   the work
 * @error: return location for an error
 *
 * Sends a call of one's own making, with a time-out, a result type or a
 * “progress” handler, and blocks until it has ended.
 *
 * Errors: %MALT_ERROR_REMOTE_EXCEPTION if the function raised an error;
 * %MALT_ERROR_UNKNOWN_FUNCTION if there is none of that name;
 * %MALT_ERROR_SERIALIZATION if a value cannot be sent;
 * %MALT_ERROR_INTERRUPTED after [method@Malt.AbstractWorker.interrupt];
 * %MALT_ERROR_TERMINATED_WORKER if the worker has ended or ends first, as one
 * does that sends nonsense; %MALT_ERROR_LIMIT for a message that is too large;
 * %MALT_ERROR_FAILED if @call is on its way already; %G_IO_ERROR_TIMED_OUT
 * after the call's time-out;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the value, `()` for nothing; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_abstract_worker_send (MaltAbstractWorker  *self,
                           MaltCall            *call,
                           GCancellable        *cancellable,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), NULL);
  g_return_val_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->send_sync == NULL)
    return send_in_own_context (self, call, cancellable, error);
  if (malt_guard_is_wanted (self, iface))
    return malt_guard_send_sync (self, call, cancellable, error);

  return iface->send_sync (self, call, cancellable, error);
}

/**
 * malt_abstract_worker_post:
 * @self: a worker
 * @call: the call; one that is already on its way fails
 * @error: return location for an error
 *
 * Sends a call whose outcome nobody waits for. Never blocks. An error that the
 * function raises is logged.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %MALT_ERROR_LIMIT if too much is waiting to be sent, or the message is too
 * large; %MALT_ERROR_FAILED if @call is on its way already.
 *
 * Returns: whether it was taken on
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_post (MaltAbstractWorker  *self,
                           MaltCall            *call,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (MALT_IS_CALL (call) && malt_call_get_function (call) != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (malt_guard_is_wanted (self, iface))
    return malt_guard_post (self, call, error);

  return iface->post (self, call, error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-abstract-worker.h"

#include "malt/malt-guard-private.h"
#include "malt/malt-own-context.h"

#include <signal.h>

static gboolean
refuse (MaltAbstractWorker  *self,
        const char          *verb,
        GError             **error)
{
  g_autofree char *worker = malt_abstract_worker_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "Cannot %s “%s”: workers of this backend do not support it", verb, worker);
  return FALSE;
}

/**
 * malt_abstract_worker_interrupt:
 * @self: a worker
 * @error: return location for an error
 *
 * Asks the worker to end the latest call or post that was sent and has not
 * ended. It goes on living, and that call ends with %MALT_ERROR_INTERRUPTED,
 * which says where it was.
 *
 * Waits for nothing. Does nothing on an idle worker, and never hits a call that
 * is sent later. What does not heed it, such as native code in a long
 * computation, goes on.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %G_IO_ERROR_NOT_SUPPORTED without %MALT_WORKER_CAPABILITY_INTERRUPT.
 *
 * Returns: whether the worker was asked
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_interrupt (MaltAbstractWorker  *self,
                                GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->interrupt == NULL)
    return refuse (self, "interrupt", error);

  return malt_guard_check (G_OBJECT (self), "interrupt", iface->interrupt (self, error), error);
}

/**
 * malt_abstract_worker_stop_async:
 * @self: a worker
 * @exit_timeout_ms: milliseconds that it has to leave by itself, 0 for none;
 *   usually %MALT_STOP_TIMEOUT_DEFAULT
 * @term_timeout_ms: milliseconds that it then has after SIGTERM, 0 for none
 * @cancellable: (nullable): ends the wait; the worker stops all the same
 * @callback: (scope async) (nullable): called when the worker is gone, in the
 *   thread-default main context
 * @user_data: data for @callback
 *
 * Stops a worker: asks it to leave, then SIGTERM, then SIGKILL. Calls that have
 * not ended do so with %MALT_ERROR_TERMINATED_WORKER, posts that have not
 * started are dropped.
 *
 * [method@Malt.AbstractWorker.stop_finish] gets the outcome;
 * [method@Malt.AbstractWorker.stop] blocks until it is there.
 *
 * Since: 0.1
 */
void
malt_abstract_worker_stop_async (MaltAbstractWorker  *self,
                                 guint                exit_timeout_ms,
                                 guint                term_timeout_ms,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  MaltAbstractWorkerInterface *iface;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (malt_guard_is_wanted (self, iface))
    malt_guard_stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable, callback,
                           user_data);
  else
    iface->stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable, callback, user_data);
}

/**
 * malt_abstract_worker_stop_finish:
 * @self: a worker
 * @result: what the callback got
 * @was_running: (out) (optional): return location for whether it had not ended
 *   before, which is no error
 * @error: return location for an error
 *
 * Gets the outcome of [method@Malt.AbstractWorker.stop_async].
 *
 * Errors: those of [method@Malt.AbstractWorker.stop].
 *
 * Returns: whether the worker is gone
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_stop_finish (MaltAbstractWorker  *self,
                                  GAsyncResult        *result,
                                  gboolean            *was_running,
                                  GError             **error)
{
  MaltAbstractWorkerInterface *iface;
  gboolean ran = FALSE;
  gboolean gone;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  gone = malt_guard_is_wanted (self, iface) ? malt_guard_stop_finish (self, result, &ran, error)
                           : iface->stop_finish (self, result, &ran, error);
  if (was_running != NULL)
    *was_running = ran;

  return gone;
}

/**
 * malt_abstract_worker_stop:
 * @self: a worker
 * @exit_timeout_ms: milliseconds that it has to leave by itself, 0 for none;
 *   usually %MALT_STOP_TIMEOUT_DEFAULT
 * @term_timeout_ms: milliseconds that it then has after SIGTERM, 0 for none
 * @cancellable: (nullable): ends the wait; the worker stops all the same
 * @was_running: (out) (optional): return location for whether it had not ended
 *   before, which is no error
 * @error: return location for an error
 *
 * Stops a worker and blocks until it is gone: asks it to leave, then SIGTERM,
 * then SIGKILL. Calls that have not ended do so with
 * %MALT_ERROR_TERMINATED_WORKER, posts that have not started are dropped.
 *
 * Errors: %G_IO_ERROR_TIMED_OUT if it does not die of SIGKILL either;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether the worker is gone
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_stop (MaltAbstractWorker  *self,
                           guint                exit_timeout_ms,
                           guint                term_timeout_ms,
                           GCancellable        *cancellable,
                           gboolean            *was_running,
                           GError             **error)
{
  g_autoptr (MaltOwnContext) own = NULL;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  own = malt_own_context_new ();
  malt_abstract_worker_stop_async (self, exit_timeout_ms, term_timeout_ms, cancellable,
                                   malt_own_context_return, own);

  return malt_abstract_worker_stop_finish (self, malt_own_context_wait (own), was_running, error);
}

/**
 * malt_abstract_worker_kill:
 * @self: a worker
 * @signum: the number of a signal, 0 for SIGTERM
 * @error: return location for an error
 *
 * Sends the worker a signal now and does not wait for what it does.
 *
 * Errors: %MALT_ERROR_TERMINATED_WORKER if the worker has ended;
 * %G_IO_ERROR_NOT_SUPPORTED without %MALT_WORKER_CAPABILITY_KILL, or for a signal
 * that cannot reach it; %G_IO_ERROR_INVALID_ARGUMENT for a number that is no
 * signal.
 *
 * Returns: whether the signal was sent
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_kill (MaltAbstractWorker  *self,
                           int                  signum,
                           GError             **error)
{
  MaltAbstractWorkerInterface *iface;

  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (signum >= 0 && signum < NSIG, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  iface = MALT_ABSTRACT_WORKER_GET_IFACE (self);
  if (iface->kill == NULL)
    return refuse (self, "kill", error);

  return malt_guard_check (G_OBJECT (self), "kill",
                           iface->kill (self, signum != 0 ? signum : SIGTERM, error), error);
}

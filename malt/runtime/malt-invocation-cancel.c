/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-invocation-private.h"

#include "malt/malt-error-backend.h"

/**
 * MaltCancelReason:
 * @MALT_CANCEL_REASON_NONE: it is not to end
 * @MALT_CANCEL_REASON_CANCELLED: the caller does not want it any more
 * @MALT_CANCEL_REASON_INTERRUPTED: somebody has interrupted the worker
 * @MALT_CANCEL_REASON_TIMED_OUT: it has run for the time that it may
 * @MALT_CANCEL_REASON_STOPPED: the worker leaves
 *
 * Why an invocation is to end before its time.
 *
 * Since: 0.1
 */

/**
 * MaltCancelFunc: (skip)
 * @invocation: the invocation that is to end
 * @user_data: what was given to [method@Invocation.set_cancel_func]
 *
 * Wakes up whoever runs an invocation that is to end.
 *
 * It is called in the thread that cancels, under the lock of the invocation. So it only posts: it
 * sets a flag, sends a signal, wakes a main context. It does not block, it does not answer, and it
 * calls nothing of the invocation.
 *
 * It may come more than once: another interrupt calls it again, and one that arrives while it is
 * being set calls it twice.
 *
 * Since: 0.1
 */

/**
 * malt_invocation_get_cancellable:
 * @self: an invocation
 *
 * Gets the cancellable that tells the function to end: it is cancelled when the caller
 * cancels or interrupts the call, when the call's time is up, and when the worker stops.
 *
 * The same one each time. May be called in any thread.
 *
 * Returns: (transfer none): the cancellable, valid as long as @self
 *
 * Since: 0.1
 */
GCancellable *
malt_invocation_get_cancellable (MaltInvocation *self)
{
  GCancellable *cancellable;

  g_return_val_if_fail (self != NULL, NULL);

  g_mutex_lock (&self->lock);
  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  cancellable = self->cancellable;
  g_mutex_unlock (&self->lock);

  /* Who cancels sets the reason first and then takes the lock: either it has seen the
   * cancellable, or we see the reason. */
  if (malt_invocation_get_cancel_reason (self) != MALT_CANCEL_REASON_NONE)
    g_cancellable_cancel (cancellable);

  return cancellable;
}

/**
 * malt_invocation_get_cancel_reason:
 * @self: an invocation
 *
 * Gets why the invocation is to end, if it is. What runs for long asks between its steps.
 *
 * The first reason stays. What runs on behalf of another invocation ends with that one, for the
 * same reason. May be called in any thread, and is cheap: an atomic read.
 *
 * Returns: the reason, %MALT_CANCEL_REASON_NONE if it may go on
 *
 * Since: 0.1
 */
MaltCancelReason
malt_invocation_get_cancel_reason (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, MALT_CANCEL_REASON_NONE);

  return g_atomic_int_get (&self->cancel_reason);
}

/**
 * malt_invocation_set_cancel_func: (skip)
 * @self: an invocation
 * @func: (nullable): the hook; %NULL takes it away
 * @user_data: data for @func
 *
 * Sets what is called when the invocation is to end, for those who wait instead of asking between
 * steps. There is one such hook; it costs less than connecting to the cancellable.
 *
 * If the invocation is to end already, @func runs at once, before this returns. A hook that was
 * taken away, or whose place another one has taken, does not run any more when this returns; an
 * answer takes it away, too. May be called in any thread, but not by a hook.
 *
 * Since: 0.1
 */
void
malt_invocation_set_cancel_func (MaltInvocation *self,
                                 MaltCancelFunc  func,
                                 gpointer        user_data)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_if_fail (self != NULL);

  locker = g_mutex_locker_new (&self->lock);
  self->cancel_func = func;
  self->cancel_data = user_data;
  if (func != NULL && malt_invocation_get_cancel_reason (self) != MALT_CANCEL_REASON_NONE)
    func (self, user_data);
}

void
malt_invocation_set_cancel_reason (MaltInvocation   *self,
                                   MaltCancelReason  reason)
{
  g_atomic_int_compare_and_exchange (&self->cancel_reason, MALT_CANCEL_REASON_NONE, reason);
}

void
malt_invocation_notify_cancelled (MaltInvocation *self)
{
  g_autoptr (GCancellable) cancellable = NULL;

  g_mutex_lock (&self->lock);
  if (self->cancel_func != NULL)
    self->cancel_func (self, self->cancel_data);
  g_set_object (&cancellable, self->cancellable);
  g_mutex_unlock (&self->lock);

  g_cancellable_cancel (cancellable);
}

/* A nested call has no time-out of its own. */
static guint
find_timeout_ms (MaltInvocation *self)
{
  while (self->timeout_ms == 0 && self->parent != NULL)
    self = self->parent;

  return self->timeout_ms;
}

static GError *
new_io_error (GIOErrorEnum  code,
              char         *message,
              const char   *traceback)
{
  g_autofree char *owned_message = message;

  if (traceback == NULL)
    return g_error_new_literal (G_IO_ERROR, code, message);

  return g_error_new (G_IO_ERROR, code, "%s\n%s", message, traceback);
}

/**
 * malt_invocation_new_cancel_error:
 * @self: an invocation that is to end
 * @traceback: (nullable): where it was, as the language writes it, UTF-8
 *
 * Makes the error with which an invocation ends that was told to, by its reason:
 * %MALT_ERROR_INTERRUPTED, whose remote type is `InterruptException`; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_TIMED_OUT; %MALT_ERROR_TERMINATED_WORKER if the worker leaves.
 *
 * Errors of malt carry @traceback; to the text of others it is appended. Without a reason the
 * error is %G_IO_ERROR_CANCELLED. May be called in any thread.
 *
 * Returns: (transfer full): a new error
 *
 * Since: 0.1
 */
GError *
malt_invocation_new_cancel_error (MaltInvocation *self,
                                  const char     *traceback)
{
  g_autofree char *message = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  switch (malt_invocation_get_cancel_reason (self))
    {
    case MALT_CANCEL_REASON_INTERRUPTED:
      message = g_strdup_printf ("The call of “%s” was interrupted", self->function);
      return malt_error_new_remote (MALT_ERROR_INTERRUPTED, NULL, message, "InterruptException",
                                    traceback);

    case MALT_CANCEL_REASON_STOPPED:
      message = g_strdup_printf ("The worker stopped before “%s” had ended", self->function);
      return malt_error_new_remote (MALT_ERROR_TERMINATED_WORKER, NULL, message, NULL, traceback);

    case MALT_CANCEL_REASON_TIMED_OUT:
      return new_io_error (G_IO_ERROR_TIMED_OUT,
                           g_strdup_printf ("The call of “%s” did not end within %u ms",
                                            self->function, find_timeout_ms (self)),
                           traceback);

    case MALT_CANCEL_REASON_NONE:
    case MALT_CANCEL_REASON_CANCELLED:
    default:
      return new_io_error (G_IO_ERROR_CANCELLED,
                           g_strdup_printf ("The call of “%s” was cancelled", self->function),
                           traceback);
    }
}

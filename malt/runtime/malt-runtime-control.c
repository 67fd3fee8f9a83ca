/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-runtime-private.h"

/**
 * malt_runtime_cancel: (skip)
 * @self: a runtime
 * @id: the number of a call
 *
 * Tells a call to end, and what runs on its behalf, because the caller does not want it any more.
 *
 * It is answered nevertheless, when it heeds that. May be called in any thread; its hook and the
 * handlers of its cancellable run there. What is meant for a number that has not been dispatched
 * yet is remembered for it, of 65536 numbers at most; what is meant for one that is over does
 * nothing.
 *
 * Since: 0.1
 */
void
malt_runtime_cancel (MaltRuntime *self,
                     guint64      id)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_cancel (self->scheduler, id);
}

/**
 * malt_runtime_interrupt: (skip)
 * @self: a runtime
 * @up_to: the number of a call
 *
 * Interrupts the latest call that is unfinished and has a number up to @up_to; operations on
 * channels, `malt.channel.…`, excepted.
 *
 * Those that have been told to end are passed over. If all have, the latest is told once more.
 * May be called in any thread. A number that has not been dispatched yet is remembered, as
 * [method@Runtime.cancel] does.
 *
 * Since: 0.1
 */
void
malt_runtime_interrupt (MaltRuntime *self,
                        guint64      up_to)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt (self->scheduler, up_to);
}

/**
 * malt_runtime_interrupt_latest: (skip)
 * @self: a runtime
 *
 * Interrupts the latest call of those that have been dispatched, as [method@Runtime.interrupt]
 * does: it is what SIGINT means. May be called in any thread, but not in a signal handler: it takes
 * a lock.
 *
 * Since: 0.1
 */
void
malt_runtime_interrupt_latest (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_interrupt_latest (self->scheduler);
}

/**
 * malt_runtime_stop:
 * @self: a runtime
 *
 * Tells everything to end: the worker leaves. What is dispatched later ends with
 * %MALT_ERROR_TERMINATED_WORKER, without running.
 *
 * [method@Runtime.get_n_unfinished] tells when it has ended. May be called in any thread, as
 * [method@Runtime.cancel] is, and more than once.
 *
 * Since: 0.1
 */
void
malt_runtime_stop (MaltRuntime *self)
{
  g_return_if_fail (MALT_IS_RUNTIME (self));

  malt_scheduler_stop (self->scheduler);
}

/**
 * malt_runtime_get_n_unfinished:
 * @self: a runtime
 *
 * Counts the calls that have been dispatched and not been answered, those of
 * [method@Runtime.call] included. May be called in any thread.
 *
 * Returns: how many there are
 *
 * Since: 0.1
 */
guint
malt_runtime_get_n_unfinished (MaltRuntime *self)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_n_unfinished (self->scheduler);
}

/**
 * malt_runtime_get_call_state: (skip)
 * @self: a runtime
 * @id: the number of a call
 *
 * Says how far a call is, for whoever wonders why there is no answer. May be called in any thread.
 *
 * Returns: 0: it is over, or there never was one; 1: it has not started, for it is still to come or
 *   waits for a thread; 2: it runs
 *
 * Since: 0.1
 */
int
malt_runtime_get_call_state (MaltRuntime *self,
                             guint64      id)
{
  g_return_val_if_fail (MALT_IS_RUNTIME (self), 0);

  return malt_scheduler_get_call_state (self->scheduler, id);
}

/**
 * malt_runtime_dup_position:
 * @self: a runtime, which does not end meanwhile
 * @id: (out): the number of the call that the program runs for, of a nested one of that which
 *   came from outside; not set if %NULL is returned
 *
 * Says where the executing thread is in a program of the evaluator, to be told of one that does
 * not heed its end. May be called in any thread but the executing one; blocks as
 * [vfunc@Evaluator.dup_position] does.
 *
 * Returns: (transfer full) (nullable): the place, as tracebacks are written, UTF-8; %NULL if
 *   there is no program, or that cannot be told
 *
 * Since: 0.1
 */
char *
malt_runtime_dup_position (MaltRuntime *self,
                           guint64     *id)
{
  g_autoptr (MaltInvocation) invocation = NULL;
  MaltInvocation *root;
  char *position;

  g_return_val_if_fail (MALT_IS_RUNTIME (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  position = self->evaluator != NULL ? malt_evaluator_dup_position (self->evaluator, &invocation)
                                     : NULL;
  if (position == NULL)
    return NULL;

  for (root = invocation; root->parent != NULL; root = root->parent)
    ;
  *id = root->id;
  return position;
}

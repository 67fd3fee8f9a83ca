/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-invocation-private.h"

#include "malt/malt-text-private.h"
#include "malt/runtime/malt-runtime-private.h"
#include "malt/runtime/malt-scheduler-private.h"

#include <string.h>

/* Progress is for people: twenty reports a second look smooth, and a loop that reports every
 * turn costs the connection nothing. */
#define PROGRESS_INTERVAL_USEC (50 * G_TIME_SPAN_MILLISECOND)

/* Reports that need not keep the interval: a function with a few steps tells each of them, also
 * when the first ones are over at once and the last one takes long. */
#define PROGRESS_MAX_BURST 8

/**
 * MaltInvocation:
 *
 * One running call, as the function that is called sees it.
 *
 * A function asks it whether it should end, and tells how far it is:
 *
 * ```c
 * GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
 *
 * for (guint i = 0; i < n_parts; i++)
 *   {
 *     if (g_cancellable_set_error_if_cancelled (cancellable, error))
 *       return NULL;
 *     do_part (i);
 *     malt_invocation_report_progress (invocation, (i + 1.0) / n_parts, NULL);
 *   }
 * ```
 *
 * Whoever runs it, an evaluator for instance, answers it exactly once, with
 * [method@Invocation.return_value] or [method@Invocation.return_error]; for a function of a module
 * that is done with what the function returns. Those who carry calls into a worker make one with
 * [ctor@Invocation.new]. What is for them and for evaluators is in `<malt/malt-plugin.h>`.
 *
 * It is not what the caller has in hand: that is a [class@Call].
 *
 * Since: 0.1
 */

/**
 * MaltCarrierFinishedFunc: (skip)
 * @invocation: the invocation, which has ended
 * @value: (nullable): what it has answered, the unit tuple if the value is discarded; %NULL if
 *   and only if @error is set
 * @error: (nullable): what it has failed with
 * @user_data: what was given to [ctor@Invocation.new]
 *
 * Takes the answer of an invocation. In the executing thread, exactly once. Both @value and @error
 * are only lent.
 *
 * Since: 0.1
 */

/**
 * MaltCarrierProgressFunc: (skip)
 * @invocation: the invocation, which may have ended meanwhile
 * @fraction: how much is done, from 0.0 to 1.0
 * @message: what is being done, valid UTF-8 of at most 1024 bytes; empty if that was not said
 * @user_data: what was given to [ctor@Invocation.new]
 *
 * Is told how far an invocation is. In the executing thread or in a pool thread, possibly at the
 * same time as the answer is given.
 *
 * Since: 0.1
 */

/**
 * MaltCarrierTimedOutFunc: (skip)
 * @invocation: the invocation, which may have ended meanwhile
 * @user_data: what was given to [ctor@Invocation.new]
 *
 * Is told that the time of an invocation is over, after the function was. In the watch thread. The
 * function may still answer.
 *
 * Since: 0.1
 */

/**
 * MaltCarrier: (skip)
 * @finished: takes the answer
 * @progress: is told how far the call is; %NULL if nobody wants to know
 * @timed_out: is told that its time is over; %NULL if nobody wants to know
 * @released: frees `user_data`, which nothing uses any more, once and in any thread; %NULL if there
 *   is nothing to free
 *
 * How answers and progress leave a worker: the functions of whoever has brought a call there.
 *
 * None of them blocks, for what calls them has other calls to see to.
 *
 * Since: 0.1
 */

G_DEFINE_BOXED_TYPE (MaltInvocation, malt_invocation, malt_invocation_ref, malt_invocation_unref)

GVariant *
malt_nothing (void)
{
  static GVariant *nothing;

  if (g_once_init_enter (&nothing))
    g_once_init_leave (&nothing, g_variant_ref_sink (g_variant_new_tuple (NULL, 0)));

  return nothing;
}

/**
 * malt_invocation_new: (skip)
 * @runtime: the runtime that will run it; not referenced
 * @id: the number by which it can be cancelled and interrupted, below 2⁶³ and higher than that of
 *   any other call that was dispatched; 0: it has none
 * @function: what is called: "module.function", or the name of a function of the evaluator, UTF-8
 * @args: (nullable): the arguments, a tuple of any type; %NULL for the unit tuple
 * @kwargs: (nullable): named arguments, `a{sv}`; %NULL for none
 * @carrier: where the answer goes; not copied, so it is most often static
 * @user_data: data for the functions of @carrier
 *
 * Makes an invocation of a call that has arrived, for [method@Runtime.dispatch].
 *
 * For those who carry calls. It may be made in any thread. Floating arguments are consumed. After
 * the end of @runtime, which answers what is unanswered, it can still be referenced and answered,
 * in vain.
 *
 * Returns: (transfer full): a new invocation
 *
 * Since: 0.1
 */
MaltInvocation *
malt_invocation_new (MaltRuntime       *runtime,
                     guint64            id,
                     const char        *function,
                     GVariant          *args,
                     GVariant          *kwargs,
                     const MaltCarrier *carrier,
                     gpointer           user_data)
{
  MaltInvocation *self;
  gsize function_size;

  g_return_val_if_fail (MALT_IS_RUNTIME (runtime), NULL);
  g_return_val_if_fail (function != NULL, NULL);
  g_return_val_if_fail (args == NULL || g_variant_is_of_type (args, G_VARIANT_TYPE_TUPLE), NULL);
  g_return_val_if_fail (kwargs == NULL
                        || g_variant_is_of_type (kwargs, G_VARIANT_TYPE_VARDICT), NULL);
  g_return_val_if_fail (carrier != NULL && carrier->finished != NULL, NULL);

  function_size = strlen (function) + 1;
  self = g_malloc0 (sizeof (MaltInvocation) + function_size);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->scheduler = malt_runtime_get_scheduler (runtime);
  self->id = id;
  self->args = g_variant_ref_sink (args != NULL ? args : malt_nothing ());
  self->kwargs = kwargs != NULL ? g_variant_ref_sink (kwargs) : NULL;
  self->carrier = carrier;
  self->carrier_data = user_data;
  self->run_time_us = -1;
  memcpy (self->function, function, function_size);

  return self;
}

/**
 * malt_invocation_ref:
 * @self: an invocation
 *
 * Takes a reference. May be called in any thread.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
MaltInvocation *
malt_invocation_ref (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * malt_invocation_unref:
 * @self: (transfer full): an invocation
 *
 * Gives a reference back. May be called in any thread.
 *
 * Since: 0.1
 */
void
malt_invocation_unref (MaltInvocation *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  if (self->carrier->released != NULL)
    self->carrier->released (self->carrier_data);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->result_type, g_variant_type_free);
  g_clear_pointer (&self->kwargs, g_variant_unref);
  g_clear_pointer (&self->args, g_variant_unref);
  g_clear_pointer (&self->parent, malt_invocation_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
malt_invocation_set_parent (MaltInvocation *self,
                            MaltInvocation *parent)
{
  g_assert (self->parent == NULL);

  self->parent = parent != NULL ? malt_invocation_ref (parent) : NULL;
}

/**
 * malt_invocation_set_timeout: (skip)
 * @self: an invocation that has not been dispatched
 * @timeout_ms: milliseconds; 0 for no limit
 *
 * Sets how long the function may run. The time counts from its start: not while it waits for a
 * thread.
 *
 * When it is over the function is told, by %MALT_CANCEL_REASON_TIMED_OUT, and then the carrier.
 * What it calls has no time-out of its own, and ends with it.
 *
 * Since: 0.1
 */
void
malt_invocation_set_timeout (MaltInvocation *self,
                             guint           timeout_ms)
{
  g_return_if_fail (self != NULL);

  self->timeout_ms = timeout_ms;
}

/**
 * malt_invocation_set_result_type: (skip)
 * @self: an invocation that has not been dispatched
 * @type: (nullable): the type that the value has to be of, which may be indefinite, such as `a*`;
 *   %NULL for any; copied
 *
 * Sets what type the caller wants. An answer of another one becomes %MALT_ERROR_SERIALIZATION,
 * unless the value is discarded.
 *
 * Since: 0.1
 */
void
malt_invocation_set_result_type (MaltInvocation     *self,
                                 const GVariantType *type)
{
  g_return_if_fail (self != NULL);

  g_clear_pointer (&self->result_type, g_variant_type_free);
  self->result_type = type != NULL ? g_variant_type_copy (type) : NULL;
}

/**
 * malt_invocation_set_discard_result: (skip)
 * @self: an invocation that has not been dispatched
 * @discard: whether the value stays in the worker
 *
 * Sets whether the caller wants to know only that the function has ended: the carrier then gets the
 * unit tuple for any value.
 *
 * Since: 0.1
 */
void
malt_invocation_set_discard_result (MaltInvocation *self,
                                    gboolean        discard)
{
  g_return_if_fail (self != NULL);

  self->discard_result = discard;
}

/**
 * malt_invocation_get_id:
 * @self: an invocation
 *
 * Gets the number by which it can be cancelled. May be called in any thread.
 *
 * Returns: the number; 0 if it has none, as those that [method@Runtime.call] makes
 *
 * Since: 0.1
 */
guint64
malt_invocation_get_id (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->id;
}

/**
 * malt_invocation_get_function:
 * @self: an invocation
 *
 * Gets what is called, `malt.eval` if it is an evaluation. May be called in any thread.
 *
 * Returns: (transfer none): the name, UTF-8, valid as long as @self
 *
 * Since: 0.1
 */
const char *
malt_invocation_get_function (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->function;
}

/**
 * malt_invocation_get_args:
 * @self: an invocation
 *
 * Gets the arguments, of an evaluation those of `malt.eval`, `(ssv)`. May be called in any thread.
 *
 * Returns: (transfer none): a tuple of any type, valid as long as @self
 *
 * Since: 0.1
 */
GVariant *
malt_invocation_get_args (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->args;
}

/**
 * malt_invocation_get_kwargs:
 * @self: an invocation
 *
 * Gets the named arguments. May be called in any thread.
 *
 * Returns: (transfer none) (nullable): an `a{sv}`, valid as long as @self; %NULL if there are none
 *
 * Since: 0.1
 */
GVariant *
malt_invocation_get_kwargs (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->kwargs;
}

/**
 * malt_invocation_get_result_type:
 * @self: an invocation
 *
 * Gets the type that the caller wants, for an evaluator that can make a value of several types.
 * It need not look: an answer of another type becomes an error. May be called in any thread once
 * it has been dispatched.
 *
 * Returns: (transfer none) (nullable): the type, which may be indefinite, valid as long as @self;
 *   %NULL for any
 *
 * Since: 0.1
 */
const GVariantType *
malt_invocation_get_result_type (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->result_type;
}

/**
 * malt_invocation_get_discard_result:
 * @self: an invocation
 *
 * Gets whether the value stays in the worker, so that an evaluator need not make one: nothing,
 * %NULL, is as good. May be called in any thread once it has been dispatched.
 *
 * Returns: whether it stays
 *
 * Since: 0.1
 */
gboolean
malt_invocation_get_discard_result (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->discard_result;
}

/**
 * malt_invocation_dup_callee:
 * @self: an invocation that has not been answered
 *
 * Gets the name of the function that runs on its behalf, by [method@Runtime.call]; of several the
 * one that was called last. May be called in any thread, but not after the end of the runtime.
 *
 * Returns: (transfer full) (nullable): the name, UTF-8; %NULL if there is none
 *
 * Since: 0.1
 */
char *
malt_invocation_dup_callee (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return malt_scheduler_dup_callee (self->scheduler, self);
}

/**
 * malt_invocation_get_run_time_us:
 * @self: an invocation
 *
 * Gets how long the function has run. The time stands still once it has ended, before the carrier
 * gets the answer. To be called in the executing thread.
 *
 * Returns: microseconds; 0 before its start
 *
 * Since: 0.1
 */
gint64
malt_invocation_get_run_time_us (MaltInvocation *self)
{
  g_return_val_if_fail (self != NULL, 0);

  if (self->run_time_us >= 0)
    return self->run_time_us;
  if (g_atomic_int_get (&self->state) == MALT_INVOCATION_STATE_WAITING)
    return 0;

  return g_get_monotonic_time () - self->start_time;
}

void
malt_invocation_start (MaltInvocation *self)
{
  self->start_time = g_get_monotonic_time ();
  g_atomic_int_set (&self->state, MALT_INVOCATION_STATE_RUNNING);
  if (self->timeout_ms != 0)
    malt_scheduler_arm (self->scheduler, self);
}

void
malt_invocation_stop_clock (MaltInvocation *self)
{
  if (self->run_time_us < 0)
    self->run_time_us = malt_invocation_get_run_time_us (self);
}


/* Whether a report is passed on. Each that is moves @progress_time by one interval, and a call that
 * has kept silent is at most a burst behind the clock. */
static gboolean
is_progress_due (MaltInvocation *self,
                 double          fraction)
{
  gint64 now = g_get_monotonic_time ();
  gboolean is_full = fraction >= 1.0;
  gboolean is_due;

  g_mutex_lock (&self->lock);
  is_due = now >= self->progress_time || (is_full && !self->progress_is_full);
  if (is_due)
    {
      self->progress_time = MAX (self->progress_time,
                                 now - (PROGRESS_MAX_BURST - 1) * PROGRESS_INTERVAL_USEC)
                            + PROGRESS_INTERVAL_USEC;
      self->progress_is_full = is_full;
    }
  g_mutex_unlock (&self->lock);

  return is_due;
}

/**
 * malt_invocation_report_progress:
 * @self: an invocation
 * @fraction: how much is done, from 0.0 to 1.0; other values are brought into that range, NaN
 *   to 0.0
 * @message: (nullable): what is being done, in UTF-8 of at most 1024 bytes, for people; a longer
 *   one is cut
 *
 * Tells the caller how far the call is; [signal@Call::progress] is emitted there.
 *
 * Can be called as often as is convenient: after the first eight reports, what comes more often
 * than twenty times a second is dropped, which costs little more than a look at the clock. A
 * @fraction of 1.0 is not dropped when it is the first one. A nested call reports for the call
 * that made it. Does nothing once the call has been answered. May be called in any thread.
 *
 * Since: 0.1
 */
void
malt_invocation_report_progress (MaltInvocation *self,
                                 double          fraction,
                                 const char     *message)
{
  g_autofree char *valid_message = NULL;

  g_return_if_fail (self != NULL);

  while (self->parent != NULL)
    self = self->parent;
  if (self->carrier->progress == NULL
      || g_atomic_int_get (&self->state) == MALT_INVOCATION_STATE_FINISHED)
    return;

  /* Written so that NaN is 0. */
  fraction = fraction > 0.0 ? MIN (fraction, 1.0) : 0.0;
  if (!is_progress_due (self, fraction))
    return;

  valid_message = malt_text_dup_valid (message, MALT_PROGRESS_MAX_MESSAGE_BYTES);
  self->carrier->progress (self, fraction, valid_message, self->carrier_data);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-call-backend.h"

#include "malt/malt-call-private.h"
#include "malt/malt-error.h"
#include "malt/malt-text-private.h"

/* What a backend does with a call: it begins, it may report progress, it ends. */

void
malt_call_clear_outcome (MaltCall *self)
{
  g_clear_pointer (&self->remote_message, g_free);
  g_clear_pointer (&self->remote_type, g_free);
  g_clear_pointer (&self->remote_traceback, g_free);
  g_clear_pointer (&self->exit_report, malt_exit_report_unref);
  self->queue_time_us = -1;
  self->run_time_us = -1;
}

/**
 * malt_call_begin:
 * @self: a call
 * @error: return location for an error
 *
 * Marks that a backend takes the call on. Any thread.
 *
 * Errors: %MALT_ERROR_FAILED if it is already on its way; nothing must be sent
 * then, and [method@Malt.Call.end] is not for this caller.
 *
 * Returns: whether the caller is to send it
 *
 * Since: 0.1
 */
gboolean
malt_call_begin (MaltCall  *self,
                 GError   **error)
{
  g_return_val_if_fail (MALT_IS_CALL (self), FALSE);

  if (!g_atomic_int_compare_and_exchange (&self->on_its_way, FALSE, TRUE))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
                   "Cannot send the call of “%s”: it is already on its way", self->function);
      return FALSE;
    }

  malt_call_clear_outcome (self);
  self->begin_time_us = g_get_monotonic_time ();

  return TRUE;
}

/* Details that were set by hand stay when the error has none. */
static void
malt_call_take_details (MaltCall     *self,
                        const GError *error)
{
  MaltExitReport *report = malt_error_get_exit_report (error);

  if (malt_error_get_remote_message (error) != NULL)
    malt_call_set_remote_details (self, malt_error_get_remote_message (error),
                                  malt_error_get_remote_type (error),
                                  malt_error_get_remote_traceback (error));
  if (report != NULL)
    {
      malt_exit_report_ref (report);
      g_clear_pointer (&self->exit_report, malt_exit_report_unref);
      self->exit_report = report;
    }
}

/**
 * malt_call_end:
 * @self: a call that was begun
 * @run_time_us: microseconds, as the worker measured them; −1 if it never ran
 * @error: (nullable): what the call ends with; its remote details and exit
 *   report are copied
 *
 * Marks that the call has ended, once after each [method@Malt.Call.begin] that
 * succeeded and before the caller gets the outcome. Any thread.
 *
 * Since: 0.1
 */
void
malt_call_end (MaltCall     *self,
               gint64        run_time_us,
               const GError *error)
{
  gint64 total_us;

  g_return_if_fail (MALT_IS_CALL (self));
  g_return_if_fail (g_atomic_int_get (&self->on_its_way));

  /* A worker's clock may tick differently: never less than nothing. */
  total_us = g_get_monotonic_time () - self->begin_time_us;
  self->queue_time_us = MAX (total_us - MAX (run_time_us, 0), 0);
  self->run_time_us = run_time_us;
  if (error != NULL)
    malt_call_take_details (self, error);

  g_atomic_int_set (&self->on_its_way, FALSE);
}

/**
 * malt_call_end_plain: (rename-to malt_call_end)
 * @self: a call that was begun
 * @run_time_us: microseconds, as the worker measured them; −1 if it never ran
 *
 * Marks that the call has ended, for language bindings: their errors carry no
 * details, which [method@Malt.Call.set_remote_details] sets, and PyGObject takes no
 * `None` for an error. Any thread.
 *
 * Since: 0.1
 */
void
malt_call_end_plain (MaltCall *self,
                     gint64    run_time_us)
{
  malt_call_end (self, run_time_us, NULL);
}

/**
 * malt_call_set_remote_details:
 * @self: a call that was begun
 * @message: (nullable): the message of the worker, UTF-8
 * @type: (nullable): the type of what was raised
 * @traceback: (nullable): where, as the language writes it
 *
 * Sets what an error of a domain that carries nothing cannot. Before
 * [method@Malt.Call.end].
 *
 * Since: 0.1
 */
void
malt_call_set_remote_details (MaltCall   *self,
                              const char *message,
                              const char *type,
                              const char *traceback)
{
  g_return_if_fail (MALT_IS_CALL (self));

  g_free (self->remote_message);
  self->remote_message = g_strdup (message);
  g_free (self->remote_type);
  self->remote_type = g_strdup (type);
  g_free (self->remote_traceback);
  self->remote_traceback = g_strdup (traceback);
}

/**
 * malt_call_emit_progress:
 * @self: a call that was begun
 * @fraction: how much is done, from 0 to 1; other values are brought into that
 *   range, NaN to 0
 * @message: (nullable): what is being done; what is not UTF-8 is replaced, and a
 *   text of more than 1024 bytes is cut
 *
 * Emits [signal@Malt.Call::progress]. In the context, or for a blocking call the
 * thread, of the sender. Both come from a worker, and are made what handlers
 * expect.
 *
 * Since: 0.1
 */
void
malt_call_emit_progress (MaltCall   *self,
                         double      fraction,
                         const char *message)
{
  g_autofree char *valid_message = NULL;

  g_return_if_fail (MALT_IS_CALL (self));

  /* Written so that NaN is 0. */
  fraction = fraction > 0.0 ? MIN (fraction, 1.0) : 0.0;
  valid_message = malt_text_dup_valid (message, MALT_PROGRESS_MAX_MESSAGE_BYTES);
  g_signal_emit_by_name (self, "progress", fraction, valid_message);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-invocation-private.h"

#include "malt/malt-error-backend.h"
#include "malt/runtime/malt-scheduler-private.h"

gboolean
malt_invocation_check_args (MaltInvocation     *self,
                            const GVariantType *signature)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  g_autofree char *expected = NULL;

  if (signature == NULL || g_variant_is_of_type (self->args, signature))
    return TRUE;

  expected = g_variant_type_dup_string (signature);
  message = g_strdup_printf ("Cannot call “%s” with arguments of type “%s”: it takes “%s”",
                             self->function, g_variant_get_type_string (self->args), expected);
  error = malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, message, "malt.type", NULL);
  malt_invocation_finish (self, NULL, error);

  return FALSE;
}

/* What the caller asked for is checked here, whoever made the value. */
static GError *
check_result (MaltInvocation *self,
              GVariant       *value)
{
  g_autofree char *expected = NULL;

  if (self->result_type == NULL || self->discard_result
      || g_variant_is_of_type (value, self->result_type))
    return NULL;

  expected = g_variant_type_dup_string (self->result_type);

  return g_error_new (MALT_ERROR, MALT_ERROR_SERIALIZATION,
                      "Cannot answer with the value of “%s”: it is of type “%s”, not “%s”",
                      self->function, g_variant_get_type_string (value), expected);
}

void
malt_invocation_finish (MaltInvocation *self,
                        GVariant       *value,
                        const GError   *error)
{
  g_autoptr (GError) result_error = NULL;

  malt_invocation_stop_clock (self);
  if (g_atomic_int_exchange (&self->state, MALT_INVOCATION_STATE_FINISHED)
      == MALT_INVOCATION_STATE_FINISHED)
    {
      g_return_if_fail (self->is_abandoned);
      return;
    }

  if (value == NULL)
    value = malt_nothing ();
  if (error == NULL)
    error = result_error = check_result (self, value);

  malt_invocation_set_cancel_func (self, NULL, NULL);
  malt_invocation_ref (self);
  malt_scheduler_remove (self->scheduler, self);
  if (error != NULL)
    value = NULL;
  else if (self->discard_result)
    value = malt_nothing ();
  self->carrier->finished (self, value, error, self->carrier_data);
  malt_invocation_unref (self);
}

void
malt_invocation_abandon (MaltInvocation *self)
{
  g_autoptr (GError) error = NULL;

  if (g_atomic_int_get (&self->state) == MALT_INVOCATION_STATE_FINISHED)
    return;

  self->is_abandoned = TRUE;
  error = malt_invocation_new_cancel_error (self, NULL);
  malt_invocation_finish (self, NULL, error);
}

/**
 * malt_invocation_return_value:
 * @self: an invocation that has not been answered
 * @value: (nullable): the value, of any type; consumed if it is floating; %NULL is "nothing", the
 *   unit tuple
 *
 * Answers an invocation. To be called in the executing thread, once for each invocation, before or
 * after the function that was handed it has returned.
 *
 * If the caller wants another type it gets %MALT_ERROR_SERIALIZATION; if it does not want the
 * value, the unit tuple. The carrier has the answer when this returns. What is answered after the
 * end of the runtime, which has answered for it, is dropped.
 *
 * Since: 0.1
 */
void
malt_invocation_return_value (MaltInvocation *self,
                              GVariant       *value)
{
  g_autoptr (GVariant) owned_value = NULL;

  g_return_if_fail (self != NULL);

  owned_value = value != NULL ? g_variant_ref_sink (value) : NULL;
  malt_invocation_finish (self, owned_value, NULL);
}

/**
 * malt_invocation_return_error:
 * @self: an invocation that has not been answered
 * @error: (transfer full): what it has failed with
 *
 * Answers an invocation that has failed, and otherwise as [method@Invocation.return_value].
 *
 * An error of the user's program is %MALT_ERROR_REMOTE_EXCEPTION, made with
 * malt_error_new_remote(); that of one that was told to end is made with
 * [method@Invocation.new_cancel_error].
 *
 * Since: 0.1
 */
void
malt_invocation_return_error (MaltInvocation *self,
                              GError         *error)
{
  g_autoptr (GError) owned_error = error;

  g_return_if_fail (self != NULL);
  g_return_if_fail (error != NULL);

  malt_invocation_finish (self, NULL, owned_error);
}

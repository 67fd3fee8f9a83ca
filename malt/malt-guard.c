/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-guard-private.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-call-copy-private.h"
#include "malt/malt-errand-private.h"
#include "malt/malt-error-backend.h"

/* Milliseconds that a worker has to say that it is gone after both time-outs of a stop are over:
 * for SIGKILL, and for an interpreter to come round on a loaded machine. */
#define STOP_GRACE_MSEC 5000u

gboolean
malt_guard_check (GObject     *worker,
                  const char  *function,
                  gboolean     is_done,
                  GError     **error)
{
  if (!is_done && error != NULL && *error == NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
                 "“%s” of “%s” has failed without an error: an exception may have been printed",
                 function, G_OBJECT_TYPE_NAME (worker));

  return is_done;
}

/* Errors that come from a language binding are domain, code and text, and nothing else. What they
 * should carry is known here, but for those that carry something already. */
static void
complete_error (MaltAbstractWorker  *worker,
                MaltCall            *copy,
                GError             **error)
{
  g_autoptr (GError) bare = NULL;
  g_autofree char *name = NULL;
  const char *message = malt_call_get_remote_message (copy);

  if ((*error)->domain != MALT_ERROR || malt_error_get_worker (*error) != NULL)
    return;

  bare = g_steal_pointer (error);
  name = malt_abstract_worker_describe (worker);
  if (bare->code == MALT_ERROR_TERMINATED_WORKER)
    *error = malt_error_new_terminated (name, malt_abstract_worker_get_exit_report (worker));
  else
    *error = malt_error_new_remote (bare->code, name, message != NULL ? message : bare->message,
                                    malt_call_get_remote_type (copy),
                                    malt_call_get_remote_traceback (copy));
}

/* What a call asks of its value is seen to by every worker; this is for those that do not. Takes
 * `value`. */
static GVariant *
check_value (MaltCall  *call,
             GVariant  *value,
             GError   **error)
{
  const GVariantType *type = malt_call_get_result_type (call);
  g_autoptr (GVariant) owned = g_variant_take_ref (value);

  if (malt_call_get_discard_result (call))
    return g_variant_ref_sink (g_variant_new_tuple (NULL, 0));

  if (type != NULL && !g_variant_is_of_type (owned, type))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_SERIALIZATION,
                   "“%s” answered a value of type “%s” instead of “%.*s”",
                   malt_call_get_function (call), g_variant_get_type_string (owned),
                   (int) g_variant_type_get_string_length (type),
                   g_variant_type_peek_string (type));
      return NULL;
    }

  return g_steal_pointer (&owned);
}

/* The outcome of a function that answers a value. Takes `value`; `error` is set exactly when NULL
 * is returned. */
static GVariant *
check_outcome (MaltAbstractWorker  *worker,
               const char          *function,
               MaltCall            *copy,
               GVariant            *value,
               GError             **error)
{
  if (malt_guard_check (G_OBJECT (worker), function, value != NULL, error) && *error == NULL)
    return check_value (copy, value, error);

  g_clear_pointer (&value, g_variant_unref);
  complete_error (worker, copy, error);

  return NULL;
}

/* Runs where the worker answers, which should be the context of the caller. */
static void
on_sent (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr (MaltErrand) errand = malt_errand_take (user_data);
  g_autoptr (MaltAbstractWorker) worker = errand != NULL ? malt_errand_dup_worker (errand) : NULL;
  GVariant *value = NULL;
  GError *error = NULL;

  if (worker == NULL || malt_errand_is_over (errand))
    return;

  if (G_IS_ASYNC_RESULT (result))
    value = MALT_ABSTRACT_WORKER_GET_IFACE (worker)->send_finish (worker, result, &error);
  value = check_outcome (worker, "send_finish", malt_errand_get_copy (errand), value, &error);
  malt_errand_end_call (errand, value, error);
}

/* What was raised before the call was begun is only printed: nobody would ever answer. */
static void
send (MaltAbstractWorker *self,
      MaltErrand         *errand)
{
  MaltCall *copy = malt_errand_get_copy (errand);

  MALT_ABSTRACT_WORKER_GET_IFACE (self)->send_async (self, copy,
                                                     malt_errand_get_cancellable (errand),
                                                     on_sent, malt_errand_get_ticket (errand));
  if (!malt_call_was_begun (copy))
    malt_errand_refuse (errand,
                        g_error_new (MALT_ERROR, MALT_ERROR_FAILED,
                                     "“send_async” of “%s” has not begun the call of “%s”: an "
                                     "exception may have been printed",
                                     G_OBJECT_TYPE_NAME (self), malt_call_get_function (copy)));
}

void
malt_guard_send_async (MaltAbstractWorker  *self,
                       MaltCall            *call,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (MaltErrand) errand = NULL;
  GError *error = NULL;

  g_task_set_source_tag (task, malt_guard_send_async);
  if (!malt_call_begin (call, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  errand = malt_errand_new (task, call, cancellable, 0);
  if (malt_errand_is_over (errand))
    malt_errand_unref (malt_errand_take (malt_errand_get_ticket (errand)));
  else
    send (self, errand);
}

GVariant *
malt_guard_send_finish (MaltAbstractWorker  *self,
                        GAsyncResult        *result,
                        GError             **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_guard_send_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Runs in any thread; the one that waits is busy. */
static void
on_progress (MaltCall   *copy,
             double      fraction,
             const char *message,
             gpointer    user_data)
{
  malt_call_emit_progress (user_data, fraction, message);
}

GVariant *
malt_guard_send_sync (MaltAbstractWorker  *self,
                      MaltCall            *call,
                      GCancellable        *cancellable,
                      GError             **error)
{
  g_autoptr (MaltCall) copy = NULL;
  GError *failure = NULL;
  GVariant *value;

  if (!malt_call_begin (call, error))
    return NULL;

  copy = malt_call_copy (call);
  g_signal_connect (copy, "progress", G_CALLBACK (on_progress), call);
  value = MALT_ABSTRACT_WORKER_GET_IFACE (self)->send_sync (self, copy, cancellable, &failure);
  value = check_outcome (self, "send_sync", copy, value, &failure);
  g_signal_handlers_disconnect_by_data (copy, call);
  malt_call_end_like (call, copy, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);

  return value;
}

gboolean
malt_guard_post (MaltAbstractWorker  *self,
                 MaltCall            *call,
                 GError             **error)
{
  g_autoptr (MaltCall) copy = NULL;
  GError *failure = NULL;

  if (!malt_call_begin (call, error))
    return FALSE;

  copy = malt_call_copy (call);
  if (!malt_guard_check (G_OBJECT (self), "post",
                         MALT_ABSTRACT_WORKER_GET_IFACE (self)->post (self, copy, &failure),
                         &failure))
    complete_error (self, copy, &failure);
  malt_call_end_like (call, copy, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);

  return failure == NULL;
}

/* All should have ended by now. */
static void
end_calls (MaltAbstractWorker *worker)
{
  g_autofree char *name = malt_abstract_worker_describe (worker);
  g_autoptr (GError) error =
    malt_error_new_terminated (name, malt_abstract_worker_get_exit_report (worker));

  malt_errand_end_calls_soon (worker, error);
}

/* Runs where the worker answers, which should be the context of the caller. */
static void
on_stopped (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (MaltErrand) errand = malt_errand_take (user_data);
  g_autoptr (MaltAbstractWorker) worker = errand != NULL ? malt_errand_dup_worker (errand) : NULL;
  gboolean was_running = FALSE;
  gboolean is_gone;
  GError *error = NULL;

  if (worker == NULL)
    return;

  is_gone = G_IS_ASYNC_RESULT (result)
            && MALT_ABSTRACT_WORKER_GET_IFACE (worker)->stop_finish (worker, result, &was_running,
                                                                     &error);
  if (malt_guard_check (G_OBJECT (worker), "stop_finish", is_gone, &error))
    end_calls (worker);
  malt_errand_end_stop (errand, was_running, error);
}

void
malt_guard_stop_async (MaltAbstractWorker  *self,
                       guint                exit_timeout_ms,
                       guint                term_timeout_ms,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  guint64 timeout_ms = (guint64) exit_timeout_ms + term_timeout_ms + STOP_GRACE_MSEC;
  g_autoptr (MaltErrand) errand = NULL;

  g_task_set_source_tag (task, malt_guard_stop_async);
  errand = malt_errand_new (task, NULL, cancellable, MIN (timeout_ms, G_MAXUINT));
  MALT_ABSTRACT_WORKER_GET_IFACE (self)->stop_async (self, exit_timeout_ms, term_timeout_ms,
                                                     malt_errand_get_cancellable (errand),
                                                     on_stopped, malt_errand_get_ticket (errand));
}

gboolean
malt_guard_stop_finish (MaltAbstractWorker  *self,
                        GAsyncResult        *result,
                        gboolean            *was_running,
                        GError             **error)
{
  gssize number;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_guard_stop_async), FALSE);

  number = g_task_propagate_int (G_TASK (result), error);
  *was_running = number > 0;

  return number >= 0;
}

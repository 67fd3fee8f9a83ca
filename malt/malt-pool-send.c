/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-request-private.h"

#include "malt/malt-call-backend.h"
#include "malt/malt-call-copy-private.h"
#include "malt/malt-error.h"

/* What the application sends is one call, and what a member is sent another: the application's
 * waits in the queue as well, and its signals are emitted where it was sent. */
typedef struct
{
  MaltDelivery  delivery;
  MaltCall     *call;       /* owned; the application's */
  GTask        *task;       /* owned; NULL: a post */
  GVariant     *value;      /* owned */
  GError       *error;      /* owned */
} Sending;

static void
sending_free (Sending *self)
{
  g_clear_object (&self->call);
  g_clear_object (&self->task);
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self);
}

/* Runs in the context of the task. */
static void
on_delivered (MaltDelivery *delivery)
{
  Sending *self = (Sending *) delivery;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&self->value), (GDestroyNotify) g_variant_unref);
  sending_free (self);
}

/* Runs in the pool thread. */
static void
on_done (MaltPoolRequest *request,
         GVariant        *value,
         const GError    *error)
{
  Sending *self = request->data;

  malt_call_end_like (self->call, request->call, error);
  self->value = value != NULL ? g_variant_ref (value) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  malt_delivery_send (&self->delivery, g_task_get_context (self->task));
}

void
malt_pool_core_send_task (MaltPoolCore *core,
                          MaltCall     *call,
                          GTask        *task)
{
  g_autoptr (MaltCall) copy = NULL;
  MaltPoolRequest *request;
  GError *error = NULL;
  Sending *self;

  if (!malt_call_begin (call, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  self = g_new0 (Sending, 1);
  self->delivery.func = on_delivered;
  self->call = g_object_ref (call);
  self->task = task;
  copy = malt_call_copy (call);
  malt_call_forward_progress (call, copy, g_task_get_context (task));
  request = malt_pool_request_new (core, copy, g_task_get_cancellable (task), on_done, self);
  if (malt_pool_request_submit (request, FALSE, &error))
    return;

  malt_call_end (call, -1, error);
  g_task_return_error (task, error);
  sending_free (self);
  malt_pool_request_unref (request);
}

/* Runs in the thread that waits for the call. */
static void
on_progress_here (MaltCall   *copy,
                  double      fraction,
                  const char *message,
                  gpointer    user_data)
{
  malt_call_emit_progress (user_data, fraction, message);
}

/* A call that was on its way while it was in the queue. */
static GVariant *
send_copy (MaltPoolRequest  *request,
           GError          **error)
{
  g_autoptr (MaltCall) copy = malt_call_copy (request->call);
  GVariant *value;

  g_signal_connect (copy, "progress", G_CALLBACK (on_progress_here), request->call);
  value = malt_abstract_worker_send (request->member->worker, copy, request->cancellable, error);
  malt_call_end_like (request->call, copy, *error);
  malt_pool_request_release (request, malt_call_get_run_time_us (copy), *error);

  return value;
}

GVariant *
malt_pool_core_send_sync (MaltPoolCore  *core,
                          MaltCall      *call,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_autoptr (MaltPoolRequest) request = malt_pool_request_new (core, call, cancellable, NULL, NULL);
  g_autoptr (GError) local_error = NULL;
  GVariant *value = NULL;

  if (!malt_call_begin (call, error))
    return NULL;

  if (malt_pool_request_wait (request, &local_error))
    value = send_copy (request, &local_error);
  else
    malt_call_end (call, -1, local_error);

  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));

  return value;
}

/* Runs in the pool thread. Nobody waits for a post; what went wrong in it is told all the same.
 * Never above MESSAGE: what a worker says must not abort a program that has warnings made fatal. */
static void
on_post_done (MaltPoolRequest *request,
              GVariant        *value,
              const GError    *error)
{
  g_autofree char *worker = NULL;

  if (error == NULL || g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    return;

  worker = request->member != NULL ? malt_abstract_worker_describe (request->member->worker)
                                   : g_strdup (request->core->description);
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE,
                    "MALT_WORKER", worker,
                    "MALT_WORKER_LEVEL", "warning",
                    "MESSAGE", "[%s]: %s", worker, error->message);
}

gboolean
malt_pool_core_post (MaltPoolCore  *core,
                     MaltCall      *call,
                     GError       **error)
{
  g_autoptr (MaltCall) copy = NULL;
  g_autoptr (GError) local_error = NULL;
  MaltPoolRequest *request;

  if (!malt_call_begin (call, error))
    return FALSE;

  copy = malt_call_copy (call);
  malt_call_set_discard_result (copy, TRUE);
  request = malt_pool_request_new (core, copy, NULL, on_post_done, NULL);
  if (malt_pool_request_submit (request, FALSE, &local_error))
    {
      malt_call_end (call, -1, NULL);
      return TRUE;
    }

  malt_call_end (call, -1, local_error);
  malt_pool_request_unref (request);
  g_propagate_error (error, g_steal_pointer (&local_error));

  return FALSE;
}

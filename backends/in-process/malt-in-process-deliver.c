/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

/* The outcome of a call that is ENDED, to who sent it. */
static void
return_call (MaltInProcessCall *call)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = malt_in_process_call_finish (call, &error);

  if (value != NULL)
    g_task_return_pointer (call->task, value, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (call->task, g_steal_pointer (&error));
}

/* In the context of the caller. */
static void
on_delivered (MaltDelivery *delivery)
{
  g_autoptr (MaltInProcessCall) call = (MaltInProcessCall *) delivery;
  g_autofree char *progress_message = NULL;
  gboolean has_progress;
  gboolean has_ended;
  double fraction;

  g_mutex_lock (&call->core->lock);
  call->is_on_its_way = FALSE;
  has_progress = call->has_progress;
  call->has_progress = FALSE;
  fraction = call->progress_fraction;
  progress_message = g_steal_pointer (&call->progress_message);
  has_ended = call->state == MALT_IN_PROCESS_CALL_ENDED;
  g_mutex_unlock (&call->core->lock);

  if (has_progress)
    malt_call_emit_progress (call->call, fraction, progress_message);
  if (has_ended)
    return_call (call);
}

void
malt_in_process_deliver_locked (MaltInProcessCall *call)
{
  if (call->is_on_its_way)
    return;

  call->is_on_its_way = TRUE;
  call->delivery.func = on_delivered;
  malt_delivery_send (&malt_in_process_call_ref (call)->delivery,
                      g_task_get_context (call->task));
}

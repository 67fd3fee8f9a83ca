/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-request-private.h"

#include "malt/malt-error.h"

/* Interrupts the latest call of a pool, wherever it is. */

GError *
malt_pool_request_new_interruption (MaltPoolRequest *self)
{
  return g_error_new (MALT_ERROR, MALT_ERROR_INTERRUPTED,
                      "The call of “%s” was interrupted before it was sent",
                      malt_call_get_function (self->call));
}

/* The last one that may be interrupted, NULL for none. */
static MaltPoolRequest *
find_last (GQueue *requests)
{
  for (GList *link = requests->tail; link != NULL; link = link->prev)
    {
      if (!malt_pool_request_is_channel_operation (link->data))
        return link->data;
    }

  return NULL;
}

static MaltPoolRequest *
find_latest_locked (MaltPoolCore *core)
{
  MaltPoolRequest *latest = find_last (&core->queue);

  /* What waits came after what does not. */
  if (latest != NULL)
    return latest;

  for (guint i = 0; i < core->listed->len; i++)
    {
      MaltPoolMember *member = g_ptr_array_index (core->listed, i);
      MaltPoolRequest *request = find_last (&member->calls);

      if (request != NULL && (latest == NULL || request->number > latest->number))
        latest = request;
    }

  return latest;
}

/* One that has not been sent never will be; the worker does not know yet of one that is just being
 * sent. */
static gboolean
interrupt_unsent_locked (MaltPoolRequest *request)
{
  MaltPoolCore *core = request->core;

  if (request->state == MALT_POOL_REQUEST_SENT)
    return FALSE;

  if (request->state == MALT_POOL_REQUEST_SENDING)
    {
      request->is_interrupted = TRUE;
      return TRUE;
    }

  if (request->state == MALT_POOL_REQUEST_QUEUED)
    g_queue_unlink (&core->queue, &request->link);
  else
    malt_pool_request_leave_locked (request);
  malt_pool_request_refuse_locked (request, malt_pool_request_new_interruption (request));

  return TRUE;
}

/* `member`: the one whose worker is to be asked, if any (transfer full). FALSE with an error if the
 * pool does not run. */
static gboolean
find_member (MaltPoolCore    *core,
             MaltPoolMember **member,
             GError         **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  MaltPoolRequest *request;

  if (!malt_pool_core_check_phase_locked (core, MALT_POOL_PHASE_STARTING, error))
    return FALSE;

  request = find_latest_locked (core);
  if (request != NULL && !interrupt_unsent_locked (request))
    *member = malt_pool_member_ref (request->member);

  return TRUE;
}

gboolean
malt_pool_core_interrupt (MaltPoolCore  *core,
                          GError       **error)
{
  g_autoptr (MaltPoolMember) member = NULL;
  g_autoptr (GError) local_error = NULL;

  if (!find_member (core, &member, error))
    return FALSE;

  /* That it has ended meanwhile is an end of the call, too. */
  if (member == NULL || malt_abstract_worker_interrupt (member->worker, &local_error)
      || g_error_matches (local_error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER))
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-request-private.h"

#include "malt/malt-error.h"
#include "malt/malt-pool-private.h"

MaltPoolRequest *
malt_pool_request_new (MaltPoolCore        *core,
                       MaltCall            *call,
                       GCancellable        *cancellable,
                       MaltPoolRequestFunc  done,
                       gpointer             data)
{
  MaltPoolRequest *self = g_new0 (MaltPoolRequest, 1);

  self->link.data = self;
  self->ref_count = 1;
  self->core = malt_pool_core_ref (core);
  self->call = g_object_ref (call);
  g_set_object (&self->cancellable, cancellable);
  self->done = done;
  self->data = data;
  self->begin_us = g_get_monotonic_time ();

  return self;
}

MaltPoolRequest *
malt_pool_request_ref (MaltPoolRequest *self)
{
  g_atomic_int_inc (&self->ref_count);

  return self;
}

void
malt_pool_request_unref (MaltPoolRequest *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  g_clear_pointer (&self->member, malt_pool_member_unref);
  g_clear_object (&self->call);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_clear_pointer (&self->core, malt_pool_core_unref);
  g_free (self);
}

gboolean
malt_pool_request_is_channel_operation (MaltPoolRequest *self)
{
  return g_str_has_prefix (malt_call_get_function (self->call), "malt.channel.");
}

/* FALSE with an error if the pool does not take the call. */
static gboolean
check_open_locked (MaltPoolRequest  *self,
                   gboolean          is_part,
                   GError          **error)
{
  MaltPoolCore *core = self->core;

  if (is_part ? !malt_pool_core_check_phase_locked (core, MALT_POOL_PHASE_RUNNING, error)
              : !malt_pool_core_check_open_locked (core, error))
    return FALSE;

  if (malt_pool_core_is_broken_locked (core))
    g_propagate_error (error, g_error_copy (core->start_error));
  else if (core->size > 1 && malt_pool_request_is_channel_operation (self))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 "%s has several workers, and a channel lives in one: ask a worker of its list",
                 core->description);
  else if (!is_part && core->max_queue != 0 && core->queue.length >= core->max_queue)
    g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                 "%s takes no more calls for now: %u are waiting, as many as may",
                 core->description, core->queue.length);
  else
    return TRUE;

  return FALSE;
}

/* Any thread. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltPoolRequest *self = user_data;
  GError *error = NULL;

  g_mutex_lock (&self->core->lock);
  if (self->state == MALT_POOL_REQUEST_QUEUED)
    {
      g_cancellable_set_error_if_cancelled (cancellable, &error);
      g_queue_unlink (&self->core->queue, &self->link);
      malt_pool_request_refuse_locked (self, error);
    }
  g_mutex_unlock (&self->core->lock);
}

/* The handler looks at the state, and does nothing if it is too early. */
static void
watch (MaltPoolRequest *self)
{
  if (self->cancellable != NULL)
    self->cancel_handler = g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled),
                                                  malt_pool_request_ref (self),
                                                  (GDestroyNotify) malt_pool_request_unref);
}

void
malt_pool_request_unwatch (MaltPoolRequest *self)
{
  g_cancellable_disconnect (self->cancellable, self->cancel_handler);
  self->cancel_handler = 0;
}

gboolean
malt_pool_request_submit (MaltPoolRequest  *self,
                          gboolean          is_part,
                          GError          **error)
{
  MaltPoolCore *core = self->core;
  gboolean is_open;

  /* Before it is queued: it may be over at any moment after that. */
  watch (self);
  g_mutex_lock (&core->lock);
  is_open = check_open_locked (self, is_part, error);
  if (is_open)
    malt_pool_request_enqueue_locked (self);
  g_mutex_unlock (&core->lock);

  if (!is_open)
    malt_pool_request_unwatch (self);

  return is_open;
}

static gboolean
is_queued (MaltPoolRequest *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->core->lock);

  return self->state == MALT_POOL_REQUEST_QUEUED;
}

/* Whether it was assigned. */
static gboolean
wait_for_turn (MaltPoolRequest *self)
{
  if (is_queued (self))
    {
      watch (self);
      g_mutex_lock (&self->core->lock);
      while (self->state == MALT_POOL_REQUEST_QUEUED)
        g_cond_wait (self->turn, &self->core->lock);
      g_mutex_unlock (&self->core->lock);
      malt_pool_request_unwatch (self);
    }

  return self->state == MALT_POOL_REQUEST_SENT;
}

gboolean
malt_pool_request_wait (MaltPoolRequest  *self,
                        GError          **error)
{
  MaltPoolCore *core = self->core;
  gboolean is_open;
  GCond turn;

  g_cond_init (&turn);
  self->turn = &turn;
  g_mutex_lock (&core->lock);
  is_open = check_open_locked (self, FALSE, error);
  if (is_open)
    malt_pool_request_enqueue_locked (self);
  g_mutex_unlock (&core->lock);

  while (is_open && wait_for_turn (self) && !malt_pool_request_check_member (self))
    {
    }
  g_cond_clear (&turn);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));

  return self->state == MALT_POOL_REQUEST_SENT;
}

void
malt_pool_request_release (MaltPoolRequest *self,
                           gint64           run_time_us,
                           const GError    *error)
{
  MaltPoolCore *core = self->core;
  MaltPoolMember *member = self->member;
  gboolean is_end = g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER)
                    || g_error_matches (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
  gboolean has_ended = is_end && !malt_abstract_worker_is_running (member->worker);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  malt_pool_request_leave_locked (self);
  member->n_calls++;
  malt_pool_statistics_count_locked (core, self->begin_us, run_time_us, error != NULL);
  core->n_failed_starts = 0;
  if (!is_end)
    core->n_failures = 0;
  member->has_ended |= has_ended;
  member->wants_memory_check |= core->max_memory != 0;
  if (member->has_ended || member->wants_memory_check || core->is_draining
      || member->state == MALT_POOL_MEMBER_RETIRING)
    malt_pool_core_wake_locked (core);
  malt_pool_core_notify_later_locked (core);
  malt_pool_core_dispatch_locked (core);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-return-task.h"

/* Held by the core as long as it waits, and by the handler of its cancellable. */
struct _MaltPoolWait
{
  MaltPoolCore     *core;           /* owned */
  MaltPoolWaitKind  kind;           /* immutable */
  GTask            *task;           /* owned; pool thread */
  gulong            cancel_handler; /* pool thread; immutable after the add */
  int               is_cancelled;   /* atomic */
};

static void
wait_clear (MaltPoolWait *self)
{
  g_clear_object (&self->task);
  g_clear_pointer (&self->core, malt_pool_core_unref);
}

void
malt_pool_wait_free (MaltPoolWait *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) wait_clear);
}

/* Any thread: only tells. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltPoolWait *self = user_data;

  g_atomic_int_set (&self->is_cancelled, TRUE);
  g_mutex_lock (&self->core->lock);
  malt_pool_core_wake_locked (self->core);
  g_mutex_unlock (&self->core->lock);
}

void
malt_pool_wait_begin (MaltPoolCore     *core,
                      MaltPoolWaitKind  kind,
                      GTask            *task)
{
  MaltPoolWait *self = g_atomic_rc_box_new0 (MaltPoolWait);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->core = malt_pool_core_ref (core);
  self->kind = kind;
  self->task = task;
  if (cancellable != NULL)
    self->cancel_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                  g_atomic_rc_box_acquire (self),
                                                  (GDestroyNotify) malt_pool_wait_free);
  g_mutex_lock (&core->lock);
  g_ptr_array_add (core->waits, self);
  malt_pool_core_wake_locked (core);
  g_mutex_unlock (&core->lock);
}

/* Runs in the pool thread. Takes the wait and the error. */
static void
end (MaltPoolWait *self,
     int           result,
     GError       *error)
{
  g_cancellable_disconnect (g_task_get_cancellable (self->task), self->cancel_handler);
  malt_return_task (g_steal_pointer (&self->task), result, error);
  malt_pool_wait_free (self);
}

/* Who waits for the start is told when what had started is gone. */
static gboolean
is_given_up (MaltPoolWait *self)
{
  return self->kind != MALT_POOL_WAIT_START && g_atomic_int_get (&self->is_cancelled);
}

/* (transfer container): those of the kind, or those that have been given up. All at once: who is
 * told may wait again at the same moment. */
static GPtrArray *
steal (MaltPoolCore     *core,
       MaltPoolWaitKind  kind,
       gboolean          wants_given_up)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  GPtrArray *stolen = g_ptr_array_new ();

  for (guint i = core->waits->len; i > 0; i--)
    {
      MaltPoolWait *self = g_ptr_array_index (core->waits, i - 1);

      if (wants_given_up ? is_given_up (self) : self->kind == kind)
        g_ptr_array_insert (stolen, 0, g_ptr_array_steal_index (core->waits, i - 1));
    }

  return stolen;
}

gboolean
malt_pool_wait_end_all (MaltPoolCore     *core,
                        MaltPoolWaitKind  kind,
                        int               result,
                        const GError     *error)
{
  g_autoptr (GPtrArray) stolen = steal (core, kind, FALSE);

  for (guint i = 0; i < stolen->len; i++)
    end (g_ptr_array_index (stolen, i), result, error != NULL ? g_error_copy (error) : NULL);

  return stolen->len > 0;
}

static gboolean
is_start_cancelled (MaltPoolCore *core)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  for (guint i = 0; i < core->waits->len; i++)
    {
      MaltPoolWait *self = g_ptr_array_index (core->waits, i);

      if (self->kind == MALT_POOL_WAIT_START && g_atomic_int_get (&self->is_cancelled))
        return core->phase == MALT_POOL_PHASE_STARTING;
    }

  return FALSE;
}

void
malt_pool_wait_end_cancelled (MaltPoolCore *core)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                  "Operation was cancelled");
  g_autoptr (GPtrArray) stolen = NULL;

  if (is_start_cancelled (core))
    malt_pool_core_start_failed (core, error);
  stolen = steal (core, MALT_POOL_WAIT_START, TRUE);
  for (guint i = 0; i < stolen->len; i++)
    end (g_ptr_array_index (stolen, i), -1, g_error_copy (error));
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/in-process/malt-in-process-core-private.h"

/* On the stack of a thread that waits for the role. Who leaves hands it to the one who has waited
 * longest, so that a caller in a tight loop cannot keep it for itself. */
typedef struct
{
  GThread *thread;
  GCond    is_next;
  GList    link;
} RoleWaiter;

void
malt_in_process_take_role_locked (MaltInProcessCore *self)
{
  RoleWaiter waiter = { .thread = g_thread_self () };

  if (self->executing == NULL)
    {
      self->executing = waiter.thread;
      return;
    }

  waiter.link.data = &waiter;
  g_cond_init (&waiter.is_next);
  g_queue_push_tail_link (&self->role_waiters, &waiter.link);
  while (self->executing != waiter.thread)
    g_cond_wait (&waiter.is_next, &self->lock);
  g_cond_clear (&waiter.is_next);
}

void
malt_in_process_release_role_locked (MaltInProcessCore *self)
{
  GList *link = g_queue_pop_head_link (&self->role_waiters);
  RoleWaiter *next = link != NULL ? link->data : NULL;

  self->executing = next != NULL ? next->thread : NULL;
  if (next != NULL)
    g_cond_signal (&next->is_next);

  /* What it has executed may have been the last. */
  if (self->is_stopping)
    malt_in_process_wake_locked (self);
}

void
malt_in_process_wake_locked (MaltInProcessCore *self)
{
  if (!self->is_asleep)
    return;

  self->is_asleep = FALSE;
  g_main_context_wakeup (self->context);
}

MaltRuntime *
malt_in_process_begin_use_locked (MaltInProcessCore *self)
{
  if (self->runtime != NULL)
    self->n_users++;

  return self->runtime;
}

void
malt_in_process_end_use (MaltInProcessCore *self)
{
  g_mutex_lock (&self->lock);
  self->n_users--;
  if (self->n_users == 0)
    g_cond_broadcast (&self->users_changed);
  g_mutex_unlock (&self->lock);
}

MaltRuntime *
malt_in_process_steal_runtime_locked (MaltInProcessCore *self)
{
  MaltRuntime *runtime = g_steal_pointer (&self->runtime);

  while (self->n_users > 0)
    g_cond_wait (&self->users_changed, &self->lock);

  return runtime;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-delivery-private.h"

/**
 * MaltDelivery: (skip)
 * @func: what is done there; set before it is sent
 *
 * Something to be done in another thread's main context, such as the return of a
 * #GTask. Many of them share one source, where g_task_return_value() makes one each,
 * and what they hold is let go of there. It lies in memory of whoever delivers it,
 * all zero but for @func, as a rule in the struct of what is delivered.
 *
 * Since: 0.1
 */

/**
 * MaltDeliveryFunc: (skip)
 * @self: the delivery, which is on its way no more: its memory is its owner's again
 *
 * Does what a delivery is for: once, in the main context that it was sent to, without
 * a lock held.
 *
 * Since: 0.1
 */

/* The source of a context that has deliveries. It is in @outlets exactly as long as it has some,
 * or is being dispatched. */
typedef struct
{
  GSource       source;
  GMainContext *context;    /* not owned: the deliveries keep it */
  GQueue        deliveries; /* by their @link; protected by @lock */
} Outlet;

static GMutex lock;
static GHashTable *outlets; /* context → Outlet, which its context owns; protected by @lock */

/* The next one that was sent before `time`. */
static MaltDelivery *
pop (Outlet *self,
     gint64  time)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  MaltDelivery *next = g_queue_peek_head (&self->deliveries);

  if (next == NULL || next->time >= time)
    return NULL;

  g_queue_unlink (&self->deliveries, &next->link);
  next->link.data = NULL;

  return next;
}

static gboolean
is_over (Outlet *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (self->deliveries.length > 0)
    return FALSE;

  if (g_hash_table_lookup (outlets, self->context) == self)
    g_hash_table_remove (outlets, self->context);

  return TRUE;
}

/* What was there when the iteration began: GTask puts off the return of a task that is as young as
 * the iteration, and those after it would overtake it. A callback that iterates the context gets
 * here again, for the next one. */
static gboolean
outlet_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  Outlet *self = (Outlet *) source;
  gint64 time = g_source_get_time (source);
  MaltDelivery *delivery;

  while ((delivery = pop (self, time)) != NULL)
    delivery->func (delivery);

  return is_over (self) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static GSourceFuncs outlet_funcs = {
  .dispatch = outlet_dispatch,
};

static Outlet *
new_outlet_locked (GMainContext *context)
{
  g_autoptr (GSource) source = g_source_new (&outlet_funcs, sizeof (Outlet));
  Outlet *self = (Outlet *) source;

  self->context = context;
  g_source_set_static_name (source, "malt deliveries");
  g_source_set_can_recurse (source, TRUE);
  g_source_set_ready_time (source, 0);
  g_source_attach (source, context);
  g_hash_table_insert (outlets, context, self);

  return self;
}

gboolean
malt_delivery_cancel (MaltDelivery *self,
                      GMainContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  Outlet *outlet;

  if (self->link.data == NULL)
    return FALSE;

  outlet = g_hash_table_lookup (outlets, context);
  g_queue_unlink (&outlet->deliveries, &self->link);
  self->link.data = NULL;
  /* Nothing that is left keeps the context, which may never be iterated again. */
  if (outlet->deliveries.length == 0)
    {
      g_hash_table_remove (outlets, context);
      g_source_destroy (&outlet->source);
    }

  return TRUE;
}

/**
 * malt_delivery_send: (skip)
 * @self: a delivery whose `func` is set, and which is not on its way
 * @context: where it is to be called; whoever delivers keeps it alive until then
 *
 * Has the function called in a main context, once, in the order of sending, and
 * never before this returns. Any thread.
 *
 * Since: 0.1
 */
void
malt_delivery_send (MaltDelivery *self,
                    GMainContext *context)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  Outlet *outlet;

  if (outlets == NULL)
    outlets = g_hash_table_new (NULL, NULL);

  outlet = g_hash_table_lookup (outlets, context);
  if (outlet == NULL)
    outlet = new_outlet_locked (context);
  self->link.data = self;
  self->time = g_get_monotonic_time ();
  g_queue_push_tail_link (&outlet->deliveries, &self->link);
}

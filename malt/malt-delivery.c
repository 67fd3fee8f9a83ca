/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-delivery-private.h"

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

static MaltDelivery *
pop (Outlet *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  GList *link = g_queue_pop_head_link (&self->deliveries);

  return link != NULL ? link->data : NULL;
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

/* What is there now: a GTask that is as young as the iteration would make a source of its own. A
 * callback that iterates the context gets here again, for the next one. */
static gboolean
outlet_dispatch (GSource     *source,
                 GSourceFunc  callback,
                 gpointer     user_data)
{
  Outlet *self = (Outlet *) source;
  guint n_deliveries;

  g_mutex_lock (&lock);
  n_deliveries = self->deliveries.length;
  g_mutex_unlock (&lock);

  for (; n_deliveries > 0; n_deliveries--)
    {
      MaltDelivery *delivery = pop (self);

      if (delivery == NULL)
        break;
      delivery->func (delivery);
    }

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
  g_queue_push_tail_link (&outlet->deliveries, &self->link);
}

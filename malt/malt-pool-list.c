/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

/* A pool as the list of its workers. What there is to see is in the core; the list follows in the
 * context of the pool. */

static GType
malt_pool_get_item_type (GListModel *model)
{
  return MALT_TYPE_POOL_WORKER;
}

static guint
malt_pool_get_n_items (GListModel *model)
{
  return MALT_POOL (model)->items->len;
}

static gpointer
malt_pool_get_item (GListModel *model,
                    guint       position)
{
  MaltPool *self = MALT_POOL (model);

  if (position >= self->items->len)
    return NULL;

  g_mutex_lock (&self->core->lock);
  self->core->is_watched = TRUE;
  g_mutex_unlock (&self->core->lock);

  return g_object_ref (g_ptr_array_index (self->items, position));
}

void
malt_pool_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = malt_pool_get_item_type;
  iface->get_n_items = malt_pool_get_n_items;
  iface->get_item = malt_pool_get_item;
}

/* (transfer container) */
static GPtrArray *
list_members (MaltPoolCore *core)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);
  GPtrArray *members = g_ptr_array_new_with_free_func ((GDestroyNotify) malt_pool_member_unref);

  for (guint i = 0; i < core->listed->len; i++)
    g_ptr_array_add (members, malt_pool_member_ref (g_ptr_array_index (core->listed, i)));

  return members;
}

/* Makes one change that brings the list nearer to the truth. Members come at the end only, so the
 * first difference is one that has gone, or everything from there on is new. */
static gboolean
refresh_step (MaltPool *self)
{
  g_autoptr (GPtrArray) truth = list_members (self->core);
  guint n_same = 0;

  while (n_same < self->items->len && n_same < truth->len
         && malt_pool_worker_get_member (g_ptr_array_index (self->items, n_same))
              == g_ptr_array_index (truth, n_same))
    n_same++;

  if (n_same < self->items->len)
    {
      g_autoptr (MaltPoolWorker) gone = g_ptr_array_steal_index (self->items, n_same);

      g_list_model_items_changed (G_LIST_MODEL (self), n_same, 1, 0);
      malt_pool_worker_refresh (gone);
      return TRUE;
    }

  if (n_same == truth->len)
    return FALSE;

  for (guint i = n_same; i < truth->len; i++)
    g_ptr_array_add (self->items,
                     malt_pool_worker_new (self->core, g_ptr_array_index (truth, i)));
  g_list_model_items_changed (G_LIST_MODEL (self), n_same, 0, truth->len - n_same);

  return TRUE;
}

void
malt_pool_refresh_list (MaltPool *self)
{
  while (refresh_step (self))
    {
    }
}

void
malt_pool_refresh_items (MaltPool *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_copy (self->items, (GCopyFunc) (GCallback) g_object_ref,
                                                  NULL);

  g_ptr_array_set_free_func (items, g_object_unref);
  for (guint i = 0; i < items->len; i++)
    malt_pool_worker_refresh (g_ptr_array_index (items, i));
}

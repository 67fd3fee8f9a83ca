/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-local-channel-private.h"

/* A local channel as one end of a remote one: who takes from it is fed with what comes from there,
 * and who puts into it waits until what it put has gone there. */

void
malt_channel_end_set_demand_func (MaltLocalChannel     *self,
                                  MaltLocalChannelFunc  func,
                                  gpointer              user_data)
{
  g_mutex_lock (&self->lock);
  self->demand_func = func;
  self->demand_data = user_data;
  g_mutex_unlock (&self->lock);
}

guint
malt_channel_end_get_n_takers (MaltLocalChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->takers.length;
}

gboolean
malt_channel_end_has_values (MaltLocalChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->values.length > 0;
}

void
malt_channel_end_feed (MaltLocalChannel *self,
                       GVariant         *values)
{
  gsize n_values = g_variant_n_children (values);
  GQueue over = G_QUEUE_INIT;

  g_mutex_lock (&self->lock);
  for (gsize i = 0; i < n_values; i++)
    {
      g_autoptr (GVariant) item = g_variant_get_child_value (values, i);

      g_queue_push_tail (&self->values, g_variant_get_variant (item));
    }
  malt_local_channel_serve_locked (self, &over);
  malt_local_channel_unlock (self, &over);
}

GVariant *
malt_channel_end_drain (MaltLocalChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GVariantBuilder builder;
  GVariant *value;

  if (self->values.length == 0)
    return NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  while ((value = g_queue_pop_head (&self->values)) != NULL)
    {
      g_variant_builder_add (&builder, "v", value);
      g_variant_unref (value);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

void
malt_channel_end_fail_takers (MaltLocalChannel *self,
                              const GError     *error)
{
  GQueue over = G_QUEUE_INIT;
  MaltChannelWaiter *taker;

  g_mutex_lock (&self->lock);
  while ((taker = g_queue_peek_head (&self->takers)) != NULL)
    {
      taker->error = g_error_copy (error);
      malt_local_channel_end_locked (taker, &over);
    }
  malt_local_channel_unlock (self, &over);
}

GVariant *
malt_channel_end_claim_putters (MaltLocalChannel *self,
                                guint             max_items,
                                gsize             max_bytes)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GVariantBuilder builder;
  gsize n_bytes = 0;
  guint n_items = 0;

  if (self->putters.length == 0)
    return NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (GList *l = self->putters.head; l != NULL && n_items < max_items; l = l->next)
    {
      MaltChannelWaiter *putter = l->data;

      n_bytes += g_variant_get_size (putter->value);
      if (n_items > 0 && n_bytes > max_bytes)
        break;

      putter->is_claimed = TRUE;
      g_variant_builder_add (&builder, "v", putter->value);
      n_items++;
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
malt_channel_end_has_cancelled (MaltLocalChannel *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (GList *l = self->putters.head; l != NULL; l = l->next)
    {
      MaltChannelWaiter *putter = l->data;

      if (!putter->is_claimed)
        break;
      if (putter->is_cancelled)
        return TRUE;
    }

  return FALSE;
}

/* Leaves one that waits on where it is. */
static void
settle_putter_locked (MaltChannelWaiter *putter,
                      gboolean           is_put,
                      const GError      *error,
                      GQueue            *over)
{
  putter->is_claimed = FALSE;
  if (!is_put && putter->is_cancelled)
    g_set_error_literal (&putter->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                         "The put was cancelled");
  else if (!is_put && error != NULL)
    putter->error = g_error_copy (error);
  else if (!is_put)
    return;

  malt_local_channel_end_locked (putter, over);
}

void
malt_channel_end_settle_putters (MaltLocalChannel *self,
                                 guint             n_put,
                                 const GError     *error)
{
  GQueue over = G_QUEUE_INIT;
  GList *next;

  g_mutex_lock (&self->lock);
  for (GList *l = self->putters.head; l != NULL; l = next)
    {
      MaltChannelWaiter *putter = l->data;

      next = l->next;
      if (!putter->is_claimed)
        break;

      settle_putter_locked (putter, n_put > 0, error, &over);
      if (n_put > 0)
        n_put--;
    }
  malt_local_channel_unlock (self, &over);
}

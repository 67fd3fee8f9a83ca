/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-inventory.h"

#include "backends/distributed/malt-distributed-message.h"
#include "backends/distributed/malt-distributed-names.h"

#include <malt/malt.h>

#include <math.h>

static void
free_pool (gpointer data)
{
  MaltInventoryPool *pool = data;

  g_free (pool->name);
  g_free (pool);
}

MaltInventory *
malt_inventory_new (void)
{
  MaltInventory *self = g_new0 (MaltInventory, 1);

  self->pools = g_ptr_array_new_with_free_func (free_pool);

  return self;
}

void
malt_inventory_free (MaltInventory *self)
{
  g_free (self->host);
  g_free (self->version);
  g_free (self->address);
  g_ptr_array_unref (self->pools);
  g_free (self);
}

void
malt_inventory_add_pool (MaltInventory *self,
                         const char    *name,
                         guint          n_slots,
                         guint          n_used)
{
  MaltInventoryPool *pool = g_new (MaltInventoryPool, 1);

  *pool = (MaltInventoryPool) { g_strdup (name), n_slots, n_used };
  g_ptr_array_add (self->pools, pool);
}

GBytes *
malt_inventory_to_bytes (const MaltInventory  *self,
                         GError              **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantBuilder) pools = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(suu)"));

  for (guint i = 0; i < self->pools->len; i++)
    {
      const MaltInventoryPool *pool = g_ptr_array_index (self->pools, i);

      g_variant_builder_add (&pools, "(suu)", pool->name, pool->n_slots, pool->n_used);
    }

  g_variant_dict_insert (&dict, "host", "s", self->host);
  g_variant_dict_insert (&dict, "version", "s", self->version);
  g_variant_dict_insert (&dict, "address", "s", self->address);
  g_variant_dict_insert (&dict, "workers", "u", self->n_workers);
  g_variant_dict_insert (&dict, "processors", "u", self->n_processors);
  g_variant_dict_insert (&dict, "load", "d", self->load);
  g_variant_dict_insert (&dict, "uptime", "t", self->uptime_s);
  g_variant_dict_insert_value (&dict, "pools", g_variant_builder_end (&pools));

  return malt_distributed_message_to_bytes (g_variant_dict_end (&dict), error);
}

static gboolean
read_pools (MaltInventory  *self,
            GVariant       *pools,
            GError        **error)
{
  GVariantIter iter;
  const char *name;
  guint n_slots, n_used;

  g_variant_iter_init (&iter, pools);
  while (g_variant_iter_next (&iter, "(&suu)", &name, &n_slots, &n_used))
    {
      if (!malt_distributed_check_name (name, "Pool", error))
        return FALSE;

      malt_inventory_add_pool (self, name, n_slots, n_used);
    }

  return TRUE;
}

MaltInventory *
malt_inventory_from_bytes (GBytes  *bytes,
                           GError **error)
{
  g_autoptr (GVariant) message = malt_distributed_message_from_bytes (bytes, error);
  g_autoptr (MaltInventory) self = malt_inventory_new ();
  g_autoptr (GVariant) pools = NULL;
  g_autoptr (GError) local_error = NULL;

  if (message == NULL
      || !malt_distributed_message_get (message, error, "host", "s", &self->host)
      || !malt_distributed_message_get (message, error, "version", "s", &self->version)
      || !malt_distributed_message_get (message, error, "address", "s", &self->address)
      || !malt_distributed_message_get (message, error, "workers", "u", &self->n_workers)
      || !malt_distributed_message_get (message, error, "processors", "u", &self->n_processors)
      || !malt_distributed_message_get (message, error, "load", "d", &self->load)
      || !malt_distributed_message_get (message, error, "uptime", "t", &self->uptime_s)
      || !malt_distributed_message_get (message, error, "pools", "@a(suu)", &pools))
    return NULL;

  if (!malt_distributed_check_host (self->host, &local_error)
      || !read_pools (self, pools, &local_error))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                   "What a host says of itself cannot be: %s", local_error->message);
      return NULL;
    }
  if (!isfinite (self->load))
    self->load = 0;

  return g_steal_pointer (&self);
}

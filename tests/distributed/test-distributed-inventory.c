/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-message.h"

#include <malt/malt.h>

static void
test_inventory (void)
{
  g_autoptr (MaltInventory) inventory = malt_inventory_new ();
  g_autoptr (MaltInventory) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  const MaltInventoryPool *pool;

  inventory->host = g_strdup ("node-1");
  inventory->version = g_strdup ("0.1.0");
  inventory->address = g_strdup ("192.0.2.1:4300");
  inventory->n_workers = 3;
  inventory->n_processors = 8;
  inventory->load = 0.25;
  inventory->uptime_s = G_GUINT64_CONSTANT (5000000000);
  malt_inventory_add_pool (inventory, "default", 4, 1);
  malt_inventory_add_pool (inventory, "gpu", 2, 2);

  bytes = malt_inventory_to_bytes (inventory, &error);
  g_assert_no_error (error);
  read = malt_inventory_from_bytes (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->host, ==, "node-1");
  g_assert_cmpstr (read->version, ==, "0.1.0");
  g_assert_cmpstr (read->address, ==, "192.0.2.1:4300");
  g_assert_cmpuint (read->n_workers, ==, 3);
  g_assert_cmpuint (read->n_processors, ==, 8);
  g_assert_cmpfloat (read->load, ==, 0.25);
  g_assert_cmpuint (read->uptime_s, ==, G_GUINT64_CONSTANT (5000000000));
  g_assert_cmpuint (read->pools->len, ==, 2);
  pool = g_ptr_array_index (read->pools, 1);
  g_assert_cmpstr (pool->name, ==, "gpu");
  g_assert_cmpuint (pool->n_slots, ==, 2);
  g_assert_cmpuint (pool->n_used, ==, 2);
}

#define INVENTORY(host, load, pools)                                                              \
  "{'host': <" host ">, 'version': <'0'>, 'address': <''>, 'workers': <uint32 0>, "               \
  "'processors': <uint32 1>, 'load': <" load ">, 'uptime': <uint64 1>, 'pools': <" pools ">}"

static const struct
{
  const char *name;
  const char *message;
} wrong[] = {
  { "empty", "@a{sv} {}" },
  { "host", INVENTORY ("'a\\u001b'", "0.0", "@a(suu) []") },
  { "pool", INVENTORY ("'a'", "0.0", "[('a\\u001b', uint32 1, uint32 1)]") },
  { "pools", INVENTORY ("'a'", "0.0", "@as []") },
  { "load", INVENTORY ("'a'", "'high'", "@a(suu) []") },
};

static void
test_wrong (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) message =
    g_variant_parse (G_VARIANT_TYPE_VARDICT, wrong[i].message, NULL, NULL, &error);
  g_autoptr (GBytes) bytes = NULL;

  g_assert_no_error (error);
  bytes = malt_distributed_message_to_bytes (message, &error);
  g_assert_no_error (error);
  g_assert_null (malt_inventory_from_bytes (bytes, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_PROTOCOL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/distributed/inventory/sent", test_inventory);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *path =
        g_strdup_printf ("/malt/distributed/inventory/wrong-%s", wrong[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_wrong);
    }

  return g_test_run ();
}

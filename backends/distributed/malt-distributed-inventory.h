/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a host says of itself when it is asked who is there. */
typedef struct
{
  char  *name;
  guint  n_slots;
  guint  n_used;
} MaltInventoryPool;

typedef struct
{
  char      *host;
  char      *version;   /* of malt */
  char      *address;   /* where managers connect to it, for people */
  guint      n_workers;
  guint      n_processors;
  double     load;      /* processes that run or want to, over the last minute */
  guint64    uptime_s;  /* of the daemon */
  GPtrArray *pools;     /* owned MaltInventoryPool, in the order of the configuration */
} MaltInventory;

/* Empty. */
MaltInventory *malt_inventory_new        (void);
void           malt_inventory_free       (MaltInventory        *self);
void           malt_inventory_add_pool   (MaltInventory        *self,
                                          const char           *name,
                                          guint                 n_slots,
                                          guint                 n_used);
/* MALT_ERROR_LIMIT. */
GBytes        *malt_inventory_to_bytes   (const MaltInventory  *self,
                                          GError              **error);
/* MALT_ERROR_PROTOCOL. */
MaltInventory *malt_inventory_from_bytes (GBytes               *bytes,
                                          GError              **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltInventory, malt_inventory_free)

G_END_DECLS

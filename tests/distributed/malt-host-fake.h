/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-workers.h"

G_BEGIN_DECLS

/* In the place of a configuration and of workers: nothing is started, and nothing is at the
 * address. */

/* With the pools “default” and “gpu” in the namespace “test”. */
MaltHostConfig         *malt_host_fake_config_new    (const char       *server,
                                                      const char       *host,
                                                      guint             n_slots);
/* The last request that was granted; NULL: none. */
const MaltSpawnRequest *malt_host_fake_get_request   (MaltHostWorkers  *workers);
/* Ends all workers, of which there are none. */
void                    malt_host_fake_free_slots    (MaltHostWorkers  *workers);
/* Whether a request is granted at once, or all when this is called again. */
void                    malt_host_fake_set_slow      (MaltHostWorkers  *workers,
                                                      gboolean          is_slow);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-worker.h"

MALT_DEFINE_PLUGIN (malt_distributed, MALT_WORKER_EXTENSION_POINT, "distributed",
                    MALT_TYPE_DISTRIBUTED_WORKER)

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_WORKER (malt_distributed_worker_get_type ())
G_DECLARE_FINAL_TYPE (MaltDistributedWorker, malt_distributed_worker, MALT, DISTRIBUTED_WORKER,
                      MaltPeerWorker)

G_END_DECLS

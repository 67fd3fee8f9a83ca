/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

#define MALT_TYPE_POOL_WORKER (malt_pool_worker_get_type ())
#define MALT_TYPE_POOL_WORKER_STATE (malt_pool_worker_state_get_type ())

typedef enum
{
  MALT_POOL_WORKER_STATE_PREPARING,
  MALT_POOL_WORKER_STATE_IDLE,
  MALT_POOL_WORKER_STATE_BUSY,
  MALT_POOL_WORKER_STATE_RETIRING,
  MALT_POOL_WORKER_STATE_ENDED
} MaltPoolWorkerState;

MALT_AVAILABLE_IN_ALL
GType malt_pool_worker_state_get_type (void);

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltPoolWorker, malt_pool_worker, MALT, POOL_WORKER, GObject)

G_END_DECLS

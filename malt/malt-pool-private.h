/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-pool-core-private.h"
#include "malt/malt-pool-worker.h"

G_BEGIN_DECLS

/* Workers of one pool: more processes than any machine has a use for. */
#define MALT_POOL_MAX_SIZE 1024

struct _MaltPool
{
  GObject       parent_instance;

  MaltPoolCore *core;  /* owned; immutable */
  GPtrArray    *items; /* owned MaltPoolWorker; context of the pool only */
};

/* malt-pool-worker.c */
MaltPoolWorker *malt_pool_worker_new          (MaltPoolCore         *core,
                                               MaltPoolMember       *member);
MaltPoolMember *malt_pool_worker_get_member   (MaltPoolWorker       *self);
/* Tells what has changed since the last time. */
void            malt_pool_worker_refresh      (MaltPoolWorker       *self);

/* malt-pool-list.c: the refreshes run in the context of the pool. */
void            malt_pool_list_model_init     (GListModelInterface  *iface);
void            malt_pool_refresh_list        (MaltPool             *self);
void            malt_pool_refresh_items       (MaltPool             *self);

/* malt-pool-map.c */
/* Takes the task, which returns an int; without `func` an av of the results is its data. The inputs
 * are an array or a tuple. `func_data` lives as long as the task. */
void            malt_pool_map_start           (MaltPool             *pool,
                                               const char           *function,
                                               GVariant             *inputs,
                                               MaltPoolMapFunc       func,
                                               gpointer              func_data,
                                               GTask                *task);

/* malt-pool-wait.c: who waits for something of the whole pool. */
typedef enum
{
  MALT_POOL_WAIT_START,
  MALT_POOL_WAIT_DRAIN,
  MALT_POOL_WAIT_STOP
} MaltPoolWaitKind;

typedef struct _MaltPoolWait MaltPoolWait;
/* Takes the task, which returns an int. */
void            malt_pool_wait_begin          (MaltPoolCore         *core,
                                               MaltPoolWaitKind      kind,
                                               GTask                *task);
void            malt_pool_wait_free           (MaltPoolWait         *self);
/* Run in the pool thread. FALSE: nobody waited. */
gboolean        malt_pool_wait_end_all        (MaltPoolCore         *core,
                                               MaltPoolWaitKind      kind,
                                               int                   result,
                                               const GError         *error);
void            malt_pool_wait_end_cancelled  (MaltPoolCore         *core);

/* malt-pool-properties.c and malt-pool-statistics.c: those of the class, and how they are read and
 * set. */
enum
{
  MALT_POOL_PROP_CONFIG = 1,
  MALT_POOL_PROP_PROFILE,
  MALT_POOL_PROP_OPTIONS,
  MALT_POOL_PROP_SIZE,
  MALT_POOL_PROP_MAX_IN_FLIGHT,
  MALT_POOL_PROP_MAX_CALLS_PER_WORKER,
  MALT_POOL_PROP_MAX_QUEUE,
  MALT_POOL_PROP_MAX_AGE,
  MALT_POOL_PROP_MAX_MEMORY,
  MALT_POOL_PROP_N_PENDING,
  MALT_POOL_PROP_N_QUEUED,
  MALT_POOL_PROP_N_CALLS,
  MALT_POOL_PROP_N_FAILED,
  MALT_POOL_PROP_N_RESTARTS,
  MALT_POOL_PROP_QUEUE_TIME_MEAN,
  MALT_POOL_PROP_QUEUE_TIME_MAX,
  MALT_POOL_PROP_RUN_TIME_MEAN,
  MALT_POOL_PROP_RUN_TIME_MAX
};

void            malt_pool_properties_install  (GObjectClass         *object_class);
void            malt_pool_statistics_install  (GObjectClass         *object_class);
void            malt_pool_statistics_get_locked (MaltPoolCore       *core,
                                               guint                 prop_id,
                                               GValue               *value);
/* Counts a call that is over: since when it was there, and as the worker says how long it ran. */
void            malt_pool_statistics_count_locked (MaltPoolCore     *core,
                                               gint64                begin_us,
                                               gint64                run_time_us,
                                               gboolean              has_failed);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-worker.h"

G_BEGIN_DECLS

#define WORKBENCH_TYPE_WORKERS (workbench_workers_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchWorkers, workbench_workers, WORKBENCH, WORKERS, GObject)

WorkbenchWorkers *workbench_workers_new      (void);

GListModel       *workbench_workers_get_list (WorkbenchWorkers *self);
void              workbench_workers_set_pool (WorkbenchWorkers *self,
                                              MaltPool         *pool);
WorkbenchWorker  *workbench_workers_find     (WorkbenchWorkers *self,
                                              const char       *description);

G_END_DECLS

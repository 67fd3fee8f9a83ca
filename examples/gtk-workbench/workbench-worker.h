/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_WORKER (workbench_worker_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchWorker, workbench_worker, WORKBENCH, WORKER, GObject)

WorkbenchWorker *workbench_worker_new             (MaltPoolWorker   *inner,
                                                   guint             number);

MaltPoolWorker  *workbench_worker_get_inner       (WorkbenchWorker  *self);
const char      *workbench_worker_get_description (WorkbenchWorker  *self);
gboolean         workbench_worker_has_ended       (WorkbenchWorker  *self);
gboolean         workbench_worker_is_busy         (WorkbenchWorker  *self);

void             workbench_worker_set_file_name   (WorkbenchWorker  *self,
                                                   const char       *file_name);

char            *workbench_worker_dup_title       (WorkbenchWorker  *self);
char            *workbench_worker_dup_status      (WorkbenchWorker  *self);
char            *workbench_worker_dup_memory      (WorkbenchWorker  *self);

G_END_DECLS

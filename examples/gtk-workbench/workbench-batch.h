/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-file.h"
#include "workbench-thumbnailer.h"

G_BEGIN_DECLS

#define WORKBENCH_TYPE_BATCH (workbench_batch_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchBatch, workbench_batch, WORKBENCH, BATCH, GObject)

WorkbenchBatch *workbench_batch_new             (void);

GListModel     *workbench_batch_get_files       (WorkbenchBatch        *self);
guint           workbench_batch_get_n_done      (WorkbenchBatch        *self);
guint           workbench_batch_get_n_failed    (WorkbenchBatch        *self);
gboolean        workbench_batch_is_running      (WorkbenchBatch        *self);

void            workbench_batch_add             (WorkbenchBatch        *self,
                                                 GFile                 *file);
void            workbench_batch_set_thumbnailer (WorkbenchBatch        *self,
                                                 WorkbenchThumbnailer  *thumbnailer);
void            workbench_batch_cancel          (WorkbenchBatch        *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-workers.h"

G_BEGIN_DECLS

#define WORKBENCH_TYPE_LOG (workbench_log_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchLog, workbench_log, WORKBENCH, LOG, GObject)

WorkbenchLog *workbench_log_get_default (void);
GListModel   *workbench_log_get_lines   (WorkbenchLog     *self);
void          workbench_log_set_workers (WorkbenchLog     *self,
                                         WorkbenchWorkers *workers);

void          workbench_log_install     (void);
void          workbench_log_append      (WorkbenchLog     *self,
                                         const char       *worker,
                                         const char       *text,
                                         gssize            length);

G_END_DECLS

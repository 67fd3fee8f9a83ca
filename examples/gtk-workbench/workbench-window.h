/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-batch.h"
#include "workbench-workers.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_WINDOW (workbench_window_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchWindow, workbench_window, WORKBENCH, WINDOW, AdwApplicationWindow)

WorkbenchWindow  *workbench_window_new         (GtkApplication   *application);

WorkbenchBatch   *workbench_window_get_batch   (WorkbenchWindow  *self);
WorkbenchWorkers *workbench_window_get_workers (WorkbenchWindow  *self);
void              workbench_window_add_files   (WorkbenchWindow  *self,
                                                GListModel       *files);
void              workbench_window_set_profile (WorkbenchWindow  *self,
                                                const char       *profile);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-worker.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_WORKER_ROW (workbench_worker_row_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchWorkerRow, workbench_worker_row, WORKBENCH, WORKER_ROW, AdwActionRow)

GtkWidget *workbench_worker_row_new (WorkbenchWorker *worker);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "workbench-file.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_FILE_ROW (workbench_file_row_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchFileRow, workbench_file_row, WORKBENCH, FILE_ROW, GtkBox)

void workbench_file_row_set_file (WorkbenchFileRow *self,
                                  WorkbenchFile    *file);

G_END_DECLS

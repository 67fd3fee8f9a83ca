/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gdk/gdk.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_FILE (workbench_file_get_type ())
#define WORKBENCH_TYPE_FILE_STATE (workbench_file_state_get_type ())

typedef enum
{
  WORKBENCH_FILE_STATE_WAITING,
  WORKBENCH_FILE_STATE_RUNNING,
  WORKBENCH_FILE_STATE_DONE,
  WORKBENCH_FILE_STATE_FAILED
} WorkbenchFileState;

GType workbench_file_state_get_type (void);

G_DECLARE_FINAL_TYPE (WorkbenchFile, workbench_file, WORKBENCH, FILE, GObject)

WorkbenchFile      *workbench_file_new         (GFile              *file);

GFile              *workbench_file_get_file    (WorkbenchFile      *self);
const char         *workbench_file_get_name    (WorkbenchFile      *self);
WorkbenchFileState  workbench_file_get_state   (WorkbenchFile      *self);
const char         *workbench_file_get_message (WorkbenchFile      *self);
GdkTexture         *workbench_file_get_texture (WorkbenchFile      *self);

void                workbench_file_set_state   (WorkbenchFile      *self,
                                                WorkbenchFileState  state,
                                                const char         *message);
void                workbench_file_set_texture (WorkbenchFile      *self,
                                                GdkTexture         *texture);
void                workbench_file_set_error   (WorkbenchFile      *self,
                                                const GError       *error);

G_END_DECLS

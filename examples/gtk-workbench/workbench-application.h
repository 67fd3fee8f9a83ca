/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_APPLICATION (workbench_application_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchApplication, workbench_application, WORKBENCH, APPLICATION,
                      AdwApplication)

WorkbenchApplication *workbench_application_new (void);

G_END_DECLS

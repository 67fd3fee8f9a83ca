/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The longest time in which the main loop did nothing but one thing. */
typedef struct
{
  guint  source;
  gint64 last_us;
  gint64 last_waited_us;
  gint64 longest_us;
} WorkbenchGap;

void   workbench_gap_start (WorkbenchGap *self);
gint64 workbench_gap_stop  (WorkbenchGap *self);

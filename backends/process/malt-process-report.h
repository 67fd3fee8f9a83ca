/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-child.h"

G_BEGIN_DECLS

/* Why a child is no more. In the monitor thread. */

/* Before one is started: what is to be compared with its end. */
void            malt_process_report_begin (void);
MaltExitReport *malt_process_report_new   (MaltProcessChild *self,
                                           int               exit_status,
                                           int               signum);

/* Of the text of /proc/vmstat: processes that the kernel has ended for want of memory; −1 when it
 * does not say. */
gint64          malt_process_parse_oom_kills (const char *vmstat);

G_END_DECLS

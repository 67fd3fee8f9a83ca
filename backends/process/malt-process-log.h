/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* The log records of one worker, on their way to the program's log writer. They are written in a
 * thread that does nothing else: a writer may block, for instance on a stderr that nobody reads, and
 * whoever calls this must not. Monitor thread. */
typedef struct _MaltProcessLog MaltProcessLog;

MaltProcessLog *malt_process_log_new  (const char          *worker,
                                       int                  pid);
/* Never blocks. Records that come faster than they are written, or than a worker may, are dropped and
 * counted; records of its own say how many. */
void            malt_process_log_push (MaltProcessLog      *self,
                                       const MaltLogRecord *record);
/* The worker has ended: says what was dropped and has not been told. */
void            malt_process_log_free (MaltProcessLog      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltProcessLog, malt_process_log_free)

G_END_DECLS

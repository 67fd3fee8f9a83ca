/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/wire/malt-connection.h>

G_BEGIN_DECLS

/* The log records of one worker, on their way to the program's log writer. They are written in a
 * thread that does nothing else: a writer may block, for instance on a stderr that nobody reads,
 * and whoever calls this must not. Monitor thread. */
typedef struct _MaltRelayLog MaltRelayLog;

MALT_AVAILABLE_IN_ALL
MaltRelayLog *malt_relay_log_new  (const char          *worker,
                                   int                  pid);
/* Never blocks. Records that come faster than they are written, or than a worker may, are dropped
 * and counted; records of its own say how many. */
MALT_AVAILABLE_IN_ALL
void          malt_relay_log_push (MaltRelayLog        *self,
                                   const MaltLogRecord *record);
/* The worker has ended: says what was dropped and has not been told. */
MALT_AVAILABLE_IN_ALL
void          malt_relay_log_free (MaltRelayLog        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayLog, malt_relay_log_free)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/wire/malt-connection.h>

G_BEGIN_DECLS

/* The log records of one worker. Monitor thread. */
typedef struct _MaltRelayLog MaltRelayLog;

MALT_AVAILABLE_IN_ALL
MaltRelayLog *malt_relay_log_new  (const char          *worker,
                                   int                  pid);
MALT_AVAILABLE_IN_ALL
void          malt_relay_log_push (MaltRelayLog        *self,
                                   const MaltLogRecord *record);
MALT_AVAILABLE_IN_ALL
void          malt_relay_log_free (MaltRelayLog        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayLog, malt_relay_log_free)

G_END_DECLS

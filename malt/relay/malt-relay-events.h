/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

/* The signals of a worker on their way to its main context. */
typedef struct _MaltRelayEvents MaltRelayEvents;

MALT_AVAILABLE_IN_ALL
MaltRelayEvents    *malt_relay_events_new         (void);
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_bind        (MaltRelayEvents    *self,
                                                   MaltAbstractWorker *worker,
                                                   GMainContext       *context);
MALT_AVAILABLE_IN_ALL
gboolean            malt_relay_events_is_bound    (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
MaltRelayEvents    *malt_relay_events_ref         (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_unref       (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_detach      (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_relay_events_dup_worker  (MaltRelayEvents    *self);

MALT_AVAILABLE_IN_ALL
gboolean            malt_relay_events_wants_lines (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
gboolean            malt_relay_events_push_line   (MaltRelayEvents    *self,
                                                   guint               fd,
                                                   const char         *line,
                                                   gsize               length);
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_push_exited (MaltRelayEvents    *self,
                                                   MaltExitReport     *report);
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_flush       (MaltRelayEvents    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayEvents, malt_relay_events_unref)

G_END_DECLS

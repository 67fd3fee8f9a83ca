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

/* Nobody's until bind(), which is called once at most. */
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
/* The worker is going away; nothing is emitted any more. */
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_detach      (MaltRelayEvents    *self);
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_relay_events_dup_worker  (MaltRelayEvents    *self);

/* Any thread. FALSE: nobody is connected to "output". */
MALT_AVAILABLE_IN_ALL
gboolean            malt_relay_events_wants_lines (MaltRelayEvents    *self);
/* Any thread; never blocks. FALSE: the queue is full, and the line dropped. */
MALT_AVAILABLE_IN_ALL
gboolean            malt_relay_events_push_line   (MaltRelayEvents    *self,
                                                   guint               fd,
                                                   const char         *line,
                                                   gsize               length);
/* After every line. */
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_push_exited (MaltRelayEvents    *self,
                                                   MaltExitReport     *report);
/* Emits what is queued, when called in the context of the worker. Without locks held. */
MALT_AVAILABLE_IN_ALL
void                malt_relay_events_flush       (MaltRelayEvents    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltRelayEvents, malt_relay_events_unref)

G_END_DECLS

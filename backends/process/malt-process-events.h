/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

/* The signals of a worker on their way to its main context. */
typedef struct _MaltProcessEvents MaltProcessEvents;

/* Nobody's until bind(), which is called once at most. */
MaltProcessEvents  *malt_process_events_new         (void);
void                malt_process_events_bind        (MaltProcessEvents  *self,
                                                     MaltAbstractWorker *worker,
                                                     GMainContext       *context);
gboolean            malt_process_events_is_bound    (MaltProcessEvents  *self);
MaltProcessEvents  *malt_process_events_ref         (MaltProcessEvents  *self);
void                malt_process_events_unref       (MaltProcessEvents  *self);
/* The worker is going away; nothing is emitted any more. */
void                malt_process_events_detach      (MaltProcessEvents  *self);
MaltAbstractWorker *malt_process_events_dup_worker  (MaltProcessEvents  *self);

/* Any thread. FALSE: nobody is connected to "output". */
gboolean            malt_process_events_wants_lines (MaltProcessEvents  *self);
/* Any thread; never blocks. FALSE: the queue is full, and the line dropped. */
gboolean            malt_process_events_push_line   (MaltProcessEvents  *self,
                                                     guint               fd,
                                                     const char         *line,
                                                     gsize               length);
/* After every line. */
void                malt_process_events_push_exited (MaltProcessEvents  *self,
                                                     MaltExitReport     *report);
/* Emits what is queued, when called in the context of the worker. Without locks held. */
void                malt_process_events_flush       (MaltProcessEvents  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltProcessEvents, malt_process_events_unref)

G_END_DECLS

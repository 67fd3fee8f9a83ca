/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"

G_BEGIN_DECLS

/* What a worker that is not trusted with it has been asked to do, a call or a stop, and the GTask
 * that comes of it. It ends once, by whoever is first: the answer, the end of the worker, or a
 * time-out, which is short once it has been cancelled. The worker knows it by a ticket only, which
 * is no pointer, so that it can answer twice, or much later. */
typedef struct _MaltErrand MaltErrand;

/* `task`: for a call one that returns a GVariant, else an int. `call`: one that was begun, which is
 * ended here; NULL for a stop. timeout_ms: 0 for none. */
MaltErrand         *malt_errand_new        (GTask              *task,
                                            MaltCall           *call,
                                            GCancellable       *cancellable,
                                            guint               timeout_ms);
void                malt_errand_unref      (MaltErrand         *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltErrand, malt_errand_unref)

/* The callback of the worker gets it, and takes the errand for it: NULL, with a complaint, a second
 * time. */
gpointer            malt_errand_get_ticket (MaltErrand         *self);
MaltErrand         *malt_errand_take       (gpointer            ticket);

gboolean            malt_errand_is_over    (MaltErrand         *self);
/* (nullable): NULL when it has been let go of. */
MaltAbstractWorker *malt_errand_dup_worker (MaltErrand         *self);
/* What the worker is sent in place of the call; NULL for a stop. */
MaltCall           *malt_errand_get_copy   (MaltErrand         *self);
/* What the worker is sent in place of the cancellable: it is cancelled, too, when the errand ends
 * in any other way than by the answer. */
GCancellable       *malt_errand_get_cancellable (MaltErrand    *self);

/* The worker has answered. Any thread. Do nothing when it is over. Take `value` and `error`. */
void                malt_errand_end_call   (MaltErrand         *self,
                                            GVariant           *value,
                                            GError             *error);
void                malt_errand_end_stop   (MaltErrand         *self,
                                            gboolean            was_running,
                                            GError             *error);
/* The worker has not taken it on. Takes `error`. */
void                malt_errand_refuse     (MaltErrand         *self,
                                            GError             *error);
/* The worker is gone: calls that it does not answer within a second end with `error`. */
void                malt_errand_end_calls_soon
                                           (MaltAbstractWorker *worker,
                                            const GError       *error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/in-process/malt-in-process-call.h"

G_BEGIN_DECLS

/* What of a worker goes on when the object is gone: its runtime, the thread of it, and the calls.
 * It lives until its thread has ended and the last call has its outcome. */

/* A copy of the options is taken. The signals of `worker` are emitted in `signal_context`. */
MaltInProcessCore *malt_in_process_core_new             (MaltAbstractWorker       *worker,
                                                         const MaltWorkerOptions  *options,
                                                         const char               *module,
                                                         GMainContext             *signal_context);
MaltInProcessCore *malt_in_process_core_ref             (MaltInProcessCore        *self);
void               malt_in_process_core_unref           (MaltInProcessCore        *self);

/* Once. Takes the task, which returns 1 when the worker runs. */
void               malt_in_process_core_start           (MaltInProcessCore        *self,
                                                         GTask                    *task);

/* All of these in any thread. */
const char        *malt_in_process_core_get_description (MaltInProcessCore        *self);
guint              malt_in_process_core_get_n_pending   (MaltInProcessCore        *self);
/* Whether the start has succeeded; stays so. */
gboolean           malt_in_process_core_is_started      (MaltInProcessCore        *self);
/* NULL while it has not ended. (transfer none) */
MaltExitReport    *malt_in_process_core_get_report      (MaltInProcessCore        *self);

/* Takes no reference on the task, whose cancellable ends the call. */
void               malt_in_process_core_send_task       (MaltInProcessCore        *self,
                                                         MaltCall                 *call,
                                                         GTask                    *task);
GVariant          *malt_in_process_core_send_sync       (MaltInProcessCore        *self,
                                                         MaltCall                 *call,
                                                         GCancellable             *cancellable,
                                                         GError                  **error);
gboolean           malt_in_process_core_post            (MaltInProcessCore        *self,
                                                         MaltCall                 *call,
                                                         GError                  **error);
gboolean           malt_in_process_core_interrupt       (MaltInProcessCore        *self,
                                                         GError                  **error);

/* Takes the task, which returns 1, or 0 when the worker had ended before. */
void               malt_in_process_core_stop            (MaltInProcessCore        *self,
                                                         guint                     timeout_ms,
                                                         GTask                    *task);
/* The worker is going away: it ends, without anybody waiting. */
void               malt_in_process_core_detach          (MaltInProcessCore        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltInProcessCore, malt_in_process_core_unref)

G_END_DECLS

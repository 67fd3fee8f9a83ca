/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* What this process says to GLib's log, on its way to the manager: one message a record, over the
 * control connection. A process has one at most. */
typedef struct _MaltWorkerLog MaltWorkerLog;

/* `context` is iterated by whoever writes what is left in `control`. Both outlive it. */
MaltWorkerLog *malt_worker_log_new         (MaltStream      *control,
                                            GMainContext    *context);
/* From now on GLib's log goes to the manager, see write_log(). */
void           malt_worker_log_start       (MaltWorkerLog   *self);
/* Any thread: sends a record, or drops and counts it when too many are unread there. */
void           malt_worker_log_send        (MaltWorkerLog   *self,
                                            GLogLevelFlags   level,
                                            const GLogField *fields,
                                            gsize            n_fields);
/* All that waited has been written: says what was dropped, if anything was. */
void           malt_worker_log_on_drained  (MaltWorkerLog   *self);

G_END_DECLS

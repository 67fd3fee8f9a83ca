/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

#define MALT_TYPE_PROCESS_WORKER (malt_process_worker_get_type ())
G_DECLARE_FINAL_TYPE (MaltProcessWorker, malt_process_worker, MALT, PROCESS_WORKER, GObject)

/* Gives the worker away, to somebody who greets it anew over both sockets, which are the caller's from
 * now on. Its end and kill() are as ever; what it prints as a stream is not dropped any more, but it waits
 * for the reader; stop() asks it nothing, for that is the business of whoever has it, but waits and then
 * sends signals. Nothing must have been called before. Blocks for a moment. Errors:
 * MALT_ERROR_TERMINATED_WORKER, and those of malt_connection_detach(). */
gboolean malt_process_worker_detach (MaltProcessWorker  *self,
                                     int                *data_fd,
                                     int                *control_fd,
                                     GError            **error);
/* Has what the worker has printed by now where stdout-stream and stderr-stream are read from. Any thread. */
void     malt_process_worker_drain  (MaltProcessWorker  *self);

G_END_DECLS

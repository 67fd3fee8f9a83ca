/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/programs/malt-worker-log-private.h"
#include "malt/runtime/malt-runtime.h"
#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* The watch thread of a worker. It reads the control connection and does nothing else, so that a
 * cancel, an interrupt, a stop and the end of the manager are noticed while the executing thread is
 * in an endless loop. It touches the runtime only through the functions that any thread may
 * call. */
typedef struct _MaltWatch MaltWatch;

/* Takes no thread yet: `context` is where the runtime may put its deadlines before start(). `data`
 * is the stream of the executing thread, for malt_watch_expect_flush(). */
MaltWatch    *malt_watch_new          (int          control_fd,
                                       MaltStream  *data);
GMainContext *malt_watch_get_context  (MaltWatch   *self);

/* Starts the thread, which never ends: the process leaves from it, or with it running. */
void          malt_watch_start        (MaltWatch   *self,
                                       MaltRuntime *runtime);

/* Any thread: whether the worker has been told to leave. The context of the runtime is woken
 * then. */
gboolean      malt_watch_is_leaving   (MaltWatch   *self);

/* Executing thread: replies lie in the buffer of `data` while another call is started. If that one
 * does not come back soon, the watch thread writes them. */
void          malt_watch_expect_flush (MaltWatch   *self);

/* Of the manager that this watches. (transfer none) */
MaltWorkerLog *malt_watch_get_log     (MaltWatch   *self);

/* Any thread, in a process that leaves: ends what it has started, and waits a little for that. */
void          malt_watch_end_descendants (void);

/* Async-signal-safe: has the watch thread act on SIGINT or SIGTERM. */
void          malt_watch_post_signal  (int signum);

G_END_DECLS

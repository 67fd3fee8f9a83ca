/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-running-workers.h>

G_BEGIN_DECLS

/* How a backend keeps malt_list_running_workers() true. add() after a successful start, remove()
 * when the worker has ended (before a stop() returns): a second one does nothing. No reference is
 * held; a worker that is let go of is not listed any more. Both may be called in any thread; never
 * under a lock that get_item()'s user could want. */
MALT_AVAILABLE_IN_ALL
void malt_running_workers_add     (MaltAbstractWorker *worker);
MALT_AVAILABLE_IN_ALL
void malt_running_workers_remove  (MaltAbstractWorker *worker);

/* For a worker that is around another one, which is added and removed as ever: of the two the outer
 * one is shown. */
MALT_AVAILABLE_IN_ALL
void malt_running_workers_show_as (MaltAbstractWorker *worker,
                                   MaltAbstractWorker *outer);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_CLUMSY_WORKER (malt_clumsy_worker_get_type ())

/* A worker that does what an author of another language may do by mistake; its errors are bare, as
 * those are that come from a binding. A call answers the name of its function, but for these:
 *   unbegun    is forgotten before it is begun
 *   never      is kept and not answered
 *   twice      is answered at once, and again later
 *   no-result  is answered at once, with NULL for the result
 *   nothing    has neither a value nor an error
 *   raise, ended, other   have an error
 *   thread     is answered by another thread
 * The option "fault" names another function that fails without an error. */
G_DECLARE_FINAL_TYPE (MaltClumsyWorker, malt_clumsy_worker, MALT, CLUMSY_WORKER, GObject)

/* Whether the cancellable of “never” has been cancelled. */
gboolean malt_clumsy_worker_is_told     (MaltAbstractWorker *worker);
/* Answers “never” after all. */
void     malt_clumsy_worker_answer_late (MaltAbstractWorker *worker);

G_END_DECLS

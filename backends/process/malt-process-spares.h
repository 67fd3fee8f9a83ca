/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-plan.h"

G_BEGIN_DECLS

/* Processes that have been started ahead of the workers that will have them. */

/* A worker of this plan, with spares, has come up: so many are to be ready for the next ones.
 * Monitor thread. */
void     malt_process_spares_want      (MaltProcessPlan  *plan);
/* Binds a spare of an equal plan to `worker`: a child that runs and its connection (both transfer
 * full). FALSE: there is none. Any thread. */
gboolean malt_process_spares_take      (MaltProcessPlan  *plan,
                                        MaltPeerWorker   *worker,
                                        MaltPeer        **child,
                                        MaltConnection  **connection);

/* Ends those whose plan nobody has used for some time before `now_us` (monotonic). Any thread. */
void     malt_process_spares_drop_idle (gint64            now_us);
/* How many are ready, of all plans. Any thread. */
guint    malt_process_spares_count     (void);

G_END_DECLS

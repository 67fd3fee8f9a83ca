/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

/* For a backend without a get_exit_report() of its own. */
MALT_AVAILABLE_IN_ALL
gboolean malt_abstract_worker_mark_ended (MaltAbstractWorker *self,
                                          MaltExitReport     *report,
                                          GMainContext       *context);

G_END_DECLS

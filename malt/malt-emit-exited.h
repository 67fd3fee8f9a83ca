/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

/* For a backend that notices the end of its worker in another thread than "exited" is for. */
MALT_AVAILABLE_IN_ALL
void malt_emit_exited (MaltAbstractWorker *worker,
                       GMainContext       *context);

G_END_DECLS

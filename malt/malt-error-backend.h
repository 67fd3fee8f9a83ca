/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-error.h>

G_BEGIN_DECLS

/* How backends and evaluators make errors that carry more than their text. */

MALT_AVAILABLE_IN_ALL
GError *malt_error_new_remote     (MaltError       code,
                                   const char     *worker,
                                   const char     *message,
                                   const char     *type,
                                   const char     *traceback);
MALT_AVAILABLE_IN_ALL
GError *malt_error_new_terminated (const char     *worker,
                                   MaltExitReport *report);
MALT_AVAILABLE_IN_ALL
GError *malt_error_new_cut_short  (const char     *worker,
                                   MaltExitReport *report,
                                   const char     *traceback);

G_END_DECLS

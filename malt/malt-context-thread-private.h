/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Starts a thread of the process, which never ends, unless `*context` says that it is there. `func`
 * runs in it, and is to make the context its own. Errors: MALT_ERROR_START_FAILED; whoever comes
 * later may have more luck. */
gboolean malt_context_thread_start (const char    *name,
                                    GThreadFunc    func,
                                    GMainContext **context,
                                    GError       **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/sandbox/malt-sandbox-options.h>

G_BEGIN_DECLS

/* The manager's side: what a worker is told, and what it has to answer. */
MALT_AVAILABLE_IN_ALL
GVariant *malt_sandbox_new_setup   (const MaltSandboxOptions  *options,
                                    const char *const         *folders,
                                    GError                   **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_sandbox_check_hello (MaltSandbox                profile,
                                    GVariant                  *hello,
                                    GError                   **error);

G_END_DECLS

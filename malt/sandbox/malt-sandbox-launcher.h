/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/sandbox/malt-sandbox-options.h>

G_BEGIN_DECLS

/* bubblewrap (bwrap), the program that makes the namespaces of the profile isolated. */
MALT_AVAILABLE_IN_ALL
char **malt_sandbox_new_launcher (const MaltSandboxOptions  *options,
                                  const char                *program,
                                  const char *const         *visible,
                                  GError                   **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Whether libseccomp, which compiles filters, is there; else `reason` (transfer full) says why
 * not. */
gboolean malt_sandbox_filter_is_there (char     **reason);

/* The system calls that the code of a worker may make, as instructions for the kernel, compiled
 * once a process. Any thread. (transfer full). Errors: G_IO_ERROR when there is no libseccomp, or
 * it fails. */
GBytes  *malt_sandbox_filter_get      (gboolean   allow_native_code,
                                       GError   **error);

G_END_DECLS

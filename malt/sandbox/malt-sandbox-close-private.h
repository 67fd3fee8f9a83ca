/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* The worker's side. Confines this process for good as `sandbox` says, the a{sv} of
 * malt_sandbox_new_setup(), and answers the names of what it has applied, (transfer full). There
 * may be no other thread. Errors: MALT_ERROR_SANDBOX_UNAVAILABLE with the step that failed; the
 * process is then confined in part, and of no use. */
char **malt_sandbox_close (GVariant  *sandbox,
                           GError   **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Which system calls this process can make from here on. */

/* Whether the kernel has filters that can end a process; else `reason` says why not. */
gboolean malt_sandbox_seccomp_is_there (const char  **reason);

/* Loads `filter`, instructions as malt_sandbox_filter_get() makes them, and beside it one that lets
 * kill() and tgkill() reach this process only. It needs no_new_privs. Errors: G_IO_ERROR. */
gboolean malt_sandbox_seccomp_apply    (GBytes       *filter,
                                        GError      **error);

G_END_DECLS

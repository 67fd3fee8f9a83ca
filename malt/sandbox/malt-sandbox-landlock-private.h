/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* Which files this process can reach from here on. By system calls: libc has no functions for them,
 * and the kernel's header of the floor knows fewer rights than there are. */

/* The version of Landlock that the kernel has, from 1; 0 with `reason`, why there is none. */
guint    malt_sandbox_landlock_get_abi (const char        **reason);

/* What is below `readable` can be read, the rest of the file system neither read nor changed. Those
 * that do not exist are left out. No thread of this process may be there but this one. Errors: what
 * failed, as G_IO_ERROR. */
gboolean malt_sandbox_landlock_apply   (const char *const  *readable,
                                        GError            **error);

G_END_DECLS

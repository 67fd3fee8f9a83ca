/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* The limits of the kernel for this process, from `sandbox`, the a{sv} of malt_sandbox_new_setup().
 * A limit that is lower already stays. Errors: G_IO_ERROR. */
gboolean malt_sandbox_limits_apply (GVariant  *sandbox,
                                    GError   **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

/* A descriptor that is none of the standard ones. */
MALT_AVAILABLE_IN_ALL
int malt_raise_fd (int fd);

G_END_DECLS

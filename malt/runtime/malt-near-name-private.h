/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one of `candidates` (NULL-terminated) that `name` was most likely meant to be, or NULL when none is
 * near. Bytes are compared. (transfer none) */
const char *malt_find_near_name (const char        *name,
                                 const char *const *candidates);

G_END_DECLS

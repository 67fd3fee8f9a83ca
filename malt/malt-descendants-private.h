/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-descendants.h"

G_BEGIN_DECLS

/* Appends the numbers (pid_t) of what `pid` has started and is there still; none where /proc cannot
 * be read. */
void malt_append_children (pid_t   pid,
                           GArray *children);

G_END_DECLS

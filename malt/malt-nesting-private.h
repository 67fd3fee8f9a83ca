/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-nesting.h"

G_BEGIN_DECLS

/* Whether a worker may be started in this thread. Errors: MALT_ERROR_LIMIT if too many are inside
 * each other; MALT_ERROR_START_FAILED in a worker that never called malt_init(), or whose sandbox
 * lets it start none. */
gboolean malt_nesting_check       (GError     **error);

/* This process is a worker, so deep. `executable`: what its own workers are by default, a path or
 * "self"; NULL for the one that belongs to the library. Once, before other threads ask. */
void     malt_nesting_set_process (guint        depth,
                                   const char  *executable);

/* It turns out to be deeper than that: whoever has it now is. */
void     malt_nesting_raise_process (guint     depth);

/* No worker is started in this process from here on: its sandbox, of that name, allows none. */
void     malt_nesting_forbid      (const char  *sandbox);

G_END_DECLS

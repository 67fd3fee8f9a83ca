/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* Ends a task from another thread: takes it to the context of its caller first, and returns it
 * there. The task holds the worker, whose last reference must not be dropped in our thread while
 * the caller believes that it has it. Takes `task`, and `error`, which counts before `result`. */
MALT_AVAILABLE_IN_ALL
void malt_return_task (GTask  *task,
                       int     result,
                       GError *error);

G_END_DECLS

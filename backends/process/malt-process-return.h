/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Ends a task from another thread: takes it to the context of its caller first, and returns it
 * there. The task holds the worker, whose last reference must not be dropped in our thread while
 * the caller believes that it has it. Takes `task`, and `error`, which counts before `result`. */
void malt_process_return_task (GTask  *task,
                               int     result,
                               GError *error);

G_END_DECLS

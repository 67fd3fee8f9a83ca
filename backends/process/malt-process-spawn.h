/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-command.h"
#include "backends/process/malt-process-handle.h"

G_BEGIN_DECLS

/* The descriptors of a worker, by number. */
typedef enum
{
  MALT_PROCESS_FD_STDIN,
  MALT_PROCESS_FD_STDOUT,
  MALT_PROCESS_FD_STDERR,
  MALT_PROCESS_FD_DATA,
  MALT_PROCESS_FD_CONTROL,
  MALT_PROCESS_N_FDS
} MaltProcessFd;

/* Starts `command` with `fds` as its 0 to 4 and nothing else open; −1: /dev/null. `fds` stay the
 * caller's and may have any numbers. Errors: MALT_ERROR_START_FAILED, naming the program. Runs
 * in the monitor thread: the worker may ask to be killed when the thread that started it ends. */
gboolean malt_process_spawn (const MaltProcessCommand  *command,
                             const int                  fds[MALT_PROCESS_N_FDS],
                             gboolean                   own_session,
                             MaltProcessHandle         *handle,
                             GError                   **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

G_BEGIN_DECLS

/* A child process of ours, by something better than its number where the kernel has it. Until it
 * is reaped nobody else can have the number, unless the program ignores SIGCHLD or waits for any
 * child. */
typedef struct
{
  pid_t    pid;
  int      fd;       /* readable once it has ended; −1: cleared */
  gboolean is_pidfd;
} MaltProcessHandle;

#define MALT_PROCESS_HANDLE_INIT { 0, -1, FALSE }

/* Right after the start of `pid`. Errors: of the system; the process is gone then. */
gboolean malt_process_handle_open       (MaltProcessHandle        *self,
                                         pid_t                     pid,
                                         GError                  **error);
void     malt_process_handle_clear      (MaltProcessHandle        *self);

gboolean malt_process_handle_has_exited (const MaltProcessHandle  *self);
gboolean malt_process_handle_signal     (const MaltProcessHandle  *self,
                                         int                       signum);
/* waitid(). `flags`: WEXITED, with WNOWAIT to leave the zombie, and its number, where they are.
 * `usage` (nullable): what it and those that it has waited for have used. */
gboolean malt_process_handle_wait       (const MaltProcessHandle  *self,
                                         int                       flags,
                                         siginfo_t                *info,
                                         struct rusage            *usage);

G_END_DECLS

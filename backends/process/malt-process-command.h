/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-options.h"

G_BEGIN_DECLS

/* What is executed. */
typedef struct
{
  char  *program; /* path */
  char **argv;
  char **environment;
  char **launcher; /* NULL, or what is executed in its place and then executes it: with a path first
                      and its arguments at the end */
} MaltProcessCommand;

#define MALT_PROCESS_COMMAND_INIT { NULL, NULL, NULL, NULL }

/* In the thread of the caller, whose environment and working directory it reads.
 * Errors: MALT_ERROR_START_FAILED when the program is not found. */
gboolean malt_process_command_fill  (MaltProcessCommand        *self,
                                     const MaltProcessOptions  *options,
                                     GError                   **error);
void     malt_process_command_clear (MaltProcessCommand        *self);
/* Puts the program into namespaces of its own. `visible`: what it needs there. Errors:
 * MALT_ERROR_SANDBOX_UNAVAILABLE; MALT_ERROR_START_FAILED when there is no such program. */
gboolean malt_process_command_isolate (MaltProcessCommand        *self,
                                       const MaltSandboxOptions  *options,
                                       const char *const         *visible,
                                       GError                   **error);
/* The value of the option “executable” that means the same program in another process. */
const char *malt_process_command_get_executable (const MaltProcessCommand *self);
/* argv as one would type it. */
char    *malt_process_command_show  (const MaltProcessCommand  *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltProcessCommand, malt_process_command_clear)

G_END_DECLS

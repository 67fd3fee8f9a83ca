/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-options.h"

G_BEGIN_DECLS

/* ssh, and its pipes. */
typedef struct
{
  GPid pid;
  int  pidfd;  /* −1: none, or it has ended */
  int  in_fd;  /* −1: closed; as long as it is open, malt-host stays */
  int  out_fd;
  int  err_fd;
} MaltDistributedSshChild;

/* What ssh is to do for the worker of an id: forward `socket` to one that malt-host makes there.
 * (transfer full) */
char     **malt_distributed_ssh_child_new_argv (const MaltDistributedOptions  *options,
                                                const char                    *id,
                                                const char                    *socket);
/* Errors: MALT_ERROR_START_FAILED. */
gboolean   malt_distributed_ssh_child_start    (MaltDistributedSshChild       *self,
                                                char                         **argv,
                                                GError                       **error);

G_END_DECLS

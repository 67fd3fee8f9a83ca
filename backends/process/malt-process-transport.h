/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

/* Two sockets that are connected to each other and to nobody else, −1 where none is. */
typedef struct
{
  int     manager_fd; /* close-on-exec, non-blocking, above 2 */
  int     worker_fd;  /* close-on-exec, blocking: the flag belongs to what both processes share */
  guint16 port;       /* where the manager's end is connected to; 0: not TCP */
} MaltProcessPair;

#define MALT_PROCESS_PAIR_INIT { -1, -1, 0 }

gboolean malt_process_pair_open  (MaltProcessPair       *self,
                                  MaltProcessTransport   transport,
                                  GError               **error);
void     malt_process_pair_clear (MaltProcessPair       *self);

/* Moves a descriptor that the manager keeps out of 0 to 2, which are closed in some programs:
 * what the relay or a printf() writes to "stdout" must not reach a worker. Takes `fd`; −1 with
 * errno set. */
int      malt_process_fd_raise   (int                    fd);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltProcessPair, malt_process_pair_clear)

G_END_DECLS

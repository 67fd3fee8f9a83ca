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

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltProcessPair, malt_process_pair_clear)

G_END_DECLS

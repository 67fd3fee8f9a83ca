/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-spawn.h"

G_BEGIN_DECLS

/* What the launcher ssh says to a malt-host that it has started, in a line of standard input, and
 * the line that it hears. */

/* Waits for it. Errors: MALT_ERROR, G_IO_ERROR_TIMED_OUT, G_IO_ERROR_CLOSED. */
MaltSpawnRequest *malt_host_read_request (int                    fd,
                                          GError               **error);
/* Takes the message. Whoever does not hear it closes standard input. */
void              malt_host_write_answer (int                    fd,
                                          GBytes                *message);

G_END_DECLS

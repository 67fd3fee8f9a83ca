/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-message.h"

G_BEGIN_DECLS

/* A message as a line of text, for standard input and output of a malt-host that ssh has started.
 * Login shells say things of their own there; a line of ours begins with what none of them does. */

/* Bytes of a line: a largest message in Base64, and the beginning. */
#define MALT_DISTRIBUTED_MAX_LINE_BYTES (MALT_DISTRIBUTED_MAX_MESSAGE_BYTES / 3 * 4 + 64)

/* With its newline. */
char   *malt_distributed_line_new   (GBytes      *message);
/* Without its newline. NULL: it is not one of ours. */
GBytes *malt_distributed_line_parse (const char  *line);

G_END_DECLS

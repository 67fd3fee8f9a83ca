/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"

G_BEGIN_DECLS

/* id → the call that waits for its answer. Not locked: the connection's lock protects it. Ids grow, so
 * the table is a ring or hash of the implementation's choice; whoever takes an entry out completes it, once. */
typedef struct _MaltPending MaltPending;

G_END_DECLS

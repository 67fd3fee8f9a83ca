/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-session.h"

G_BEGIN_DECLS

/* Once, in the monitor thread: with a worker that runs (transfer full), and what it said in its
 * hello; or with `error` (transfer full), and then nothing is left of it that its host does not
 * end. */
typedef void (*MaltDistributedStartFunc) (MaltDistributedSession *session,
                                          GVariant               *hello,
                                          GError                 *error,
                                          gpointer                user_data);

/* Finds a host and starts a worker there. Returns at once. `options` live until `func` is called.
 * Errors: MALT_ERROR_START_FAILED, MALT_ERROR_SANDBOX_UNAVAILABLE, MALT_ERROR_INVALID_CONFIG,
 * G_IO_ERROR_CANCELLED. */
void malt_distributed_start (const MaltDistributedOptions *options,
                             MaltDistributedTls           *tls,
                             MaltRelayEvents              *events,
                             GCancellable                 *cancellable,
                             MaltDistributedStartFunc      func,
                             gpointer                      user_data);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-child.h"
#include "backends/process/malt-process-plan.h"

G_BEGIN_DECLS

/* Once, in the monitor thread: with a child that runs and its connection (both transfer full),
 * or with `error` (transfer full), and then nothing is left of the child. */
typedef void (*MaltProcessStartFunc) (MaltPeer       *child,
                                      MaltConnection *connection,
                                      GError         *error,
                                      gpointer        user_data);

/* Starts a worker. Returns at once. Its output is not read if `events` are nobody's.
 * Errors: MALT_ERROR_START_FAILED, MALT_ERROR_SANDBOX_UNAVAILABLE, G_IO_ERROR_CANCELLED. */
void malt_process_start (MaltProcessPlan      *plan,
                         MaltRelayEvents      *events,
                         GCancellable         *cancellable,
                         MaltProcessStartFunc  func,
                         gpointer              user_data);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-options-private.h"

G_BEGIN_DECLS

/* Makes a worker with `options` and blocks until it answers. (transfer full) */
MaltAbstractWorker *malt_create_worker_start      (MaltOptions   *options,
                                                   GCancellable  *cancellable,
                                                   GError       **error);
/* The same without blocking: `task` returns the worker. Takes its reference. */
void                malt_create_worker_start_task (GTask         *task,
                                                   MaltOptions   *options);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-config.h"
#include "malt/malt-options-private.h"

G_BEGIN_DECLS

/* What a profile or backend of `config` (nullable: the default one) comes down to, and what
 * `dict`, an a{sv} (nullable), replaces of it. Errors: those of malt_create_worker_with_options().
 * (transfer full) */
MaltOptions        *malt_create_worker_find_options (MaltConfig           *config,
                                                     const char           *name,
                                                     GVariant             *dict,
                                                     GError              **error);
/* Makes a worker with `options` and blocks until it answers. (transfer full) */
MaltAbstractWorker *malt_create_worker_start        (MaltOptions          *options,
                                                     GCancellable         *cancellable,
                                                     GError              **error);
/* The same without blocking: `task` returns the worker. Takes its reference. */
void                malt_create_worker_start_task   (GTask                *task,
                                                     MaltOptions          *options);
/* As malt_create_worker_async(), whose finish function gets the outcome; `config` as above. */
void                malt_create_worker_from_async   (MaltConfig           *config,
                                                     const char           *name,
                                                     GVariant             *options,
                                                     GCancellable         *cancellable,
                                                     GAsyncReadyCallback   callback,
                                                     gpointer              user_data);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"
#include "malt/malt-worker-type-private.h"

G_BEGIN_DECLS

/* What stands between callers and the workers of a type that the program registered, which may be
 * written in a language whose mistakes are no GErrors: an exception that is only printed, an answer
 * too many, none at all, or one of the wrong type. The functions are those of the interface, and
 * keep its contract whatever the worker's own do. */

/* Types share the interface of those that they derive from. */
static inline gboolean
malt_guard_is_wanted (MaltAbstractWorker          *self,
                      MaltAbstractWorkerInterface *iface)
{
  return iface->is_guarded && malt_worker_type_is_registered (G_OBJECT_TYPE (self));
}

void            malt_guard_send_async   (MaltAbstractWorker   *self,
                                         MaltCall             *call,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
GVariant       *malt_guard_send_finish  (MaltAbstractWorker   *self,
                                         GAsyncResult         *result,
                                         GError              **error);
/* Only where the interface has a send_sync(). */
GVariant       *malt_guard_send_sync    (MaltAbstractWorker   *self,
                                         MaltCall             *call,
                                         GCancellable         *cancellable,
                                         GError              **error);
gboolean        malt_guard_post         (MaltAbstractWorker   *self,
                                         MaltCall             *call,
                                         GError              **error);
void            malt_guard_stop_async   (MaltAbstractWorker   *self,
                                         guint                 exit_timeout_ms,
                                         guint                 term_timeout_ms,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);
gboolean        malt_guard_stop_finish  (MaltAbstractWorker   *self,
                                         GAsyncResult         *result,
                                         gboolean             *was_running,
                                         GError              **error);

/* Passes `is_done` on, and sees to it that there is an error when it is FALSE. */
gboolean        malt_guard_check        (GObject              *worker,
                                         const char           *function,
                                         gboolean              is_done,
                                         GError              **error);

G_END_DECLS

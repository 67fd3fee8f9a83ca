/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>
#include <malt/malt-channel.h>

G_BEGIN_DECLS

MALT_AVAILABLE_IN_ALL
void      malt_abstract_worker_remote_call_async  (MaltAbstractWorker   *self,
                                                   const char           *function,
                                                   GVariant             *args,
                                                   GVariant             *kwargs,
                                                   GCancellable         *cancellable,
                                                   GAsyncReadyCallback   callback,
                                                   gpointer              user_data);
MALT_AVAILABLE_IN_ALL
GVariant *malt_abstract_worker_remote_call_finish (MaltAbstractWorker   *self,
                                                   GAsyncResult         *result,
                                                   GError              **error);
MALT_AVAILABLE_IN_ALL
GVariant *malt_abstract_worker_remote_call_fetch  (MaltAbstractWorker   *self,
                                                   const char           *function,
                                                   GVariant             *args,
                                                   GVariant             *kwargs,
                                                   GCancellable         *cancellable,
                                                   GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_abstract_worker_remote_call_wait   (MaltAbstractWorker   *self,
                                                   const char           *function,
                                                   GVariant             *args,
                                                   GVariant             *kwargs,
                                                   GCancellable         *cancellable,
                                                   GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_abstract_worker_remote_do          (MaltAbstractWorker   *self,
                                                   const char           *function,
                                                   GVariant             *args,
                                                   GVariant             *kwargs,
                                                   GError              **error);

MALT_AVAILABLE_IN_ALL
void      malt_abstract_worker_remote_eval_async  (MaltAbstractWorker   *self,
                                                   const char           *module,
                                                   const char           *expression,
                                                   GVariant             *args,
                                                   GCancellable         *cancellable,
                                                   GAsyncReadyCallback   callback,
                                                   gpointer              user_data);
MALT_AVAILABLE_IN_ALL
GVariant *malt_abstract_worker_remote_eval_finish (MaltAbstractWorker   *self,
                                                   GAsyncResult         *result,
                                                   GError              **error);
MALT_AVAILABLE_IN_ALL
GVariant *malt_abstract_worker_remote_eval_fetch  (MaltAbstractWorker   *self,
                                                   const char           *module,
                                                   const char           *expression,
                                                   GVariant             *args,
                                                   GCancellable         *cancellable,
                                                   GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_abstract_worker_remote_eval_wait   (MaltAbstractWorker   *self,
                                                   const char           *module,
                                                   const char           *expression,
                                                   GVariant             *args,
                                                   GCancellable         *cancellable,
                                                   GError              **error);

MALT_AVAILABLE_IN_ALL
void         malt_abstract_worker_worker_channel_async  (MaltAbstractWorker   *self,
                                                         const char           *expression,
                                                         GCancellable         *cancellable,
                                                         GAsyncReadyCallback   callback,
                                                         gpointer              user_data);
MALT_AVAILABLE_IN_ALL
MaltChannel *malt_abstract_worker_worker_channel_finish (MaltAbstractWorker   *self,
                                                         GAsyncResult         *result,
                                                         GError              **error);
MALT_AVAILABLE_IN_ALL
MaltChannel *malt_abstract_worker_worker_channel        (MaltAbstractWorker   *self,
                                                         const char           *expression,
                                                         GCancellable         *cancellable,
                                                         GError              **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

#define MALT_TYPE_POOL (malt_pool_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltPool, malt_pool, MALT, POOL, GObject)

/**
 * MaltPoolMapFunc:
 * @pool: the pool
 * @index: which input, from 0
 * @value: (nullable): what the function answered; %NULL if it failed
 * @error: (nullable): why it failed; %NULL if it did not
 * @user_data: data of whoever asked
 *
 * Takes one result of [method@Malt.Pool.map_each_async].
 *
 * Returns: whether to go on; %FALSE cancels the calls that are not over
 *
 * Since: 0.1
 */
typedef gboolean (*MaltPoolMapFunc) (MaltPool     *pool,
                                     guint         index,
                                     GVariant     *value,
                                     const GError *error,
                                     gpointer      user_data);

MALT_AVAILABLE_IN_ALL
MaltPool *malt_pool_new                    (const char           *profile,
                                            guint                 size,
                                            GCancellable         *cancellable,
                                            GError              **error);
MALT_AVAILABLE_IN_ALL
void      malt_pool_new_async              (const char           *profile,
                                            guint                 size,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
MALT_AVAILABLE_IN_ALL
MaltPool *malt_pool_new_finish             (GAsyncResult         *result,
                                            GError              **error);

MALT_AVAILABLE_IN_ALL
void      malt_pool_map_async              (MaltPool             *self,
                                            const char           *function,
                                            GVariant             *inputs,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
MALT_AVAILABLE_IN_ALL
GVariant *malt_pool_map_finish             (MaltPool             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
MALT_AVAILABLE_IN_ALL
GVariant *malt_pool_map                    (MaltPool             *self,
                                            const char           *function,
                                            GVariant             *inputs,
                                            GCancellable         *cancellable,
                                            GError              **error);
MALT_AVAILABLE_IN_ALL
void      malt_pool_map_each_async         (MaltPool             *self,
                                            const char           *function,
                                            GVariant             *inputs,
                                            MaltPoolMapFunc       func,
                                            gpointer              func_data,
                                            GDestroyNotify        func_destroy,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_pool_map_each_finish        (MaltPool             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

MALT_AVAILABLE_IN_ALL
void      malt_pool_eval_everywhere_async  (MaltPool             *self,
                                            const char           *module,
                                            const char           *expression,
                                            GVariant             *args,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_pool_eval_everywhere_finish (MaltPool             *self,
                                            GAsyncResult         *result,
                                            GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean  malt_pool_eval_everywhere        (MaltPool             *self,
                                            const char           *module,
                                            const char           *expression,
                                            GVariant             *args,
                                            GCancellable         *cancellable,
                                            GError              **error);

MALT_AVAILABLE_IN_ALL
void      malt_pool_drain_async            (MaltPool             *self,
                                            GCancellable         *cancellable,
                                            GAsyncReadyCallback   callback,
                                            gpointer              user_data);
MALT_AVAILABLE_IN_ALL
gboolean  malt_pool_drain_finish           (MaltPool             *self,
                                            GAsyncResult         *result,
                                            GError              **error);

G_END_DECLS

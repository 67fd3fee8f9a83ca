/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

#define MALT_TYPE_BACKEND (malt_backend_get_type ())

#define MALT_EVALUATOR_EXTENSION_POINT "malt-evaluator"

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltBackend, malt_backend, MALT, BACKEND, GObject)

MALT_AVAILABLE_IN_ALL
void                malt_add_plugin_path            (const char          *directory);

MALT_AVAILABLE_IN_ALL
GHashTable         *malt_list_plugin_failures       (void);

MALT_AVAILABLE_IN_ALL
GListModel         *malt_list_backends              (void);
MALT_AVAILABLE_IN_ALL
MaltBackend        *malt_lookup_backend             (const char          *name,
                                                     GError             **error);

MALT_AVAILABLE_IN_ALL
gboolean            malt_register_backend           (const char          *name,
                                                     GType                worker_type,
                                                     MaltWorkerCapabilities capabilities,
                                                     GError             **error);

MALT_AVAILABLE_IN_ALL
const char         *malt_backend_get_name           (MaltBackend         *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_backend_get_path           (MaltBackend         *self);
MALT_AVAILABLE_IN_ALL
MaltWorkerCapabilities malt_backend_get_capabilities (MaltBackend        *self);
MALT_AVAILABLE_IN_ALL
GType               malt_backend_get_worker_type    (MaltBackend         *self);
MALT_AVAILABLE_IN_ALL
GParamSpec        **malt_backend_list_options       (MaltBackend         *self,
                                                     guint               *n_options);
MALT_AVAILABLE_IN_ALL
GParamSpec         *malt_backend_find_option        (MaltBackend         *self,
                                                     const char          *name);

MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_create_worker              (const char          *name,
                                                     GCancellable        *cancellable,
                                                     GError             **error,
                                                     const char          *first_property,
                                                     ...);
MALT_AVAILABLE_IN_ALL
void                malt_create_worker_async        (const char          *name,
                                                     GVariant            *options,
                                                     GCancellable        *cancellable,
                                                     GAsyncReadyCallback  callback,
                                                     gpointer             user_data);
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_create_worker_finish       (GAsyncResult        *result,
                                                     GError             **error);
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_create_worker_with_options (const char          *name,
                                                     GVariant            *options,
                                                     GCancellable        *cancellable,
                                                     GError             **error);

G_END_DECLS

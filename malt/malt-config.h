/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-backend.h>

G_BEGIN_DECLS

#define MALT_TYPE_CONFIG (malt_config_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltConfig, malt_config, MALT, CONFIG, GObject)

MALT_AVAILABLE_IN_ALL
MaltConfig          *malt_config_get_default          (GError              **error);
MALT_AVAILABLE_IN_ALL
GFile               *malt_config_find_default_file    (void);
MALT_AVAILABLE_IN_ALL
MaltConfig          *malt_config_new_from_file        (GFile                *file,
                                                       GCancellable         *cancellable,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
MaltConfig          *malt_config_new_from_data        (const char           *json,
                                                       gssize                length,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
char               **malt_config_check_file           (GFile                *file,
                                                       GCancellable         *cancellable,
                                                       GError              **error);

MALT_AVAILABLE_IN_ALL
GFile               *malt_config_dup_file             (MaltConfig           *self);
MALT_AVAILABLE_IN_ALL
GError              *malt_config_dup_error            (MaltConfig           *self);
MALT_AVAILABLE_IN_ALL
gboolean             malt_config_get_monitor          (MaltConfig           *self);
MALT_AVAILABLE_IN_ALL
void                 malt_config_set_monitor          (MaltConfig           *self,
                                                       gboolean              monitor);

MALT_AVAILABLE_IN_ALL
char               **malt_config_list_profiles        (MaltConfig           *self);
MALT_AVAILABLE_IN_ALL
char                *malt_config_dup_default_profile  (MaltConfig           *self);
MALT_AVAILABLE_IN_ALL
MaltBackend         *malt_config_lookup_backend       (MaltConfig           *self,
                                                       const char           *profile,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
char               **malt_config_list_options         (MaltConfig           *self,
                                                       const char           *profile,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
char                *malt_config_describe_profile     (MaltConfig           *self,
                                                       const char           *profile,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
gboolean             malt_config_reload               (MaltConfig           *self,
                                                       GCancellable         *cancellable,
                                                       GError              **error);

MALT_AVAILABLE_IN_ALL
MaltAbstractWorker  *malt_config_create_worker        (MaltConfig           *self,
                                                       const char           *profile,
                                                       GCancellable         *cancellable,
                                                       GError              **error);
MALT_AVAILABLE_IN_ALL
void                 malt_config_create_worker_async  (MaltConfig           *self,
                                                       const char           *profile,
                                                       GCancellable         *cancellable,
                                                       GAsyncReadyCallback   callback,
                                                       gpointer              user_data);
MALT_AVAILABLE_IN_ALL
MaltAbstractWorker  *malt_config_create_worker_finish (MaltConfig           *self,
                                                       GAsyncResult         *result,
                                                       GError              **error);

G_END_DECLS

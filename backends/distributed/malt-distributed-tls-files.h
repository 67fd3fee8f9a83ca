/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-tls.h"

G_BEGIN_DECLS

/* Certificates that are read again when their files have changed, for they are renewed while
 * programs run. Any thread. */

/* Reads them if need be, which takes some milliseconds. Errors: those of
 * malt_distributed_tls_new(). */
MaltDistributedTls *malt_distributed_tls_files_load        (const char           *certificate,
                                                            const char           *key,
                                                            const char           *authorities,
                                                            GError              **error);
/* The same, in another thread. */
void                malt_distributed_tls_files_load_async  (const char           *certificate,
                                                            const char           *key,
                                                            const char           *authorities,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);
MaltDistributedTls *malt_distributed_tls_files_load_finish (GAsyncResult         *result,
                                                            GError              **error);

G_END_DECLS

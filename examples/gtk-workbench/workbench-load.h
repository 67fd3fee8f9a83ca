/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void    workbench_load_async  (GFile                *file,
                               GCancellable         *cancellable,
                               GAsyncReadyCallback   callback,
                               gpointer              user_data);
GBytes *workbench_load_finish (GFile                *file,
                               GAsyncResult         *result,
                               GError              **error);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gdk/gdk.h>
#include <malt/malt.h>

G_BEGIN_DECLS

#define WORKBENCH_TYPE_THUMBNAILER (workbench_thumbnailer_get_type ())

G_DECLARE_FINAL_TYPE (WorkbenchThumbnailer, workbench_thumbnailer, WORKBENCH, THUMBNAILER, GObject)

void                  workbench_thumbnailer_new_async    (const char            *profile,
                                                          GCancellable          *cancellable,
                                                          GAsyncReadyCallback    callback,
                                                          gpointer               user_data);
WorkbenchThumbnailer *workbench_thumbnailer_new_finish   (GAsyncResult          *result,
                                                          GError               **error);

MaltPool             *workbench_thumbnailer_get_pool     (WorkbenchThumbnailer  *self);

void                  workbench_thumbnailer_make_async   (WorkbenchThumbnailer  *self,
                                                          GFile                 *file,
                                                          guint                  id,
                                                          GCancellable          *cancellable,
                                                          GAsyncReadyCallback    callback,
                                                          gpointer               user_data);
GdkTexture           *workbench_thumbnailer_make_finish  (WorkbenchThumbnailer  *self,
                                                          GAsyncResult          *result,
                                                          GError               **error);

G_END_DECLS

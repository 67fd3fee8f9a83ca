/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

char  *workbench_images_make_folder   (void);
void   workbench_images_remove_folder (const char *folder);

GFile *workbench_images_write_photo   (const char *folder,
                                       guint       number);
GFile *workbench_images_write_faulty  (const char *folder,
                                       const char *name,
                                       const char *fault);
GFile *workbench_images_write_bytes   (const char *folder,
                                       const char *name,
                                       const void *bytes,
                                       gsize       length);
GFile *workbench_images_write_bomb    (const char *folder,
                                       const char *name);

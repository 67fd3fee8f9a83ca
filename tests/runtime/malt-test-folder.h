/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A new folder for the files of one test. (transfer full) */
char *test_folder_new    (void);
/* Writes a file into it, and answers its path. (transfer full) */
char *test_folder_write  (const char *folder,
                          const char *name,
                          const char *contents,
                          gsize       length);
/* An endless one: longer than anybody waits for. NULL where the file system has none. */
char *test_folder_write_endless (const char *folder);
/* Removes it with what is in it, folders that are not empty excepted; takes it. */
void  test_folder_free   (char       *folder);

G_END_DECLS

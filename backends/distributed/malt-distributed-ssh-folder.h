/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A folder that nobody else enters, with a socket that ssh makes. While a program has it, it holds
 * a lock on it; so what is left by one that was killed is told, and removed by the next. One thread
 * at a time. */
typedef struct
{
  char *path; /* owned */
  int   fd;   /* of the folder; −1: it is gone */
} MaltDistributedSshFolder;

/* Errors: those of g_dir_make_tmp(). */
gboolean  malt_distributed_ssh_folder_make       (MaltDistributedSshFolder  *self,
                                                  GError                   **error);
/* With the socket. Any number of times. */
void      malt_distributed_ssh_folder_remove     (MaltDistributedSshFolder  *self);
/* (transfer full) */
char     *malt_distributed_ssh_folder_dup_socket (MaltDistributedSshFolder  *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What comes from ssh: messages of malt-host, and whatever else a login shell, ssh and malt-host
 * have to say, of which the end is kept. */
typedef struct
{
  GString *line; /* owned; of standard output, without an end so far */
  GString *rest; /* owned */
} MaltDistributedSshSaid;

typedef void (*MaltDistributedSshSaidFunc) (GBytes   *message,
                                            gpointer  user_data);

void   malt_distributed_ssh_said_init        (MaltDistributedSshSaid      *self);
void   malt_distributed_ssh_said_clear       (MaltDistributedSshSaid      *self);
/* Of standard output: calls `func` for each message. */
void   malt_distributed_ssh_said_take_output (MaltDistributedSshSaid      *self,
                                              const char                  *text,
                                              gsize                        size,
                                              MaltDistributedSshSaidFunc   func,
                                              gpointer                     user_data);
/* Of standard error. */
void   malt_distributed_ssh_said_take_rest   (MaltDistributedSshSaid      *self,
                                              const char                  *text,
                                              gsize                        size);
/* The end of what was no message, for an error. (transfer full) */
char  *malt_distributed_ssh_said_dup_rest    (MaltDistributedSshSaid      *self);

G_END_DECLS

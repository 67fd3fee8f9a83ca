/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The real nats-server, on a port of its own of the loopback interface. */
typedef struct
{
  char        *folder;     /* for its files; removed at the end */
  char        *config;     /* nullable: a file */
  int          port;
  char        *address;    /* “nats://127.0.0.1:PORT” */
  GSubprocess *process;    /* owned; NULL: stopped */
} MaltNatsServer;

/* NULL: there is none on this machine, and the test was skipped. `config`: what its configuration
 * file is to say besides address and port; nullable. */
MaltNatsServer *malt_nats_server_new     (const char     *config);
void            malt_nats_server_free    (MaltNatsServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltNatsServer, malt_nats_server_free)

/* `n` of them, each of which knows the others. FALSE: there is none on this machine. */
gboolean        malt_nats_server_new_cluster (MaltNatsServer **servers,
                                          guint            n);

/* On the same port, after it was killed. */
void            malt_nats_server_start   (MaltNatsServer *self);
void            malt_nats_server_kill    (MaltNatsServer *self);
void            malt_nats_server_signal  (MaltNatsServer *self,
                                          int             signum);

/* For other servers: a port that nobody has at the moment, and that is not given out by itself, for
 * another test may ask at the same time; and a program that listens there. It does not outlive the
 * test. */
int             malt_server_find_port    (void);
GSubprocess    *malt_server_start        (int                port,
                                          const char *const *argv);

/* Iterates the default main context until the flag is set, or fails. */
void            malt_nats_wait_until     (const gboolean *flag);
/* Iterates it for so long. */
void            malt_nats_wait_ms        (guint           ms);

G_END_DECLS

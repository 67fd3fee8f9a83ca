/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-nats-client.h"
#include "tests/distributed/malt-nats-server.h"

G_BEGIN_DECLS

/* A NATS server that wants certificates, and those of everybody, in a folder, see
 * make-certificates. */
typedef struct
{
  const char     *folder;
  MaltNatsServer *server;
} MaltNatsSecured;

/* `config`: of the server, in which what is `placeholder` becomes the folder. `names`: who has a
 * certificate, the same in all tests of a program. FALSE: something is missing on this machine, and
 * the test was skipped. */
gboolean        malt_nats_secured_init       (MaltNatsSecured      *self,
                                              const char           *config,
                                              const char           *placeholder,
                                              const char *const    *names);
void            malt_nats_secured_clear      (MaltNatsSecured      *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltNatsSecured, malt_nats_secured_clear)

/* `name`: whose certificate it shows; nullable. */
MaltNatsClient *malt_nats_secured_new_client (MaltNatsSecured      *self,
                                              const char           *authority,
                                              const char           *name,
                                              const char           *inbox);
void            malt_nats_wait_for_connection (MaltNatsClient      *client);
/* What the request ends with; NULL: an answer. (transfer full) */
GError         *malt_nats_ask                (MaltNatsClient       *client,
                                              const char           *subject);

G_END_DECLS

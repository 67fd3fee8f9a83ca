/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-workers.h"
#include "backends/distributed/malt-distributed-frames.h"
#include "backends/distributed/malt-distributed-lease.h"
#include "tests/backends/new-manager.h"

G_BEGIN_DECLS

/* A host in this process, in the default main context, which every wait here iterates. */
typedef struct _HostFixture HostFixture;

/* `json`: its configuration, in which ' stands for the quotes of JSON. */
HostFixture     *host_fixture_new         (const char             *json);
/* Waits until nothing is left of its workers. */
void             host_fixture_free        (HostFixture            *self);
MaltHostWorkers *host_fixture_get_workers (HostFixture            *self);
/* Waits until it has no worker any more. */
void             host_fixture_wait_until_free
                                          (HostFixture            *self);
guint16          host_fixture_get_port    (HostFixture            *self);
/* Of the workers that it is asked for from now on, in milliseconds; as long as can be, unless it is
 * set. */
void             host_fixture_set_lease   (HostFixture            *self,
                                           guint                   lease_ms);
/* Of a worker without an evaluator if `options`, an a{sv} in text format, is NULL. */
MaltSpawnReply  *host_fixture_try_spawn   (HostFixture            *self,
                                           const char             *id,
                                           const char             *pool,
                                           const char             *profile,
                                           const char             *options,
                                           GError                **error);
/* Such a worker is refused with that error, whose text has this. */
void             host_fixture_assert_refused
                                          (HostFixture            *self,
                                           const char             *pool,
                                           const char             *profile,
                                           const char             *options,
                                           int                     code,
                                           const char             *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostFixture, host_fixture_free)

/* A manager, by hand. */
typedef struct
{
  int              fds[MALT_HOST_N_STREAMS]; /* owned; −1 for none */
  char            *id;
  MaltSpawnReply  *reply;
  MaltWatchReader *reader;
  gboolean         is_silent; /* it echoes no beats */
  guint64          n_output[2];
} Client;

/* Spawns a worker of profile “default” and opens nothing. */
void             client_init              (Client                 *self,
                                           HostFixture            *host,
                                           const char             *options);
/* For a worker that another host has told of. */
void             client_init_for          (Client                 *self,
                                           const char             *id,
                                           MaltSpawnReply         *reply);
void             client_clear             (Client                 *self);
int              client_connect           (Client                 *self);
/* Connects and says which stream it is to be, with the client's token. */
int              client_send_opening      (Client                 *self,
                                           MaltHostStream          stream);
/* TRUE when the host has answered, FALSE when it has closed. */
gboolean         client_is_accepted       (int                     fd);
void             client_open              (Client                 *self);
/* Hands data and control to a manager that greets the worker. */
void             client_greet             (Client                 *self,
                                           NewManager             *manager);
/* The next frame but beats, which are echoed. FALSE when the host has closed the watch. */
gboolean         client_next              (Client                 *self,
                                           MaltWatchFrame         *frame);
void             client_send              (Client                 *self,
                                           GByteArray             *bytes);
/* The end of the worker, after its output, which is counted. (transfer full) (nullable) */
MaltExitReport  *client_wait_for_end      (Client                 *self);
/* The same, if it does not matter how. */
void             client_assert_end        (Client                 *self);
void             client_wait_until_gone   (Client                 *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)

/* Lets the host do what there is to do. */
void             host_iterate             (void);
/* Waits until something can be read. */
void             host_wait_for            (int                     fd);

G_END_DECLS

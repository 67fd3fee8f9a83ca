/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/distributed/malt-nats-secured.h"

#include <malt/malt.h>

G_BEGIN_DECLS

/* Of a NATS cluster. */
#define MALT_CLUSTER_MAX_SERVERS 3

/* A nats-server and some malt-host, all real programs on this machine: “host0”, “host1” … with a
 * pool and a profile “default”. Waits iterate the default main context. */
typedef struct
{
  MaltNatsServer  *server;
  MaltNatsServer  *others[MALT_CLUSTER_MAX_SERVERS - 1]; /* NULL: it has no more */
  MaltNatsSecured  secured;   /* all zero: there is no TLS */
  char            *folder;    /* of configurations */
  GPtrArray       *processes; /* GSubprocess, owned; NULL where one was killed */
} MaltCluster;

/* The backend, out of the same objects as the fixture. A name of its own keeps the module
 * “distributed”, which may be installed already and has the same types, from being loaded. */
#define MALT_CLUSTER_BACKEND "cluster"
void                malt_cluster_register       (void);

/* From here on all speak TLS, if the arguments of the program are “--tls”. */
void                malt_cluster_parse          (int           argc,
                                                 char        **argv);
/* All hosts have come up. NULL: something is not installed, and the test was skipped. */
MaltCluster        *malt_cluster_new            (guint         n_hosts,
                                                 guint         n_slots);
/* The same, with a NATS cluster of three. Hosts and workers know all of them; there is no TLS. */
MaltCluster        *malt_cluster_new_trio       (guint         n_hosts,
                                                 guint         n_slots);
void                malt_cluster_free           (MaltCluster  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltCluster, malt_cluster_free)

void                malt_cluster_start_host     (MaltCluster  *self,
                                                 guint         i);
/* Until all that run are there to be asked for workers. */
void                malt_cluster_wait_for_hosts (MaltCluster  *self);
void                malt_cluster_kill_host      (MaltCluster  *self,
                                                 guint         i);
void                malt_cluster_signal_host    (MaltCluster  *self,
                                                 guint         i,
                                                 int           signum);
/* The process of the one worker of a host; 0: it has none. */
int                 malt_cluster_get_worker_pid (MaltCluster  *self,
                                                 guint         i);

/* One that asks the server as managers do. */
MaltNatsClient     *malt_cluster_new_client     (MaltCluster  *self,
                                                 const char   *inbox);

/* Sends SIGSTOP, and waits until all threads stand still. */
void                malt_cluster_stop_process   (int           pid);

/* Of a worker of any host; with further options, an a{sv} in text format, nullable. `addresses`:
 * separated by blanks. `folder`: of the certificates, NULL for none. (transfer floating) */
GVariant           *malt_cluster_new_options    (const char   *addresses,
                                                 const char   *folder,
                                                 const char   *options);
/* (transfer full) */
char               *malt_cluster_get_addresses  (MaltCluster  *self);
/* A worker of any host. */
MaltAbstractWorker *malt_cluster_try_worker     (MaltCluster  *self,
                                                 const char   *options,
                                                 GError      **error);
MaltAbstractWorker *malt_cluster_new_worker     (MaltCluster  *self,
                                                 const char   *options);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-load-hosts.h"

#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-distributed-spawn.h"

#include <stdio.h>

#define LOAD_SLOTS 64

/* Hosts of a process that connect at the same time. Real ones do not share a processor, nor do they
 * start in the same instant; when they come back, all do it at once. */
#define LOAD_N_CONNECTING 50u

typedef struct _LoadHost LoadHost;

typedef struct
{
  const char *server;
  const char *certificates; /* nullable */
  LoadHost   *hosts;        /* owned */
  guint       n;
  guint       n_started;
  guint       n_up;
  gboolean    is_up;        /* what was said last */
} LoadGroup;

struct _LoadHost
{
  LoadGroup      *group;
  char           *name;   /* owned */
  MaltNatsClient *client; /* owned */
};

/* One for all hosts of a process: making them reads the authorities of the machine, which takes
 * longer than a handshake does. */
static GTlsDatabase *authorities;
static GTlsCertificate *certificate;

static void
load_certificates (const char *folder)
{
  g_autofree char *authority = g_build_filename (folder, "ca.pem", NULL);
  g_autofree char *pem = g_build_filename (folder, "host.pem", NULL);
  g_autofree char *key = g_build_filename (folder, "host.key", NULL);
  g_autoptr (GError) error = NULL;

  authorities = g_tls_file_database_new (authority, &error);
  g_assert_no_error (error);
  certificate = g_tls_certificate_new_from_files (pem, key, &error);
  g_assert_no_error (error);
}

MaltNatsClient *
load_client_new (const char *server,
                 const char *certificates,
                 const char *name,
                 const char *inbox)
{
  const char *const servers[] = { server, NULL };
  g_autoptr (GError) error = NULL;
  MaltNatsClient *client;

  if (certificates != NULL && authorities == NULL)
    load_certificates (certificates);
  client = malt_nats_client_new (servers, authorities, certificate, name, inbox, &error);
  g_assert_no_error (error);

  return client;
}

static void
answer (MaltNatsClient          *client,
        const MaltNatsOperation *message,
        GBytes                  *answer)
{
  /* Lost with the broker, which is what is measured. */
  malt_nats_client_publish (client, message->reply, NULL, answer, NULL);
}

static void
on_spawn (MaltNatsClient          *client,
          const MaltNatsOperation *message,
          gpointer                 user_data)
{
  const LoadHost *host = user_data;
  guint8 token[MALT_HOST_TOKEN_BYTES] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_from_bytes (message->payload, &error);
  g_autoptr (MaltSpawnReply) reply = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_no_error (error);
  g_assert_nonnull (request);
  reply = malt_spawn_reply_new ("127.0.0.1", 4711, token, NULL, host->name, 4711);
  bytes = malt_spawn_reply_to_bytes (reply, &error);
  g_assert_no_error (error);
  answer (client, message, bytes);
}

static void
on_who (MaltNatsClient          *client,
        const MaltNatsOperation *message,
        gpointer                 user_data)
{
  const LoadHost *host = user_data;
  g_autoptr (MaltInventory) inventory = malt_inventory_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  inventory->host = g_strdup (host->name);
  inventory->version = g_strdup (MALT_VERSION);
  inventory->address = g_strdup ("127.0.0.1:4711");
  malt_inventory_add_pool (inventory, MALT_DISTRIBUTED_DEFAULT_POOL, LOAD_SLOTS, 0);
  bytes = malt_inventory_to_bytes (inventory, &error);
  g_assert_no_error (error);
  answer (client, message, bytes);
}

static void start_next_host (LoadGroup *group);

static void
on_connected (MaltNatsClient *client,
              GParamSpec     *pspec,
              LoadGroup      *group)
{
  group->n_up += malt_nats_client_is_connected (client) ? 1 : -1;
  start_next_host (group);
  if (group->n_up != (group->is_up ? 0 : group->n))
    return;

  group->is_up = !group->is_up;
  g_print ("%s\n", group->is_up ? LOAD_UP : LOAD_DOWN);
  fflush (stdout);
}

static void
start_next_host (LoadGroup *group)
{
  LoadHost *host = &group->hosts[group->n_started];
  g_autofree char *spawn =
    malt_distributed_subject_spawn (LOAD_NAMESPACE, MALT_DISTRIBUTED_DEFAULT_POOL);
  g_autofree char *host_spawn = NULL;
  g_autofree char *who = malt_distributed_subject_who (LOAD_NAMESPACE);
  g_autofree char *inbox = NULL;

  if (group->n_started == group->n)
    return;

  group->n_started++;
  host_spawn = malt_distributed_subject_host_spawn (LOAD_NAMESPACE, host->name);
  inbox = malt_distributed_host_inbox (LOAD_NAMESPACE, host->name);
  host->client = load_client_new (group->server, group->certificates, host->name, inbox);
  malt_nats_client_subscribe (host->client, spawn, MALT_DISTRIBUTED_QUEUE, on_spawn, host);
  malt_nats_client_subscribe (host->client, host_spawn, NULL, on_spawn, host);
  malt_nats_client_subscribe (host->client, who, NULL, on_who, host);
  g_signal_connect (host->client, "notify::connected", G_CALLBACK (on_connected), group);
  malt_nats_client_open (host->client);
}

void
load_hosts_run (const char *server,
                const char *certificates,
                guint       first,
                guint       n)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  LoadGroup group = {
    .server = server, .certificates = certificates, .n = n, .hosts = g_new0 (LoadHost, n),
  };

  for (guint i = 0; i < n; i++)
    group.hosts[i] = (LoadHost) { .group = &group, .name = g_strdup_printf ("host%u", first + i) };
  for (guint i = 0; i < LOAD_N_CONNECTING; i++)
    start_next_host (&group);
  g_main_loop_run (loop);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-cluster.h"

#include "backends/distributed/malt-distributed-inventory.h"
#include "backends/distributed/malt-distributed-names.h"
#include "backends/distributed/malt-nats-client.h"

#include <stdlib.h>
#include <string.h>

/* Spawn requests that have not been answered. Each worker takes a slot; this is for those that are
 * asked for over and over while they start. */
#define CLUSTER_MAX_PENDING 1024u

struct _MaltHostCluster
{
  GObject          parent_instance;

  MaltHostConfig  *config;     /* owned */
  MaltHostWorkers *workers;    /* owned */
  MaltNatsClient  *client;     /* owned */
  char            *address;    /* as people write it */
  char            *inboxes;    /* what the answers to managers begin with */
  GPtrArray       *pools;      /* owned Pool */
  guint64          host_sid;
  guint64          who_sid;
  gint64           started_us;
  guint            n_pending;
  gboolean         has_left;
  gboolean         is_lonely;  /* it was said that there is no server */
  char            *refused;    /* nullable: the last id for which there was no worker, also said */
};

G_DEFINE_FINAL_TYPE (MaltHostCluster, malt_host_cluster, G_TYPE_OBJECT)

/* Requests for a worker of a pool are heard while it has a free slot. */
typedef struct
{
  MaltHostCluster *cluster; /* owns it */
  const char      *name;    /* of the configuration */
  guint            n_slots;
  guint64          sid;
} Pool;

/* A request on its way. */
typedef struct
{
  MaltHostCluster *cluster; /* owned */
  char            *id;
  char            *reply;
} Asked;

static void
asked_free (Asked *asked)
{
  g_object_unref (asked->cluster);
  g_free (asked->id);
  g_free (asked->reply);
  g_free (asked);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asked, asked_free)

/* A manager that gets no answer asks again. */
static void
answer (MaltHostCluster *self,
        const char      *reply,
        GBytes          *bytes)
{
  g_autoptr (GError) error = NULL;

  if (!malt_nats_client_publish (self->client, reply, NULL, bytes, &error))
    g_message ("A manager could not be answered: %s", error->message);
}

static void
answer_error (MaltHostCluster *self,
              const char      *reply,
              const char      *id,
              const GError    *error)
{
  g_autoptr (GBytes) bytes = malt_spawn_error_to_bytes (error);

  /* A manager that waits for a host asks several times a second. */
  if (id == NULL || g_strcmp0 (id, self->refused) != 0)
    g_message ("No worker%s%s for a manager: %s", id != NULL ? " " : "", id != NULL ? id : "",
               error->message);
  g_free (self->refused);
  self->refused = g_strdup (id);
  answer (self, reply, bytes);
}

/* Whether it wants an answer, and that goes to a manager and nobody else. */
static gboolean
is_from_manager (MaltHostCluster         *self,
                 const MaltNatsOperation *message)
{
  return message->reply != NULL && g_str_has_prefix (message->reply, self->inboxes);
}

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (Asked) asked = user_data;
  MaltHostCluster *self = asked->cluster;
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnReply) reply =
    malt_host_workers_spawn_finish (MALT_HOST_WORKERS (source), result, &error);
  g_autoptr (GBytes) bytes = reply != NULL ? malt_spawn_reply_to_bytes (reply, &error) : NULL;

  self->n_pending--;
  if (bytes != NULL)
    answer (self, asked->reply, bytes);
  else
    answer_error (self, asked->reply, asked->id, error);
}

/* What a manager may ask of one pool is not to be asked of another by it. */
static gboolean
check_pool (MaltSpawnRequest  *request,
            Pool              *pool,
            GError           **error)
{
  if (pool == NULL || g_strcmp0 (request->pool, pool->name) == 0)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "A worker of the pool “%s” was asked for where those of the pool “%s” are",
               request->pool != NULL ? request->pool : "", pool->name);
  return FALSE;
}

static gboolean
check_pending (MaltHostCluster  *self,
               GError          **error)
{
  if (self->n_pending < CLUSTER_MAX_PENDING)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
               "The host starts no more than %u workers at a time", CLUSTER_MAX_PENDING);
  return FALSE;
}

/* `pool`: NULL for what was sent to this host. */
static void
spawn (MaltHostCluster         *self,
       const MaltNatsOperation *message,
       Pool                    *pool)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnRequest) request = NULL;
  Asked *asked;

  if (!is_from_manager (self, message))
    return;

  request = malt_spawn_request_from_bytes (message->payload, &error);
  if (request == NULL || !check_pool (request, pool, &error) || !check_pending (self, &error))
    {
      answer_error (self, message->reply, request != NULL ? request->id : NULL, error);
      return;
    }

  asked = g_new (Asked, 1);
  *asked = (Asked) { g_object_ref (self), g_strdup (request->id), g_strdup (message->reply) };
  self->n_pending++;
  malt_host_workers_spawn_async (self->workers, request, on_spawned, asked);
}

static void
on_pool_spawn (MaltNatsClient          *client,
               const MaltNatsOperation *message,
               gpointer                 user_data)
{
  Pool *pool = user_data;

  spawn (pool->cluster, message, pool);
}

static void
on_host_spawn (MaltNatsClient          *client,
               const MaltNatsOperation *message,
               gpointer                 user_data)
{
  spawn (MALT_HOST_CLUSTER (user_data), message, NULL);
}

static MaltInventory *
take_inventory (MaltHostCluster *self)
{
  MaltInventory *inventory = malt_inventory_new ();

  inventory->host = g_strdup (malt_host_config_get_host (self->config));
  inventory->version = g_strdup (MALT_VERSION);
  inventory->address = g_strdup (self->address);
  inventory->n_workers = malt_host_workers_get_n (self->workers);
  inventory->n_processors = g_get_num_processors ();
  if (getloadavg (&inventory->load, 1) != 1)
    inventory->load = 0;
  inventory->uptime_s = (guint64) ((g_get_monotonic_time () - self->started_us) / G_USEC_PER_SEC);

  for (guint i = 0; i < self->pools->len; i++)
    {
      const Pool *pool = g_ptr_array_index (self->pools, i);
      guint n_free = malt_host_workers_get_free (self->workers, pool->name);

      malt_inventory_add_pool (inventory, pool->name, pool->n_slots, pool->n_slots - n_free);
    }

  return inventory;
}

static void
on_who (MaltNatsClient          *client,
        const MaltNatsOperation *message,
        gpointer                 user_data)
{
  MaltHostCluster *self = user_data;
  g_autoptr (MaltInventory) inventory = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (!is_from_manager (self, message))
    return;

  inventory = take_inventory (self);
  bytes = malt_inventory_to_bytes (inventory, &error);
  if (bytes != NULL)
    answer (self, message->reply, bytes);
  else
    g_message ("The list of the pools is too long to be sent: %s", error->message);
}

/* When the last slot of a pool is taken, this comes before the answer to whoever has it: what the
 * server gets from us it does in that order. A request that is on its way to us then is answered
 * that the host is full. */
static void
update_pools (MaltHostCluster *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      const Pool *pool = g_ptr_array_index (self->pools, i);

      malt_nats_client_set_active (self->client, pool->sid,
                                   !self->has_left
                                   && malt_host_workers_get_free (self->workers, pool->name) > 0);
    }
}

static void
on_connected (MaltHostCluster *self)
{
  if (!malt_nats_client_is_connected (self->client))
    return;

  self->is_lonely = FALSE;
  g_message ("Managers can ask this host, “%s”, for workers",
             malt_host_config_get_host (self->config));
}

/* Once, and not at each attempt that follows. */
static void
on_failed (MaltHostCluster *self,
           const GError    *error)
{
  MaltDistributedTls *tls;

  malt_host_config_renew_tls (self->config);
  tls = malt_host_config_get_tls (self->config);
  if (tls != NULL)
    malt_nats_client_set_tls (self->client, malt_distributed_tls_get_authorities (tls),
                              malt_distributed_tls_get_certificate (tls));
  if (!self->is_lonely)
    g_message ("Managers cannot ask for workers, those that there are go on: %s", error->message);
  self->is_lonely = TRUE;
}

static void
on_refused (MaltHostCluster *self,
            const GError    *error)
{
  g_message ("A permission is missing: %s", error->message);
}

static void
malt_host_cluster_dispose (GObject *object)
{
  MaltHostCluster *self = MALT_HOST_CLUSTER (object);

  self->has_left = TRUE;
  if (self->client != NULL)
    malt_nats_client_close (self->client);
  g_clear_object (&self->client);
  g_clear_object (&self->workers);

  G_OBJECT_CLASS (malt_host_cluster_parent_class)->dispose (object);
}

static void
malt_host_cluster_finalize (GObject *object)
{
  MaltHostCluster *self = MALT_HOST_CLUSTER (object);

  g_clear_pointer (&self->config, malt_host_config_unref);
  g_ptr_array_unref (self->pools);
  g_free (self->address);
  g_free (self->inboxes);
  g_free (self->refused);

  G_OBJECT_CLASS (malt_host_cluster_parent_class)->finalize (object);
}

static void
malt_host_cluster_class_init (MaltHostClusterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_host_cluster_dispose;
  object_class->finalize = malt_host_cluster_finalize;
}

static void
malt_host_cluster_init (MaltHostCluster *self)
{
  self->pools = g_ptr_array_new_with_free_func (g_free);
  self->started_us = g_get_monotonic_time ();
}

static void
subscribe_pools (MaltHostCluster *self)
{
  const char *ns = malt_host_config_get_namespace (self->config);
  GPtrArray *configured = malt_host_config_get_pools (self->config);

  for (guint i = 0; i < configured->len; i++)
    {
      const MaltHostPool *from = g_ptr_array_index (configured, i);
      g_autofree char *subject = malt_distributed_subject_spawn (ns, from->name);
      Pool *pool = g_new (Pool, 1);

      *pool = (Pool) { .cluster = self, .name = from->name, .n_slots = from->n_slots };
      pool->sid = malt_nats_client_subscribe (self->client, subject, MALT_DISTRIBUTED_QUEUE,
                                              on_pool_spawn, pool);
      g_ptr_array_add (self->pools, pool);
    }
}

static void
subscribe (MaltHostCluster *self)
{
  const char *ns = malt_host_config_get_namespace (self->config);
  const char *host = malt_host_config_get_host (self->config);
  g_autofree char *spawn_subject = malt_distributed_subject_host_spawn (ns, host);
  g_autofree char *who_subject = malt_distributed_subject_who (ns);

  /* In a queue as well: of two hosts with the same name by mistake, only one answers. */
  self->host_sid = malt_nats_client_subscribe (self->client, spawn_subject, MALT_DISTRIBUTED_QUEUE,
                                               on_host_spawn, self);
  self->who_sid = malt_nats_client_subscribe (self->client, who_subject, NULL, on_who, self);
  subscribe_pools (self);
  update_pools (self);
}

MaltHostCluster *
malt_host_cluster_new (MaltHostConfig   *config,
                       MaltHostWorkers  *workers,
                       const char       *address,
                       guint16           port,
                       GError          **error)
{
  g_autoptr (MaltHostCluster) self = g_object_new (MALT_TYPE_HOST_CLUSTER, NULL);
  const char *ns = malt_host_config_get_namespace (config);
  const char *host = malt_host_config_get_host (config);
  MaltDistributedTls *tls = malt_host_config_get_tls (config);
  g_autofree char *inbox = malt_distributed_host_inbox (ns, host);

  self->client =
    malt_nats_client_new (malt_host_config_get_servers (config),
                          tls != NULL ? malt_distributed_tls_get_authorities (tls) : NULL,
                          tls != NULL ? malt_distributed_tls_get_certificate (tls) : NULL,
                          host, inbox, error);
  if (self->client == NULL)
    return NULL;

  self->config = malt_host_config_ref (config);
  self->workers = g_object_ref (workers);
  self->address = g_strdup_printf (strchr (address, ':') != NULL ? "[%s]:%u" : "%s:%u", address,
                                   port);
  self->inboxes = malt_distributed_inbox (ns, "");
  subscribe (self);
  g_signal_connect_object (workers, "changed", G_CALLBACK (update_pools), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "notify::connected", G_CALLBACK (on_connected), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "failed", G_CALLBACK (on_failed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "refused", G_CALLBACK (on_refused), self,
                           G_CONNECT_SWAPPED);
  malt_nats_client_open (self->client);

  return g_steal_pointer (&self);
}

void
malt_host_cluster_leave (MaltHostCluster *self)
{
  g_return_if_fail (MALT_IS_HOST_CLUSTER (self));

  self->has_left = TRUE;
  update_pools (self);
  malt_nats_client_set_active (self->client, self->host_sid, FALSE);
  malt_nats_client_set_active (self->client, self->who_sid, FALSE);
}

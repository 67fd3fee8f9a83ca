/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-broker.h"

#include "backends/distributed/malt-distributed-names.h"

/* What is used when nothing is said. */
#define DEFAULT_SERVER "nats://127.0.0.1:4222"

/* How long a client is kept that nobody uses, in seconds: somebody who starts a worker now and then
 * does not connect, and shake hands, every time. */
#define IDLE_SEC 30

struct _MaltDistributedBroker
{
  char           *key;     /* owned */
  char           *servers; /* owned; for texts */
  MaltNatsClient *client;  /* owned */
  guint           n_users;
  GSource        *idle;    /* owned (nullable) */
};

/* key → owned MaltDistributedBroker; monitor thread */
static GHashTable *brokers;

static void
drop_idle (MaltDistributedBroker *self)
{
  if (self->idle != NULL)
    g_source_destroy (self->idle);
  g_clear_pointer (&self->idle, g_source_unref);
}

static void
broker_free (MaltDistributedBroker *self)
{
  drop_idle (self);
  if (self->client != NULL)
    malt_nats_client_close (self->client);
  g_clear_object (&self->client);
  g_free (self->servers);
  g_free (self->key);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltDistributedBroker, broker_free)

static char *
new_key (const MaltDistributedOptions *options,
         const char                   *servers)
{
  const char *const parts[] = {
    servers,
    options->ns,
    options->tls_ca != NULL ? options->tls_ca : "",
    options->tls_certificate != NULL ? options->tls_certificate : "",
    options->tls_key != NULL ? options->tls_key : "",
    NULL
  };

  return g_strjoinv ("\n", (char **) parts);
}

static MaltDistributedBroker *
broker_new (const MaltDistributedOptions  *options,
            const char *const             *servers,
            MaltDistributedTls            *tls,
            GError                       **error)
{
  g_autoptr (MaltDistributedBroker) self = g_new0 (MaltDistributedBroker, 1);
  g_autofree char *id = malt_distributed_new_id ();
  g_autofree char *inbox = malt_distributed_inbox (options->ns, id);

  self->servers = g_strjoinv (", ", (char **) servers);
  self->key = new_key (options, self->servers);
  self->client = malt_nats_client_new (
      servers, tls != NULL ? malt_distributed_tls_get_authorities (tls) : NULL,
      tls != NULL ? malt_distributed_tls_get_certificate (tls) : NULL, "malt", inbox, error);
  if (self->client == NULL)
    return NULL;

  malt_nats_client_open (self->client);
  return g_steal_pointer (&self);
}

MaltDistributedBroker *
malt_distributed_broker_acquire (const MaltDistributedOptions  *options,
                                 MaltDistributedTls            *tls,
                                 GError                       **error)
{
  const char *const local[] = { DEFAULT_SERVER, NULL };
  gboolean has_servers = options->servers != NULL && options->servers[0] != NULL;
  const char *const *servers = has_servers ? (const char *const *) options->servers : local;
  g_autofree char *joined = g_strjoinv (", ", (char **) servers);
  g_autofree char *key = new_key (options, joined);
  MaltDistributedBroker *self;

  if (brokers == NULL)
    brokers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) broker_free);
  self = g_hash_table_lookup (brokers, key);
  if (self == NULL)
    {
      self = broker_new (options, servers, tls, error);
      if (self == NULL)
        return NULL;
      g_hash_table_insert (brokers, self->key, self);
    }
  else if (tls != NULL)
    malt_nats_client_set_tls (self->client, malt_distributed_tls_get_authorities (tls),
                              malt_distributed_tls_get_certificate (tls));

  drop_idle (self);
  self->n_users++;
  return self;
}

/* Runs in the monitor thread. */
static gboolean
on_idle (gpointer user_data)
{
  MaltDistributedBroker *self = user_data;

  g_hash_table_remove (brokers, self->key);
  return G_SOURCE_REMOVE;
}

void
malt_distributed_broker_release (MaltDistributedBroker *self)
{
  if (--self->n_users > 0)
    return;

  self->idle = g_timeout_source_new_seconds (IDLE_SEC);
  g_source_set_callback (self->idle, on_idle, self, NULL);
  g_source_attach (self->idle, malt_monitor_get_context ());
}

MaltNatsClient *
malt_distributed_broker_get_client (MaltDistributedBroker *self)
{
  return self->client;
}

const char *
malt_distributed_broker_get_servers (MaltDistributedBroker *self)
{
  return self->servers;
}

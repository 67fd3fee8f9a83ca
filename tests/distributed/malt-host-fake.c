/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-host-fake.h"

static const guint8 fake_token[MALT_HOST_TOKEN_BYTES] = "a token that is not one of any w";

struct _MaltHostConfig
{
  char      *servers[2];
  char      *host;
  GPtrArray *pools;
};

static MaltHostPool *
new_pool (const char *name,
          guint       n_slots)
{
  MaltHostPool *pool = g_new (MaltHostPool, 1);

  *pool = (MaltHostPool) { (char *) name, n_slots };

  return pool;
}

MaltHostConfig *
malt_host_fake_config_new (const char *server,
                           const char *host,
                           guint       n_slots)
{
  MaltHostConfig *self = g_rc_box_new0 (MaltHostConfig);

  self->servers[0] = g_strdup (server);
  self->host = g_strdup (host);
  self->pools = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->pools, new_pool ("default", n_slots));
  g_ptr_array_add (self->pools, new_pool ("gpu", n_slots));

  return self;
}

MaltHostConfig *
malt_host_config_ref (MaltHostConfig *self)
{
  return g_rc_box_acquire (self);
}

static void
clear_config (gpointer data)
{
  MaltHostConfig *self = data;

  g_free (self->servers[0]);
  g_free (self->host);
  g_ptr_array_unref (self->pools);
}

void
malt_host_config_unref (MaltHostConfig *self)
{
  g_rc_box_release_full (self, clear_config);
}

const char *const *
malt_host_config_get_servers (MaltHostConfig *self)
{
  return (const char *const *) self->servers;
}

const char *
malt_host_config_get_namespace (MaltHostConfig *self)
{
  return "test";
}

const char *
malt_host_config_get_host (MaltHostConfig *self)
{
  return self->host;
}

MaltDistributedTls *
malt_host_config_get_tls (MaltHostConfig *self)
{
  return NULL;
}

void
malt_host_config_renew_tls (MaltHostConfig *self)
{
}

GPtrArray *
malt_host_config_get_pools (MaltHostConfig *self)
{
  return self->pools;
}

struct _MaltHostWorkers
{
  GObject           parent_instance;

  MaltHostConfig   *config;
  char             *address;
  guint16           port;
  GHashTable       *used;     /* pool → guint */
  GQueue            waiting;  /* owned GTask */
  gboolean          is_slow;
  MaltSpawnRequest *request;
};

G_DEFINE_FINAL_TYPE (MaltHostWorkers, malt_host_workers, G_TYPE_OBJECT)

static guint changed_signal;

static void
malt_host_workers_finalize (GObject *object)
{
  MaltHostWorkers *self = MALT_HOST_WORKERS (object);

  g_assert_cmpuint (self->waiting.length, ==, 0);
  malt_host_config_unref (self->config);
  g_hash_table_unref (self->used);
  g_clear_pointer (&self->request, malt_spawn_request_free);
  g_free (self->address);

  G_OBJECT_CLASS (malt_host_workers_parent_class)->finalize (object);
}

static void
malt_host_workers_class_init (MaltHostWorkersClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_host_workers_finalize;
  changed_signal = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
malt_host_workers_init (MaltHostWorkers *self)
{
  self->used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

MaltHostWorkers *
malt_host_workers_new (MaltHostConfig *config,
                       const char     *address,
                       guint16         port)
{
  MaltHostWorkers *self = g_object_new (MALT_TYPE_HOST_WORKERS, NULL);

  self->config = malt_host_config_ref (config);
  self->address = g_strdup (address);
  self->port = port;

  return self;
}

static guint
get_used (MaltHostWorkers *self,
          const char      *pool)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->used, pool));
}

guint
malt_host_workers_get_free (MaltHostWorkers *self,
                            const char      *pool)
{
  const MaltHostPool *first = g_ptr_array_index (self->config->pools, 0);

  return first->n_slots - get_used (self, pool);
}

guint
malt_host_workers_get_n (MaltHostWorkers *self)
{
  return get_used (self, "default") + get_used (self, "gpu");
}

static void
grant (MaltHostWorkers *self,
       GTask           *task)
{
  g_task_return_pointer (task,
                         malt_spawn_reply_new (self->address, self->port, fake_token, NULL,
                                               self->config->host, 1),
                         (GDestroyNotify) malt_spawn_reply_free);
}

void
malt_host_workers_spawn_async (MaltHostWorkers        *self,
                               const MaltSpawnRequest *request,
                               GAsyncReadyCallback     callback,
                               gpointer                user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  const char *pool = request->pool != NULL ? request->pool : "default";

  if (malt_host_workers_get_free (self, pool) == 0)
    {
      g_task_return_new_error (task, MALT_ERROR, MALT_ERROR_LIMIT, "The pool “%s” is full", pool);
      return;
    }

  g_clear_pointer (&self->request, malt_spawn_request_free);
  self->request = malt_spawn_request_copy (request);
  g_hash_table_insert (self->used, g_strdup (pool), GUINT_TO_POINTER (get_used (self, pool) + 1));
  g_signal_emit (self, changed_signal, 0);
  if (self->is_slow)
    g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  else
    grant (self, task);
}

MaltSpawnReply *
malt_host_workers_spawn_finish (MaltHostWorkers  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

const MaltSpawnRequest *
malt_host_fake_get_request (MaltHostWorkers *workers)
{
  return workers->request;
}

void
malt_host_fake_free_slots (MaltHostWorkers *workers)
{
  g_hash_table_remove_all (workers->used);
  g_signal_emit (workers, changed_signal, 0);
}

void
malt_host_fake_set_slow (MaltHostWorkers *workers,
                         gboolean         is_slow)
{
  g_autoptr (GTask) task = NULL;

  workers->is_slow = is_slow;
  while ((task = g_queue_pop_head (&workers->waiting)) != NULL)
    {
      grant (workers, task);
      g_clear_object (&task);
    }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-workers.h"

#include "backends/distributed/host/malt-host-room.h"
#include "backends/distributed/host/malt-host-session.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* An entry is there from the request until nothing is left of the worker, and has a slot as long.
 * It is starting until it has a @session, and then has a @reply. */
typedef struct
{
  MaltHostWorkers    *workers;  /* not owned (nullable): gone before it has started */
  char               *id;       /* owned */
  const MaltHostPool *pool;     /* of the configuration */
  guint               lease_ms;
  GPtrArray          *tasks;    /* owned; of owned GTask: who waits for the reply */
  MaltSpawnReply     *reply;    /* owned (nullable) */
  MaltHostSession    *session;  /* owned (nullable) */
} Entry;

struct _MaltHostWorkers
{
  GObject         parent_instance;

  MaltHostConfig *config;     /* owned */
  char           *address;    /* owned */
  guint16         port;
  GHashTable     *entries;    /* id → owned Entry */
  gboolean        is_leaving;
};

G_DEFINE_FINAL_TYPE (MaltHostWorkers, malt_host_workers, G_TYPE_OBJECT)

enum
{
  CHANGED,
  ENDED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->session, malt_host_session_free);
  g_clear_pointer (&entry->reply, malt_spawn_reply_free);
  g_ptr_array_unref (entry->tasks);
  g_free (entry->id);
  g_free (entry);
}

static guint
count_used (MaltHostWorkers    *self,
            const MaltHostPool *pool)
{
  GHashTableIter iter;
  gpointer value;
  guint n_used = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n_used += ((Entry *) value)->pool == pool;

  return n_used;
}

static gboolean
has_room (MaltHostWorkers *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n_starting = 0;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n_starting += ((Entry *) value)->session == NULL;

  return malt_host_room_is_left (g_hash_table_size (self->entries), n_starting);
}

static gboolean
has_free (MaltHostWorkers    *self,
          const MaltHostPool *pool)
{
  return count_used (self, pool) < pool->n_slots && has_room (self);
}

/* Also the one of that name, if it has none: then the name is known. */
static const MaltHostPool *
find_pool (MaltHostWorkers *self,
           const char      *name)
{
  GPtrArray *pools = malt_host_config_get_pools (self->config);

  for (guint i = 0; i < pools->len; i++)
    {
      const MaltHostPool *pool = g_ptr_array_index (pools, i);

      if (name != NULL ? strcmp (pool->name, name) == 0 : has_free (self, pool))
        return pool;
    }

  return NULL;
}

static const MaltHostPool *
choose_pool (MaltHostWorkers  *self,
             const char       *name,
             GError          **error)
{
  const MaltHostPool *pool = find_pool (self, name);

  if (pool == NULL && name != NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG, "The host has no pool “%s”", name);
  else if (self->is_leaving || pool == NULL || !has_free (self, pool))
    g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT, "%s: %s",
                 malt_host_config_get_host (self->config),
                 self->is_leaving ? "the host leaves"
                 : has_room (self) ? "all slots are taken" : "no more files can be opened");
  else
    return pool;

  return NULL;
}

/* Takes the entry out of the table, and all that is left of it. */
static void
remove_entry (MaltHostWorkers *self,
              Entry           *entry)
{
  g_autoptr (MaltHostWorkers) held = g_object_ref (self);
  g_autofree char *id = g_strdup (entry->id);

  g_hash_table_remove (self->entries, id);
  g_signal_emit (self, signals[CHANGED], 0);
  g_signal_emit (self, signals[ENDED], 0, id);
}

static void
on_session_over (MaltHostSession *session,
                 gpointer         user_data)
{
  Entry *entry = user_data;

  remove_entry (entry->workers, entry);
}

/* `error`: NULL, then there is a reply. */
static void
answer_tasks (Entry        *entry,
              const GError *error)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&entry->tasks);

  entry->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    if (error != NULL)
      g_task_return_error (g_ptr_array_index (tasks, i), g_error_copy (error));
    else
      g_task_return_pointer (g_ptr_array_index (tasks, i), malt_spawn_reply_copy (entry->reply),
                             (GDestroyNotify) malt_spawn_reply_free);
}

static gboolean
make_token (guint8   token[MALT_HOST_TOKEN_BYTES],
            GError **error)
{
  if (getrandom (token, MALT_HOST_TOKEN_BYTES, 0) == MALT_HOST_TOKEN_BYTES)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED, "Cannot make a token: %s",
               g_strerror (errno));
  return FALSE;
}

static gboolean
open_session (MaltHostWorkers     *self,
              Entry               *entry,
              MaltAbstractWorker  *worker,
              GError             **error)
{
  guint8 token[MALT_HOST_TOKEN_BYTES];
  MaltDistributedTls *tls;
  int pid;

  malt_host_config_renew_tls (self->config);
  tls = malt_host_config_get_tls (self->config);
  if (!make_token (token, error))
    return FALSE;

  entry->session = malt_host_session_new (worker, token, entry->lease_ms, on_session_over, entry,
                                          error);
  if (entry->session == NULL)
    return FALSE;

  g_object_get (worker, "pid", &pid, NULL);
  malt_host_room_restore (pid);
  /* On a Unix socket nobody shakes hands. */
  entry->reply = malt_spawn_reply_new (self->address, self->port, token,
                                       tls != NULL && self->port != 0
                                       ? malt_distributed_tls_get_fingerprint (tls) : NULL,
                                       malt_host_config_get_host (self->config), pid);
  return TRUE;
}

static void
on_started (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Entry *entry = user_data;
  MaltHostWorkers *self = entry->workers;
  g_autoptr (GObject) worker = source;
  g_autoptr (GError) error = NULL;

  if (self == NULL)
    {
      entry_free (entry);
      return;
    }

  if (g_async_initable_init_finish (G_ASYNC_INITABLE (source), result, &error)
      && open_session (self, entry, MALT_ABSTRACT_WORKER (source), &error))
    {
      /* There may be room again, for it takes more to start one. */
      g_signal_emit (self, signals[CHANGED], 0);
      answer_tasks (entry, NULL);
      if (self->is_leaving)
        malt_host_session_stop (entry->session);
    }
  else
    {
      answer_tasks (entry, error);
      remove_entry (self, entry);
    }
}

static void
start (MaltHostWorkers        *self,
       const MaltSpawnRequest *request,
       GTask                  *task)
{
  g_autoptr (GError) error = NULL;
  const MaltHostPool *pool = choose_pool (self, request->pool, &error);
  MaltAbstractWorker *worker = NULL;
  Entry *entry;

  if (pool != NULL)
    worker = malt_host_config_construct_worker (self->config, request->profile, request->options,
                                                &error);
  if (worker == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      g_object_unref (task);
      return;
    }

  entry = g_new0 (Entry, 1);
  entry->workers = self;
  entry->id = g_strdup (request->id);
  entry->pool = pool;
  entry->lease_ms = request->lease_ms;
  entry->tasks = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (entry->tasks, task);
  g_hash_table_insert (self->entries, entry->id, entry);
  g_signal_emit (self, signals[CHANGED], 0);
  g_async_initable_init_async (G_ASYNC_INITABLE (worker), G_PRIORITY_DEFAULT, NULL, on_started,
                               entry);
}

void
malt_host_workers_spawn_async (MaltHostWorkers        *self,
                               const MaltSpawnRequest *request,
                               GAsyncReadyCallback     callback,
                               gpointer                user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Entry *entry = g_hash_table_lookup (self->entries, request->id);

  g_task_set_source_tag (task, malt_host_workers_spawn_async);
  if (entry == NULL)
    {
      start (self, request, task);
      return;
    }

  g_ptr_array_add (entry->tasks, task);
  if (entry->reply != NULL)
    answer_tasks (entry, NULL);
}

MaltSpawnReply *
malt_host_workers_spawn_finish (MaltHostWorkers  *self,
                                GAsyncResult     *result,
                                GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_host_workers_spawn_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

guint
malt_host_workers_get_free (MaltHostWorkers *self,
                            const char      *name)
{
  const MaltHostPool *pool = find_pool (self, name);
  guint n_used = pool != NULL ? count_used (self, pool) : 0;

  return pool != NULL && !self->is_leaving && has_free (self, pool) ? pool->n_slots - n_used : 0;
}

guint
malt_host_workers_get_n (MaltHostWorkers *self)
{
  return g_hash_table_size (self->entries);
}

void
malt_host_workers_stop_all (MaltHostWorkers *self)
{
  GHashTableIter iter;
  gpointer value;

  self->is_leaving = TRUE;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Entry *) value)->session != NULL)
      malt_host_session_stop (((Entry *) value)->session);
  g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
malt_host_workers_accept (MaltHostWorkers *self,
                          const guint8    *bytes,
                          GIOStream       *stream)
{
  g_autofree char *id = NULL;
  MaltHostOpening opening;
  Entry *entry;

  if (!malt_host_opening_decode (&opening, bytes, NULL))
    return FALSE;

  id = malt_host_to_hex (opening.id, MALT_HOST_ID_BYTES);
  entry = g_hash_table_lookup (self->entries, id);
  return entry != NULL && entry->session != NULL
         && malt_host_session_accept (entry->session, &opening, stream);
}

static void
malt_host_workers_dispose (GObject *object)
{
  MaltHostWorkers *self = MALT_HOST_WORKERS (object);
  GHashTableIter iter;
  gpointer value;

  /* Those that start are not waited for: they are dropped when they have come up. */
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      g_hash_table_iter_steal (&iter);
      entry->workers = NULL;
      if (entry->reply != NULL)
        entry_free (entry);
    }

  G_OBJECT_CLASS (malt_host_workers_parent_class)->dispose (object);
}

static void
malt_host_workers_finalize (GObject *object)
{
  MaltHostWorkers *self = MALT_HOST_WORKERS (object);

  g_hash_table_unref (self->entries);
  malt_host_config_unref (self->config);
  g_free (self->address);

  G_OBJECT_CLASS (malt_host_workers_parent_class)->finalize (object);
}

static void
malt_host_workers_class_init (MaltHostWorkersClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_host_workers_dispose;
  object_class->finalize = malt_host_workers_finalize;
  signals[CHANGED] = g_signal_new ("changed", MALT_TYPE_HOST_WORKERS, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", MALT_TYPE_HOST_WORKERS, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
malt_host_workers_init (MaltHostWorkers *self)
{
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
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

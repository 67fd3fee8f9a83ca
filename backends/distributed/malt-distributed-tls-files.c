/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-tls-files.h"

#include <sys/stat.h>

/* A program has one certificate, or one for each of a few clusters. When there are more, all are
 * forgotten. */
#define MAX_KEPT 32u

/* Certificate, key and authorities. */
#define N_FILES 3

/* What tells that a file is another one, or has been written. All zero: it is not there. */
typedef struct
{
  dev_t           device;
  ino_t           inode;
  off_t           size;
  struct timespec modified;
  struct timespec changed;
} Stamp;

typedef struct
{
  Stamp               stamps[N_FILES];
  MaltDistributedTls *tls;       /* owned */
} Kept;

static GMutex lock;
static GHashTable *kept; /* protected by @lock; the three names → owned Kept */

static void
kept_free (gpointer data)
{
  malt_distributed_tls_unref (((Kept *) data)->tls);
  g_free (data);
}

static void
take_stamps (const char *const *paths,
             Stamp             *stamps)
{
  for (guint i = 0; i < N_FILES; i++)
    {
      struct stat status;

      stamps[i] = (Stamp) { 0 };
      if (paths[i] != NULL && stat (paths[i], &status) == 0)
        stamps[i] = (Stamp) { status.st_dev, status.st_ino, status.st_size, status.st_mtim,
                              status.st_ctim };
    }
}

static gboolean
is_same_time (const struct timespec *one,
              const struct timespec *other)
{
  return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

static gboolean
is_same (const Stamp *one,
         const Stamp *other)
{
  return one->device == other->device && one->inode == other->inode && one->size == other->size
         && is_same_time (&one->modified, &other->modified)
         && is_same_time (&one->changed, &other->changed);
}

/* (transfer full) (nullable) */
static MaltDistributedTls *
find (const char  *name,
      const Stamp *stamps)
{
  MaltDistributedTls *tls = NULL;
  const Kept *entry;

  g_mutex_lock (&lock);
  entry = kept != NULL ? g_hash_table_lookup (kept, name) : NULL;
  if (entry != NULL && is_same (&entry->stamps[0], &stamps[0])
      && is_same (&entry->stamps[1], &stamps[1]) && is_same (&entry->stamps[2], &stamps[2]))
    tls = malt_distributed_tls_ref (entry->tls);
  g_mutex_unlock (&lock);
  return tls;
}

static void
keep (const char         *name,
      const Stamp        *stamps,
      MaltDistributedTls *tls)
{
  Kept *entry = g_new0 (Kept, 1);

  entry->tls = malt_distributed_tls_ref (tls);
  for (guint i = 0; i < G_N_ELEMENTS (entry->stamps); i++)
    entry->stamps[i] = stamps[i];

  g_mutex_lock (&lock);
  if (kept == NULL)
    kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, kept_free);
  if (g_hash_table_size (kept) >= MAX_KEPT)
    g_hash_table_remove_all (kept);
  g_hash_table_replace (kept, g_strdup (name), entry);
  g_mutex_unlock (&lock);
}

MaltDistributedTls *
malt_distributed_tls_files_load (const char  *certificate,
                                 const char  *key,
                                 const char  *authorities,
                                 GError     **error)
{
  const char *const paths[] = { certificate, key, authorities, NULL };
  g_autofree char *name = g_strjoinv ("\n", (char **) paths);
  MaltDistributedTls *tls;
  Stamp stamps[N_FILES];

  /* Before they are read: what is written meanwhile is read the next time. */
  take_stamps (paths, stamps);
  tls = find (name, stamps);
  if (tls != NULL)
    return tls;

  tls = malt_distributed_tls_new (certificate, key, authorities, error);
  if (tls != NULL)
    keep (name, stamps, tls);
  return tls;
}

/* Runs in a thread of GIO. */
static void
load (GTask        *task,
      gpointer      source,
      gpointer      task_data,
      GCancellable *cancellable)
{
  char **paths = task_data;
  GError *error = NULL;
  MaltDistributedTls *tls = malt_distributed_tls_files_load (paths[0], paths[1], paths[2], &error);

  if (tls != NULL)
    g_task_return_pointer (task, tls, (GDestroyNotify) malt_distributed_tls_unref);
  else
    g_task_return_error (task, error);
}

void
malt_distributed_tls_files_load_async (const char          *certificate,
                                       const char          *key,
                                       const char          *authorities,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data)
{
  const char *const paths[] = { certificate, key, authorities, NULL };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, malt_distributed_tls_files_load_async);
  g_task_set_task_data (task, g_strdupv ((char **) paths), (GDestroyNotify) g_strfreev);
  g_task_run_in_thread (task, load);
}

MaltDistributedTls *
malt_distributed_tls_files_load_finish (GAsyncResult  *result,
                                        GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_distributed_tls_files_load_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

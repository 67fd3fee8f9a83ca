/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workbench-workers.h"

/* Workers that are shown after their end, the latest ones. */
#define ENDED_MAX 4u

/* What a pool shows of its workers, and some of those that have ended. */
struct _WorkbenchWorkers
{
  GObject     parent_instance;

  GListStore *list;     /* owned; of WorkbenchWorker */
  MaltPool   *pool;     /* owned; NULL: there is none */
  guint       n_so_far; /* workers that there have been */
};

G_DEFINE_FINAL_TYPE (WorkbenchWorkers, workbench_workers, G_TYPE_OBJECT)

static void
set_pool (WorkbenchWorkers *self,
          MaltPool         *pool)
{
  if (self->pool != NULL)
    g_signal_handlers_disconnect_by_data (self->pool, self);
  g_set_object (&self->pool, pool);
}

static void
workbench_workers_dispose (GObject *object)
{
  WorkbenchWorkers *self = WORKBENCH_WORKERS (object);

  set_pool (self, NULL);
  g_clear_object (&self->list);

  G_OBJECT_CLASS (workbench_workers_parent_class)->dispose (object);
}

static void
workbench_workers_class_init (WorkbenchWorkersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = workbench_workers_dispose;
}

static void
workbench_workers_init (WorkbenchWorkers *self)
{
  self->list = g_list_store_new (WORKBENCH_TYPE_WORKER);
}

WorkbenchWorkers *
workbench_workers_new (void)
{
  return g_object_new (WORKBENCH_TYPE_WORKERS, NULL);
}

GListModel *
workbench_workers_get_list (WorkbenchWorkers *self)
{
  return G_LIST_MODEL (self->list);
}

/* Those that have ended come behind those that run, the latest first. */
static guint
count_running (WorkbenchWorkers *self)
{
  guint n_workers = g_list_model_get_n_items (G_LIST_MODEL (self->list));
  guint n_running = 0;

  for (guint i = 0; i < n_workers; i++)
    {
      g_autoptr (WorkbenchWorker) worker = g_list_model_get_item (G_LIST_MODEL (self->list), i);

      n_running += !workbench_worker_has_ended (worker);
    }

  return n_running;
}

static void
on_worker_changed (WorkbenchWorkers *self,
                   WorkbenchWorker  *worker)
{
  g_autoptr (WorkbenchWorker) held = g_object_ref (worker);
  guint n_running, position;

  if (!workbench_worker_has_ended (worker) || !g_list_store_find (self->list, worker, &position))
    return;

  n_running = count_running (self);
  if (position >= n_running)
    return;

  g_list_store_remove (self->list, position);
  g_list_store_insert (self->list, n_running, worker);
  while (g_list_model_get_n_items (G_LIST_MODEL (self->list)) > n_running + ENDED_MAX)
    g_list_store_remove (self->list, n_running + ENDED_MAX);
}

/* What has been removed says so itself. */
static void
on_pool_changed (WorkbenchWorkers *self,
                 guint             position,
                 guint             n_removed,
                 guint             n_added)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr (MaltPoolWorker) inner = g_list_model_get_item (G_LIST_MODEL (self->pool), i);
      g_autoptr (WorkbenchWorker) worker = workbench_worker_new (inner, ++self->n_so_far);

      g_signal_connect_object (worker, "changed", G_CALLBACK (on_worker_changed), self,
                               G_CONNECT_SWAPPED);
      g_list_store_insert (self->list, count_running (self), worker);
      on_worker_changed (self, worker);
    }
}

/* Shows another pool, or none. */
void
workbench_workers_set_pool (WorkbenchWorkers *self,
                            MaltPool         *pool)
{
  set_pool (self, pool);
  g_list_store_remove_all (self->list);
  self->n_so_far = 0;
  if (pool == NULL)
    return;

  g_signal_connect_object (pool, "items-changed", G_CALLBACK (on_pool_changed), self,
                           G_CONNECT_SWAPPED);
  on_pool_changed (self, 0, 0, g_list_model_get_n_items (G_LIST_MODEL (pool)));
}

/* The worker that the log calls so; NULL if it is not shown (any more). (transfer none) */
WorkbenchWorker *
workbench_workers_find (WorkbenchWorkers *self,
                        const char       *description)
{
  guint n_workers = g_list_model_get_n_items (G_LIST_MODEL (self->list));

  for (guint i = 0; i < n_workers; i++)
    {
      g_autoptr (WorkbenchWorker) worker = g_list_model_get_item (G_LIST_MODEL (self->list), i);

      if (g_str_equal (workbench_worker_get_description (worker), description))
        return worker;
    }

  return NULL;
}

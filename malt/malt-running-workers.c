/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-running-workers.h"

#include "malt/malt-abstract-worker.h"
#include "malt/malt-running-workers-backend.h"

/* One running worker, shared by the registry and every list that shows it. */
typedef struct
{
  /* To know them by, never followed. The second is shown: the worker itself, or one around it. */
  MaltAbstractWorker *worker;
  MaltAbstractWorker *shown;
  GWeakRef            weak;   /* of @shown */
} Entry;

/* How the registry reaches a list: a list may be going away in one thread while a
 * worker ends in another. Shared by the list, the registry and what is on its way. */
typedef struct
{
  GWeakRef      list;
  GMainContext *context;   /* owned, immutable: where the list lives */
  gboolean      is_queued; /* protected by @lock */
} Link;

/* The list that malt_list_running_workers() makes. It has a copy of the entries and is
 * brought up to date by list_refresh(), one change at a time, in the main context of its
 * creator only; so what it says never changes behind a handler's back. */
typedef struct
{
  GObject    parent_instance;
  GPtrArray *entries; /* owned Entry references; creator's context only */
  Link      *link;    /* owned reference */
} MaltRunningWorkers;

typedef struct
{
  GObjectClass parent_class;
} MaltRunningWorkersClass;

static GMutex lock;
static GPtrArray *running; /* owned Entry references, oldest first; protected by @lock */
static GPtrArray *links;   /* Link references of the lists there are; protected by @lock */

static GType malt_running_workers_get_type (void);
static void malt_running_workers_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltRunningWorkers, malt_running_workers, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      malt_running_workers_list_model_init))

static Entry *
entry_new (MaltAbstractWorker *worker,
           MaltAbstractWorker *shown)
{
  Entry *self = g_atomic_rc_box_new0 (Entry);

  self->worker = worker;
  self->shown = shown;
  g_weak_ref_init (&self->weak, shown);

  return self;
}

static void
entry_clear (gpointer data)
{
  Entry *self = data;

  g_weak_ref_clear (&self->weak);
}

static void
entry_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, entry_clear);
}

static Link *
link_new (MaltRunningWorkers *list)
{
  Link *self = g_atomic_rc_box_new0 (Link);

  g_weak_ref_init (&self->list, list);
  self->context = g_main_context_ref_thread_default ();

  return self;
}

static void
link_clear (gpointer data)
{
  Link *self = data;

  g_weak_ref_clear (&self->list);
  g_clear_pointer (&self->context, g_main_context_unref);
}

static void
link_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, link_clear);
}

static void
ensure_tables_locked (void)
{
  if (running != NULL)
    return;

  running = g_ptr_array_new_with_free_func (entry_unref);
  links = g_ptr_array_new_with_free_func (link_unref);
}

static GPtrArray *
dup_running (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  GPtrArray *copy = g_ptr_array_new_with_free_func (entry_unref);

  for (guint i = 0; i < running->len; i++)
    g_ptr_array_add (copy, g_atomic_rc_box_acquire (g_ptr_array_index (running, i)));

  return copy;
}

/* Makes one change that brings the list nearer to the truth and tells about it. Workers are only
 * ever added at the end, so the first difference is one that has gone, or everything from there on
 * is new. */
static gboolean
list_step (MaltRunningWorkers *self)
{
  g_autoptr (GPtrArray) truth = dup_running ();
  guint n_same = 0;
  guint n_new;

  while (n_same < self->entries->len && n_same < truth->len
         && g_ptr_array_index (self->entries, n_same) == g_ptr_array_index (truth, n_same))
    n_same++;

  if (n_same < self->entries->len)
    {
      g_ptr_array_remove_index (self->entries, n_same);
      g_list_model_items_changed (G_LIST_MODEL (self), n_same, 1, 0);
      return TRUE;
    }

  n_new = truth->len - n_same;
  if (n_new == 0)
    return FALSE;

  for (guint i = n_same; i < truth->len; i++)
    g_ptr_array_add (self->entries, g_atomic_rc_box_acquire (g_ptr_array_index (truth, i)));
  g_list_model_items_changed (G_LIST_MODEL (self), n_same, 0, n_new);

  return TRUE;
}

/* Runs in the list's context. */
static gboolean
refresh (gpointer user_data)
{
  Link *list_link = user_data;
  g_autoptr (GObject) list = NULL;

  g_mutex_lock (&lock);
  list_link->is_queued = FALSE;
  g_mutex_unlock (&lock);

  list = g_weak_ref_get (&list_link->list);
  while (list != NULL && list_step ((MaltRunningWorkers *) list))
    {
    }

  return G_SOURCE_REMOVE;
}

static void
link_queue_refresh (Link *self)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "malt running workers");
  g_source_set_callback (source, refresh, g_atomic_rc_box_acquire (self), link_unref);
  g_source_attach (source, self->context);
}

/* Tells every list, without the lock. A list whose context this thread is running is told at
 * once, so that a program of one thread never sees a worker that it has let go of. */
static void
tell_lists (void)
{
  g_autoptr (GPtrArray) to_tell = g_ptr_array_new_with_free_func (link_unref);

  g_mutex_lock (&lock);
  for (guint i = 0; i < links->len; i++)
    {
      Link *list_link = g_ptr_array_index (links, i);

      if (!list_link->is_queued || g_main_context_is_owner (list_link->context))
        g_ptr_array_add (to_tell, g_atomic_rc_box_acquire (list_link));
      list_link->is_queued = TRUE;
    }
  g_mutex_unlock (&lock);

  for (guint i = 0; i < to_tell->len; i++)
    {
      Link *list_link = g_ptr_array_index (to_tell, i);

      if (g_main_context_is_owner (list_link->context))
        refresh (list_link);
      else
        link_queue_refresh (list_link);
    }
}

static GType
malt_running_workers_get_item_type (GListModel *model)
{
  return MALT_TYPE_ABSTRACT_WORKER;
}

static guint
malt_running_workers_get_n_items (GListModel *model)
{
  return ((MaltRunningWorkers *) model)->entries->len;
}

static gpointer
malt_running_workers_get_item (GListModel *model,
                               guint       position)
{
  MaltRunningWorkers *self = (MaltRunningWorkers *) model;

  if (position >= self->entries->len)
    return NULL;

  return g_weak_ref_get (&((Entry *) g_ptr_array_index (self->entries, position))->weak);
}

static void
malt_running_workers_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = malt_running_workers_get_item_type;
  iface->get_n_items = malt_running_workers_get_n_items;
  iface->get_item = malt_running_workers_get_item;
}

static void
malt_running_workers_dispose (GObject *object)
{
  MaltRunningWorkers *self = (MaltRunningWorkers *) object;

  g_mutex_lock (&lock);
  g_ptr_array_remove (links, self->link);
  g_mutex_unlock (&lock);

  G_OBJECT_CLASS (malt_running_workers_parent_class)->dispose (object);
}

static void
malt_running_workers_finalize (GObject *object)
{
  MaltRunningWorkers *self = (MaltRunningWorkers *) object;

  g_clear_pointer (&self->link, link_unref);
  g_clear_pointer (&self->entries, g_ptr_array_unref);

  G_OBJECT_CLASS (malt_running_workers_parent_class)->finalize (object);
}

static void
malt_running_workers_class_init (MaltRunningWorkersClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = malt_running_workers_dispose;
  object_class->finalize = malt_running_workers_finalize;
}

static void
malt_running_workers_init (MaltRunningWorkers *self)
{
  self->entries = g_ptr_array_new_with_free_func (entry_unref);
  self->link = link_new (self);
}

/* `worker` is only compared. */
static void
remove_worker (gpointer worker)
{
  gboolean was_listed = FALSE;

  g_mutex_lock (&lock);
  ensure_tables_locked ();
  for (guint i = 0; i < running->len && !was_listed; i++)
    {
      was_listed = ((Entry *) g_ptr_array_index (running, i))->worker == worker;
      if (was_listed)
        g_ptr_array_remove_index (running, i);
    }
  g_mutex_unlock (&lock);

  if (was_listed)
    tell_lists ();
}

static void
on_disposed (gpointer  data,
             GObject  *where_the_worker_was)
{
  remove_worker (where_the_worker_was);
}

/**
 * malt_running_workers_add:
 * @worker: a worker that has started
 *
 * Lists a worker as running. A second time does nothing. No reference is held: one
 * that is let go of is not listed any more. Any thread, without locks that a
 * handler of “items-changed” might want.
 *
 * Since: 0.1
 */
void
malt_running_workers_add (MaltAbstractWorker *worker)
{
  gboolean is_new = TRUE;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (worker));

  g_mutex_lock (&lock);
  ensure_tables_locked ();
  for (guint i = 0; i < running->len && is_new; i++)
    is_new = ((Entry *) g_ptr_array_index (running, i))->worker != worker;
  if (is_new)
    g_ptr_array_add (running, entry_new (worker, worker));
  g_mutex_unlock (&lock);

  if (!is_new)
    return;

  g_object_weak_ref (G_OBJECT (worker), on_disposed, NULL);
  tell_lists ();
}

/**
 * malt_running_workers_remove:
 * @worker: a worker that has ended
 *
 * Lists a worker as running no more. A second time does nothing. Any thread,
 * without locks that a handler of “items-changed” might want.
 *
 * Since: 0.1
 */
void
malt_running_workers_remove (MaltAbstractWorker *worker)
{
  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (worker));

  remove_worker (worker);
}

/**
 * malt_running_workers_show_as:
 * @worker: a worker that has started
 * @outer: a worker around it, whose calls it runs
 *
 * Lists @outer in the place of a running worker, as long as that is listed: who
 * added @worker removes it. One that has been removed already is not listed again.
 * No references are held. Any thread, without locks that a handler of
 * “items-changed” might want.
 *
 * Since: 0.1
 */
void
malt_running_workers_show_as (MaltAbstractWorker *worker,
                              MaltAbstractWorker *outer)
{
  gboolean is_listed = FALSE;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (worker));
  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (outer));

  g_mutex_lock (&lock);
  ensure_tables_locked ();
  for (guint i = 0; i < running->len && !is_listed; i++)
    {
      Entry *entry = g_ptr_array_index (running, i);

      is_listed = entry->shown == worker;
      if (is_listed)
        {
          g_ptr_array_add (running, entry_new (entry->worker, outer));
          g_ptr_array_remove_index (running, i);
        }
    }
  g_mutex_unlock (&lock);

  if (is_listed)
    tell_lists ();
}

/**
 * malt_list_running_workers:
 *
 * Lists the workers of this process that are running, oldest first.
 *
 * What the list says is right when it is returned. It is kept up to date by
 * “items-changed” in the thread-default main context of the caller, which is the
 * only one where it may be used. Once [method@Malt.AbstractWorker.stop] has
 * returned, a new list is without that worker.
 *
 * The list keeps no worker alive. When the last reference to one is dropped in
 * another thread, its item is %NULL until the list has been told.
 *
 * Returns: (transfer full): a new list of [iface@Malt.AbstractWorker]
 *
 * Since: 0.1
 */
GListModel *
malt_list_running_workers (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  MaltRunningWorkers *self;

  ensure_tables_locked ();
  self = g_object_new (malt_running_workers_get_type (), NULL);
  for (guint i = 0; i < running->len; i++)
    g_ptr_array_add (self->entries, g_atomic_rc_box_acquire (g_ptr_array_index (running, i)));
  g_ptr_array_add (links, g_atomic_rc_box_acquire (self->link));

  return G_LIST_MODEL (self);
}

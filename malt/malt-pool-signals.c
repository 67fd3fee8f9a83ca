/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

#include "malt/malt-delivery-private.h"

/* All that is told in the context of the pool, as long as the pool is there. What is on its way
 * holds the core, which holds the context, which holds what is on its way: where nobody iterates
 * the context any more, that would be for ever, so the end of the pool takes it back. */

/* Bytes of lines on their way to the context of the pool, for one that does not come round; beyond
 * it lines are dropped. As of one worker. */
#define OUTPUT_MAX_BYTES (4 << 20)

/* What an empty line counts as, in bytes. */
#define OUTPUT_LINE_OVERHEAD_BYTES 64

/* Milliseconds between two looks at what the items of the list show: what people can follow. */
#define NOTIFY_INTERVAL_MSEC 100

/* Something that the pool, or a member, has told. */
typedef struct
{
  MaltDelivery    delivery;
  GList           link;     /* in the core's list */
  MaltPoolCore   *core;     /* owned */
  MaltPoolMember *member;   /* owned (nullable): of the pool itself */
  guint           fd;
  GBytes         *line;     /* owned (nullable) */
  MaltExitReport *report;   /* owned (nullable): of an exit */
} Told;

static int
get_line_size (GBytes *line)
{
  return (int) MIN (g_bytes_get_size (line), OUTPUT_MAX_BYTES) + OUTPUT_LINE_OVERHEAD_BYTES;
}

static void
told_free (Told *self)
{
  if (self->line != NULL)
    g_atomic_int_add (&self->core->n_output_bytes, -get_line_size (self->line));
  g_clear_pointer (&self->line, g_bytes_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  g_clear_pointer (&self->member, malt_pool_member_unref);
  malt_pool_core_unref (self->core);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Told, told_free)

static void
emit (Told    *self,
      gpointer instance)
{
  if (self->line != NULL)
    g_signal_emit_by_name (instance, "output", self->fd, self->line);
  else
    g_signal_emit_by_name (instance, "exited", self->report);
}

/* Runs in the context of the pool. */
static void
on_delivered (MaltDelivery *delivery)
{
  g_autoptr (Told) told = (Told *) delivery;
  g_autoptr (MaltPool) pool = g_weak_ref_get (&told->core->pool);
  g_autoptr (MaltPoolWorker) item =
    told->member != NULL ? g_weak_ref_get (&told->member->item) : NULL;

  g_mutex_lock (&told->core->lock);
  g_queue_unlink (&told->core->told, &told->link);
  g_mutex_unlock (&told->core->lock);

  if (item != NULL)
    emit (told, item);
  /* What all members print is what the pool prints; their ends are not its own. */
  if (pool != NULL && (told->member == NULL || told->line != NULL))
    emit (told, pool);
}

/* `member` NULL: the pool itself. */
static void
tell_locked (MaltPoolCore   *self,
             MaltPoolMember *member,
             guint           fd,
             GBytes         *line,
             MaltExitReport *report)
{
  Told *told = g_new0 (Told, 1);

  told->delivery.func = on_delivered;
  told->link.data = told;
  told->core = malt_pool_core_ref (self);
  told->member = member != NULL ? malt_pool_member_ref (member) : NULL;
  told->fd = fd;
  told->line = line != NULL ? g_bytes_ref (line) : NULL;
  told->report = report != NULL ? malt_exit_report_ref (report) : NULL;
  g_queue_push_tail_link (&self->told, &told->link);
  malt_delivery_send (&told->delivery, self->context);
}

void
malt_pool_core_tell_exited (MaltPoolCore   *self,
                            MaltExitReport *report)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!self->is_abandoned)
    tell_locked (self, NULL, 0, NULL, report);
}

/* Where nobody looks, the context may never come round, and what waits there would add up. */
void
malt_pool_member_tell_exited (MaltPoolCore   *core,
                              MaltPoolMember *self)
{
  MaltExitReport *report = malt_abstract_worker_get_exit_report (self->worker);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  if (report != NULL && core->is_watched && !core->is_abandoned)
    tell_locked (core, self, 0, NULL, report);
}

/* The pool is asked without a reference, and an item not at all: the last one, and the closures
 * that would go with it, belong to their context. */
static gboolean
has_listener_locked (MaltPoolCore *self)
{
  if (self->is_abandoned)
    return FALSE;

  return self->is_watched
         || g_signal_has_handler_pending (self->owner,
                                          g_signal_lookup ("output", MALT_TYPE_ABSTRACT_WORKER), 0,
                                          FALSE);
}

static void
tell_line (MaltPoolCore   *self,
           MaltPoolMember *member,
           guint           fd,
           GBytes         *line)
{
  const int size = get_line_size (line);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (!has_listener_locked (self)
      || g_atomic_int_get (&self->n_output_bytes) > OUTPUT_MAX_BYTES)
    return;

  g_atomic_int_add (&self->n_output_bytes, size);
  tell_locked (self, member, fd, line, NULL);
}

/* Runs in the context of the pool. */
static void
on_refresh (MaltDelivery *delivery)
{
  g_autoptr (MaltPoolCore) self =
    (MaltPoolCore *) (gpointer) ((char *) delivery - G_STRUCT_OFFSET (MaltPoolCore, refresh));
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->pool);

  g_mutex_lock (&self->lock);
  self->is_refresh_queued = FALSE;
  g_mutex_unlock (&self->lock);
  if (pool != NULL)
    malt_pool_refresh_list (pool);
}

void
malt_pool_core_changed_locked (MaltPoolCore *self)
{
  if (self->is_refresh_queued || self->is_abandoned)
    return;

  self->is_refresh_queued = TRUE;
  self->refresh.func = on_refresh;
  malt_delivery_send (&malt_pool_core_ref (self)->refresh, self->context);
}

/* Runs in the context of the pool. */
static gboolean
on_notify (gpointer user_data)
{
  MaltPoolCore *self = user_data;
  g_autoptr (MaltPool) pool = g_weak_ref_get (&self->pool);

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->notify_source, g_source_unref);
  g_mutex_unlock (&self->lock);
  if (pool != NULL)
    malt_pool_refresh_items (pool);

  return G_SOURCE_REMOVE;
}

void
malt_pool_core_notify_later_locked (MaltPoolCore *self)
{
  if (!self->is_watched || self->is_abandoned || self->notify_source != NULL)
    return;

  self->notify_source = g_timeout_source_new (NOTIFY_INTERVAL_MSEC);
  g_source_set_static_name (self->notify_source, "malt pool items");
  g_source_set_callback (self->notify_source, on_notify, malt_pool_core_ref (self),
                         (GDestroyNotify) malt_pool_core_unref);
  g_source_attach (self->notify_source, self->context);
}

static gboolean
take_back_refresh_locked (MaltPoolCore *self)
{
  if (!self->is_refresh_queued || !malt_delivery_cancel (&self->refresh, self->context))
    return FALSE;

  self->is_refresh_queued = FALSE;
  return TRUE;
}

/* (transfer full): what is not being delivered at the moment. */
static GQueue
take_back_told_locked (MaltPoolCore *self)
{
  GQueue taken = G_QUEUE_INIT;

  for (GList *link = self->told.head, *next; link != NULL; link = next)
    {
      Told *told = link->data;

      next = link->next;
      if (malt_delivery_cancel (&told->delivery, self->context))
        {
          g_queue_unlink (&self->told, link);
          g_queue_push_tail_link (&taken, link);
        }
    }

  return taken;
}

void
malt_pool_core_tell_nobody (MaltPoolCore *self)
{
  g_autoptr (GSource) notify_source = NULL;
  gboolean had_refresh;
  GQueue told;

  g_mutex_lock (&self->lock);
  notify_source = g_steal_pointer (&self->notify_source);
  had_refresh = take_back_refresh_locked (self);
  told = take_back_told_locked (self);
  g_mutex_unlock (&self->lock);

  if (notify_source != NULL)
    g_source_destroy (notify_source);
  if (had_refresh)
    malt_pool_core_unref (self);
  while (told.head != NULL)
    told_free (g_queue_pop_head_link (&told)->data);
}

/* What the worker is connected with. */
typedef struct
{
  MaltPoolCore   *core;   /* owned */
  MaltPoolMember *member; /* owned */
} Watch;

static Watch *
watch_new (MaltPoolCore   *core,
           MaltPoolMember *member)
{
  Watch *self = g_new (Watch, 1);

  self->core = malt_pool_core_ref (core);
  self->member = malt_pool_member_ref (member);

  return self;
}

static void
watch_free (gpointer  data,
            GClosure *closure)
{
  Watch *self = data;

  malt_pool_member_unref (self->member);
  malt_pool_core_unref (self->core);
  g_free (self);
}

static void
on_output (MaltAbstractWorker *worker,
           guint               fd,
           GBytes             *line,
           gpointer            user_data)
{
  Watch *watch = user_data;

  tell_line (watch->core, watch->member, fd, line);
}

static void
on_exited (MaltAbstractWorker *worker,
           MaltExitReport     *report,
           gpointer            user_data)
{
  Watch *watch = user_data;

  malt_pool_member_ended (watch->core, watch->member);
}

void
malt_pool_member_watch (MaltPoolCore       *core,
                        MaltPoolMember     *self,
                        MaltAbstractWorker *worker)
{
  g_signal_connect_data (worker, "output", G_CALLBACK (on_output), watch_new (core, self),
                         watch_free, 0);
  g_signal_connect_data (worker, "exited", G_CALLBACK (on_exited), watch_new (core, self),
                         watch_free, 0);
}

void
malt_pool_member_unwatch (MaltPoolMember *self)
{
  g_signal_handlers_disconnect_matched (self->worker, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) on_output, NULL);
  g_signal_handlers_disconnect_matched (self->worker, G_SIGNAL_MATCH_FUNC, 0, 0, NULL,
                                        (gpointer) on_exited, NULL);
}

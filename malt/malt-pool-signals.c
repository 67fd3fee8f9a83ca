/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-pool-private.h"

/* What a worker tells in the pool thread is told again in the context of the pool: by the item of
 * the list, and lines by the pool, too. */

/* Bytes of lines on their way to the context of the pool, for one that does not come round; beyond
 * it lines are dropped. As of one worker. */
#define OUTPUT_MAX_BYTES (4 << 20)

/* What an empty line counts as, in bytes. */
#define OUTPUT_LINE_OVERHEAD_BYTES 64

/* Something that a member has told. */
typedef struct
{
  MaltDelivery    delivery;
  MaltPoolCore   *core;     /* owned */
  MaltPoolMember *member;   /* owned */
  guint           fd;
  GBytes         *line;     /* owned (nullable) */
  MaltExitReport *report;   /* owned (nullable) */
} Told;

static Told *
told_new (MaltPoolCore    *core,
          MaltPoolMember  *member,
          void            (*func) (MaltDelivery *))
{
  Told *self = g_new0 (Told, 1);

  self->delivery.func = func;
  self->core = malt_pool_core_ref (core);
  self->member = malt_pool_member_ref (member);

  return self;
}

static void
told_free (Told *self)
{
  g_clear_pointer (&self->line, g_bytes_unref);
  g_clear_pointer (&self->report, malt_exit_report_unref);
  malt_pool_member_unref (self->member);
  malt_pool_core_unref (self->core);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Told, told_free)

static int
get_line_size (GBytes *line)
{
  return (int) MIN (g_bytes_get_size (line), OUTPUT_MAX_BYTES) + OUTPUT_LINE_OVERHEAD_BYTES;
}

/* Runs in the context of the pool. */
static void
on_line_delivered (MaltDelivery *delivery)
{
  g_autoptr (Told) told = (Told *) delivery;
  g_autoptr (MaltPoolWorker) item = g_weak_ref_get (&told->member->item);
  g_autoptr (MaltPool) pool = g_weak_ref_get (&told->core->pool);

  g_atomic_int_add (&told->core->n_output_bytes, -get_line_size (told->line));
  if (item != NULL)
    g_signal_emit_by_name (item, "output", told->fd, told->line);
  if (pool != NULL)
    g_signal_emit_by_name (pool, "output", told->fd, told->line);
}

/* Runs in the context of the pool. */
static void
on_exit_delivered (MaltDelivery *delivery)
{
  g_autoptr (Told) told = (Told *) delivery;
  g_autoptr (MaltPoolWorker) item = g_weak_ref_get (&told->member->item);

  if (item != NULL)
    g_signal_emit_by_name (item, "exited", told->report);
}

/* The pool is asked without a reference, and an item not at all: the last one, and the closures that
 * would go with it, belong to their context. */
static gboolean
has_listener (MaltPoolCore *core)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->lock);

  return core->is_watched
         || (!core->is_abandoned
             && g_signal_has_handler_pending (core->owner,
                                              g_signal_lookup ("output", MALT_TYPE_ABSTRACT_WORKER),
                                              0, FALSE));
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
  MaltPoolCore *core = watch->core;
  const int size = get_line_size (line);
  Told *told;

  if (!has_listener (core))
    return;

  if (g_atomic_int_add (&core->n_output_bytes, size) > OUTPUT_MAX_BYTES)
    {
      g_atomic_int_add (&core->n_output_bytes, -size);
      return;
    }

  told = told_new (core, watch->member, on_line_delivered);
  told->fd = fd;
  told->line = g_bytes_ref (line);
  malt_delivery_send (&told->delivery, core->context);
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

void
malt_pool_member_tell_exited (MaltPoolCore   *core,
                              MaltPoolMember *self)
{
  MaltExitReport *report = malt_abstract_worker_get_exit_report (self->worker);
  gboolean is_watched;
  Told *told;

  /* Where nobody looks, the context may never come round, and what waits there would add up. */
  g_mutex_lock (&core->lock);
  is_watched = core->is_watched;
  g_mutex_unlock (&core->lock);
  if (!is_watched || report == NULL)
    return;

  told = told_new (core, self, on_exit_delivered);
  told->report = malt_exit_report_ref (report);
  malt_delivery_send (&told->delivery, core->context);
}

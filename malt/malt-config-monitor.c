/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-monitor-private.h"

#include <stdlib.h>

/* A file is written in several steps, and some editors take it away for a moment: it is looked at
 * when nothing has happened for so long, in milliseconds. A person does not notice it. */
#define QUIET_MSEC 100

/* It is looked at all the same when it has not been quiet for so long, in milliseconds. */
#define PATIENCE_MSEC 1000

/* Reference counted: a signal of a GFileMonitor may be under way in one thread while another one
 * frees the monitor. */
struct _MaltConfigMonitor
{
  gatomicrefcount  ref_count;
  GMainContext    *context;  /* immutable */
  GPtrArray       *files;    /* of GFile, owned; immutable */
  GWeakRef         object;
  void           (*changed) (GObject *object); /* immutable */

  /* Protected by @lock. */
  GMutex           lock;
  GPtrArray       *monitors; /* of GFileMonitor, owned: of the files … */
  GPtrArray       *targets;  /* … and of what those that are links lead to */
  GSource         *timer;    /* owned, NULL while all is quiet */
  gint64           since;    /* of the first event that has not been looked at; 0: there is none */
  gboolean         is_freed;
};

static MaltConfigMonitor *
monitor_ref (MaltConfigMonitor *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

static void
monitor_unref (gpointer data)
{
  MaltConfigMonitor *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_pointer (&self->monitors, g_ptr_array_unref);
  g_clear_pointer (&self->targets, g_ptr_array_unref);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_weak_ref_clear (&self->object);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
clear_timer_locked (MaltConfigMonitor *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void on_quiet_locked (MaltConfigMonitor *self);

/* Runs in the context of the monitor. */
static gboolean
on_quiet (gpointer user_data)
{
  MaltConfigMonitor *self = user_data;
  g_autoptr (GObject) object = g_weak_ref_get (&self->object);

  g_mutex_lock (&self->lock);
  on_quiet_locked (self);
  g_mutex_unlock (&self->lock);

  if (object != NULL)
    self->changed (object);

  return G_SOURCE_REMOVE;
}

static void
on_event (GFileMonitor      *monitor,
          GFile             *file,
          GFile             *other,
          GFileMonitorEvent  event,
          gpointer           user_data)
{
  MaltConfigMonitor *self = user_data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 now = g_get_monotonic_time ();
  gint64 patience_ms;

  clear_timer_locked (self);
  if (self->is_freed)
    return;

  if (self->since == 0)
    self->since = now;
  patience_ms = PATIENCE_MSEC - (now - self->since) / 1000;
  self->timer = g_timeout_source_new ((guint) CLAMP (patience_ms, 0, QUIET_MSEC));
  g_source_set_callback (self->timer, on_quiet, monitor_ref (self), monitor_unref);
  g_source_attach (self->timer, self->context);
}

static void
release_closure (gpointer  data,
                 GClosure *closure)
{
  monitor_unref (data);
}

static void
watch_locked (MaltConfigMonitor *self,
              GFile             *file,
              GPtrArray         *monitors)
{
  GFileMonitor *monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);

  if (monitor == NULL)
    return;

  g_file_monitor_set_rate_limit (monitor, QUIET_MSEC);
  g_signal_connect_data (monitor, "changed", G_CALLBACK (on_event), monitor_ref (self),
                         release_closure, 0);
  g_ptr_array_add (monitors, monitor);
}

static void
forget_locked (MaltConfigMonitor *self,
               GPtrArray         *monitors)
{
  for (guint i = 0; i < monitors->len; i++)
    {
      g_file_monitor_cancel (monitors->pdata[i]);
      g_signal_handlers_disconnect_by_data (monitors->pdata[i], self);
    }
  g_ptr_array_set_size (monitors, 0);
}

/* A link does not change when the file it leads to does. */
static void
watch_target_locked (MaltConfigMonitor *self,
                     GFile             *file)
{
  const char *path = g_file_peek_path (file);
  char *target = path != NULL ? realpath (path, NULL) : NULL;

  if (target != NULL && !g_str_equal (target, path))
    {
      g_autoptr (GFile) target_file = g_file_new_for_path (target);

      watch_locked (self, target_file, self->targets);
    }
  free (target);
}

/* What the links lead to may be another file now. It is watched before it is read: no change of it
 * is missed. */
static void
on_quiet_locked (MaltConfigMonitor *self)
{
  self->since = 0;
  if (self->is_freed)
    return;

  forget_locked (self, self->targets);
  g_main_context_push_thread_default (self->context);
  for (guint i = 0; i < self->files->len; i++)
    watch_target_locked (self, self->files->pdata[i]);
  g_main_context_pop_thread_default (self->context);
}

MaltConfigMonitor *
malt_config_monitor_new (GPtrArray  *files,
                         GObject    *object,
                         void      (*changed) (GObject *object))
{
  MaltConfigMonitor *self = g_new0 (MaltConfigMonitor, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref_thread_default ();
  self->files = g_ptr_array_ref (files);
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  self->targets = g_ptr_array_new_with_free_func (g_object_unref);
  g_weak_ref_init (&self->object, object);
  self->changed = changed;
  g_mutex_init (&self->lock);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < files->len; i++)
    {
      watch_locked (self, files->pdata[i], self->monitors);
      watch_target_locked (self, files->pdata[i]);
    }
  g_mutex_unlock (&self->lock);

  return self;
}

void
malt_config_monitor_free (MaltConfigMonitor *self)
{
  g_mutex_lock (&self->lock);
  self->is_freed = TRUE;
  clear_timer_locked (self);
  forget_locked (self, self->monitors);
  forget_locked (self, self->targets);
  g_mutex_unlock (&self->lock);

  monitor_unref (self);
}

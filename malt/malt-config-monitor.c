/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-monitor-private.h"

#include <stdlib.h>

/* A file is written in several steps, and some editors take it away for a moment: it is looked at
 * when nothing has happened for so long, in milliseconds. A person does not notice it. */
#define QUIET_MSEC 100

/* Reference counted: a signal of a GFileMonitor may be under way in one thread while another one
 * frees the monitor. */
struct _MaltConfigMonitor
{
  gatomicrefcount  ref_count;
  GMainContext    *context;  /* immutable */
  GPtrArray       *monitors; /* of GFileMonitor, owned; immutable until it is freed */
  GWeakRef         object;
  void           (*changed) (GObject *object); /* immutable */
  GMutex           lock;
  GSource         *timer;    /* owned, NULL while all is quiet; protected by @lock */
  gboolean         is_freed; /* protected by @lock */
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

static gboolean
on_quiet (gpointer user_data)
{
  MaltConfigMonitor *self = user_data;
  g_autoptr (GObject) object = g_weak_ref_get (&self->object);

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

  clear_timer_locked (self);
  if (self->is_freed)
    return;

  self->timer = g_timeout_source_new (QUIET_MSEC);
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
watch (MaltConfigMonitor *self,
       GFile             *file)
{
  GFileMonitor *monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);

  if (monitor == NULL)
    return;

  g_file_monitor_set_rate_limit (monitor, QUIET_MSEC);
  g_signal_connect_data (monitor, "changed", G_CALLBACK (on_event), monitor_ref (self),
                         release_closure, 0);
  g_ptr_array_add (self->monitors, monitor);
}

/* A link does not change when the file it leads to does. */
static void
watch_target (MaltConfigMonitor *self,
              GFile             *file)
{
  const char *path = g_file_peek_path (file);
  char *target = path != NULL ? realpath (path, NULL) : NULL;

  if (target != NULL && !g_str_equal (target, path))
    {
      g_autoptr (GFile) target_file = g_file_new_for_path (target);

      watch (self, target_file);
    }
  free (target);
}

MaltConfigMonitor *
malt_config_monitor_new (GPtrArray  *files,
                         GObject    *object,
                         void      (*changed) (GObject *object))
{
  MaltConfigMonitor *self = g_new0 (MaltConfigMonitor, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref_thread_default ();
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  g_weak_ref_init (&self->object, object);
  self->changed = changed;
  g_mutex_init (&self->lock);

  for (guint i = 0; i < files->len; i++)
    {
      watch (self, files->pdata[i]);
      watch_target (self, files->pdata[i]);
    }

  return self;
}

void
malt_config_monitor_free (MaltConfigMonitor *self)
{
  g_mutex_lock (&self->lock);
  self->is_freed = TRUE;
  clear_timer_locked (self);
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < self->monitors->len; i++)
    {
      g_file_monitor_cancel (self->monitors->pdata[i]);
      g_signal_handlers_disconnect_by_data (self->monitors->pdata[i], self);
    }

  monitor_unref (self);
}

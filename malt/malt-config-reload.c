/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-private.h"

#include "malt/malt-config-locate-private.h"

/**
 * malt_config_get_monitor:
 * @self: a configuration
 *
 * Gets whether changes of the file are noticed.
 *
 * Returns: %FALSE at first
 *
 * Since: 0.1
 */
gboolean
malt_config_get_monitor (MaltConfig *self)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (MALT_IS_CONFIG (self), FALSE);

  locker = g_mutex_locker_new (&self->lock);

  return self->monitor != NULL;
}

/* Runs in the context of the monitor. */
static void
on_file_changed (GObject *object)
{
  malt_config_reload (MALT_CONFIG (object), NULL, NULL);
}

/* Every place where the default configuration may come to be counts. */
static MaltConfigMonitor *
new_monitor (MaltConfig *self)
{
  g_autoptr (GFile) file = malt_config_dup_file (self);
  g_autoptr (GPtrArray) files = NULL;

  if (self->is_default)
    files = malt_config_locate_candidates ();
  else
    files = g_ptr_array_new_with_free_func (g_object_unref);
  if (!self->is_default && file != NULL)
    g_ptr_array_add (files, g_object_ref (file));

  return malt_config_monitor_new (files, G_OBJECT (self), on_file_changed);
}

/**
 * malt_config_set_monitor:
 * @self: a configuration
 * @monitor: whether changes of the file are noticed
 *
 * Lets changes of the file apply to workers that are created later, without
 * [method@Malt.Config.reload]; those that are running stay as they are.
 *
 * They are noticed while the thread-default main context of this call is
 * iterated, and [signal@Malt.Config::changed] is emitted in it. A change that
 * cannot be used changes nothing: see [property@Malt.Config:error]. For the
 * default configuration, a file that comes to be, or goes away, counts, too.
 *
 * Since: 0.1
 */
void
malt_config_set_monitor (MaltConfig *self,
                         gboolean    monitor)
{
  MaltConfigMonitor *created;
  MaltConfigMonitor *surplus;
  gboolean is_change;

  g_return_if_fail (MALT_IS_CONFIG (self));

  created = monitor ? new_monitor (self) : NULL;

  g_mutex_lock (&self->lock);
  is_change = (self->monitor != NULL) != (created != NULL);
  surplus = is_change ? self->monitor : created;
  if (is_change)
    self->monitor = created;
  g_mutex_unlock (&self->lock);

  g_clear_pointer (&surplus, malt_config_monitor_free);
  if (is_change)
    g_object_notify (G_OBJECT (self), "monitor");
}

static gboolean
is_same_file (GFile *a,
              GFile *b)
{
  return a == b || (a != NULL && b != NULL && g_file_equal (a, b));
}

/* What has been read of the file. */
typedef struct
{
  guint64         number;  /* of the reading */
  GFile          *file;    /* owned; NULL: there is none */
  MaltConfigFile *content; /* owned; NULL with an error */
  GError         *error;   /* owned */
} Reading;

static void
reading_clear (Reading *self)
{
  g_clear_object (&self->file);
  g_clear_pointer (&self->content, malt_config_file_unref);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

static guint64
begin_reading (MaltConfig *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return ++self->n_reads;
}

/* Puts what was there in place of what has been read. FALSE: there is what was read later. */
static gboolean
swap_content_locked (MaltConfig *self,
                     Reading    *reading)
{
  MaltConfigFile *content = self->content;
  GError *error = self->error;
  GFile *file = self->file;

  if (reading->number < self->taken)
    return FALSE;

  self->taken = reading->number;
  self->error = reading->error;
  reading->error = error;
  self->file = reading->file;
  reading->file = file;
  if (reading->content != NULL)
    {
      self->content = reading->content;
      reading->content = content;
    }

  return TRUE;
}

static void
take_reading (MaltConfig *self,
              Reading    *reading)
{
  gboolean is_same_place;
  gboolean is_good;
  gboolean is_latest;

  g_mutex_lock (&self->lock);
  is_same_place = is_same_file (self->file, reading->file);
  is_good = self->error == NULL && reading->error == NULL;
  is_latest = swap_content_locked (self, reading);
  g_mutex_unlock (&self->lock);

  if (!is_latest)
    return;
  if (!is_good)
    g_object_notify (G_OBJECT (self), "error");
  if (!is_same_place)
    g_object_notify (G_OBJECT (self), "file");
  g_signal_emit_by_name (self, "changed");
}

/**
 * malt_config_reload:
 * @self: a configuration
 * @cancellable: (nullable): ends the reading
 * @error: return location for an error
 *
 * Reads the file anew, for workers that are created later. When it fails, what
 * it said before still holds; so does what somebody else has read meanwhile.
 *
 * Errors: %MALT_ERROR_INVALID_CONFIG, for the first mistake of the file, or if it
 * cannot be read; %G_IO_ERROR_NOT_SUPPORTED if it came from no file;
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: whether it says what the file says
 *
 * Since: 0.1
 */
gboolean
malt_config_reload (MaltConfig    *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_auto (Reading) reading = { 0 };
  gboolean is_good;

  g_return_val_if_fail (MALT_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  reading.number = begin_reading (self);
  reading.file = self->is_default ? malt_config_locate () : malt_config_dup_file (self);
  if (reading.file == NULL && !self->is_default)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "The configuration came from no file");
      return FALSE;
    }

  reading.content = malt_config_read_content (reading.file, cancellable, &reading.error);
  if (g_error_matches (reading.error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&reading.error));
      return FALSE;
    }

  is_good = reading.error == NULL;
  if (!is_good)
    g_propagate_error (error, g_error_copy (reading.error));
  take_reading (self, &reading);

  return is_good;
}

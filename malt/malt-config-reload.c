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

/* Takes all three; `content` is NULL when there is an `error`. */
static void
replace_content (MaltConfig     *self,
                 GFile          *file,
                 MaltConfigFile *content,
                 GError         *error)
{
  g_autoptr (MaltConfigFile) old_content = NULL;
  g_autoptr (GFile) old_file = NULL;
  g_autoptr (GError) old_error = NULL;
  gboolean is_same_place = FALSE;
  gboolean is_good;

  g_mutex_lock (&self->lock);
  is_same_place = is_same_file (self->file, file);
  is_good = self->error == NULL && error == NULL;
  old_error = g_steal_pointer (&self->error);
  old_file = g_steal_pointer (&self->file);
  self->error = error;
  self->file = file;
  if (content != NULL)
    {
      old_content = g_steal_pointer (&self->content);
      self->content = content;
    }
  g_mutex_unlock (&self->lock);

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
 * it said before still holds.
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
  g_autoptr (GFile) file = NULL;
  g_autoptr (GError) read_error = NULL;
  MaltConfigFile *content;

  g_return_val_if_fail (MALT_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  file = self->is_default ? malt_config_locate () : malt_config_dup_file (self);
  if (file == NULL && !self->is_default)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "The configuration came from no file");
      return FALSE;
    }

  content = malt_config_read_content (file, cancellable, &read_error);
  if (g_error_matches (read_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }

  if (read_error != NULL)
    g_propagate_error (error, g_error_copy (read_error));
  replace_content (self, g_steal_pointer (&file), content, g_steal_pointer (&read_error));

  return content != NULL;
}

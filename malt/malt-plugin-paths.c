/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-paths.h"

#include "malt/malt-backend.h"

#include <stdlib.h>

/* Folders of malt_add_plugin_path(), in its order. Protected by @added_lock. */
static GPtrArray *added;
static GMutex added_lock;

/**
 * malt_add_plugin_path:
 * @directory: (type filename): a folder; one that does not exist is no error
 *
 * Adds a folder in which plugins are looked for, after those added before and in
 * front of `$MALT_PLUGIN_PATH` and the installed folder.
 *
 * What has been loaded already stays. Any thread.
 *
 * Since: 0.1
 */
void
malt_add_plugin_path (const char *directory)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_if_fail (directory != NULL && *directory != '\0');

  locker = g_mutex_locker_new (&added_lock);
  if (added == NULL)
    added = g_ptr_array_new_with_free_func (g_free);
  if (!g_ptr_array_find_with_equal_func (added, directory, g_str_equal, NULL))
    g_ptr_array_add (added, g_strdup (directory));
}

static void
append_added (GStrvBuilder *builder)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&added_lock);

  for (guint i = 0; added != NULL && i < added->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (added, i));
}

static void
append_environment (GStrvBuilder *builder)
{
  /* Whoever starts a setuid program must not choose the code it loads. */
  const char *value = secure_getenv ("MALT_PLUGIN_PATH");
  g_auto (GStrv) folders = g_strsplit (value != NULL ? value : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (gsize i = 0; folders[i] != NULL; i++)
    {
      if (*folders[i] != '\0')
        g_strv_builder_add (builder, folders[i]);
    }
}

/**
 * malt_dup_plugin_paths: (skip)
 *
 * Gets the folders in which plugins are looked for, in the order of the search:
 * what [func@Malt.add_plugin_path] added, `$MALT_PLUGIN_PATH`, the installed
 * folder. A backend passes them on to its workers.
 *
 * Returns: (transfer full) (array zero-terminated=1): file names
 *
 * Since: 0.1
 */
char **
malt_dup_plugin_paths (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  append_added (builder);
  append_environment (builder);
  g_strv_builder_add (builder, MALT_PLUGINS_DIR);

  return g_strv_builder_end (builder);
}

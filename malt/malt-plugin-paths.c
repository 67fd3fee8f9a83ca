/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-paths.h"

#include "malt/malt-backend.h"
#include "malt/malt-plugin-paths-private.h"

#include <stdlib.h>

/* Folders of malt_add_plugin_path() and of configurations, each in the order in which they came.
 * Protected by @added_lock. */
static GPtrArray *added;
static GPtrArray *configured;
static GMutex added_lock;

static void
add_folder (GPtrArray  **folders,
            const char  *folder)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&added_lock);

  if (*folders == NULL)
    *folders = g_ptr_array_new_with_free_func (g_free);
  if (!g_ptr_array_find_with_equal_func (*folders, folder, g_str_equal, NULL))
    g_ptr_array_add (*folders, g_strdup (folder));
}

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
  g_return_if_fail (directory != NULL && *directory != '\0');

  add_folder (&added, directory);
}

void
malt_plugin_paths_add_configured (const char *folder)
{
  add_folder (&configured, folder);
}

static void
append_folders (GStrvBuilder  *builder,
                GPtrArray    **folders)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&added_lock);

  for (guint i = 0; *folders != NULL && i < (*folders)->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (*folders, i));
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
 * what [func@Malt.add_plugin_path] added, `$MALT_PLUGIN_PATH`, the `plugin-path`
 * of each configuration that has been read, the installed folder. A backend
 * passes them on to its workers.
 *
 * Returns: (transfer full) (array zero-terminated=1): file names
 *
 * Since: 0.1
 */
char **
malt_dup_plugin_paths (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  append_folders (builder, &added);
  append_environment (builder);
  append_folders (builder, &configured);
  g_strv_builder_add (builder, MALT_PLUGINS_DIR);

  return g_strv_builder_end (builder);
}

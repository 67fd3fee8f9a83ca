/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-paths.h"

#include "malt/malt-backend.h"
#include "malt/malt-plugin-paths-private.h"

#include <stdlib.h>

/* Folders of configurations, which stay: a file that is read again and again with others each time
 * must not slow every search for a plugin down. */
#define CONFIGURED_MAX 1024u

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

static gboolean
has_room (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&added_lock);

  return configured == NULL || configured->len < CONFIGURED_MAX;
}

gboolean
malt_plugin_paths_add_configured (const char *folder)
{
  gboolean is_room = has_room ();

  if (is_room)
    add_folder (&configured, folder);

  return is_room;
}

/* A folder that is named twice is searched once. */
static void
append_folder (GPtrArray  *folders,
               const char *folder)
{
  if (!g_ptr_array_find_with_equal_func (folders, folder, g_str_equal, NULL))
    g_ptr_array_add (folders, g_strdup (folder));
}

static void
append_folders (GPtrArray  *folders,
                GPtrArray **more)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&added_lock);

  for (guint i = 0; *more != NULL && i < (*more)->len; i++)
    append_folder (folders, g_ptr_array_index (*more, i));
}

static void
append_environment (GPtrArray *folders)
{
  /* Whoever starts a setuid program must not choose the code it loads. */
  const char *value = secure_getenv ("MALT_PLUGIN_PATH");
  g_auto (GStrv) named = g_strsplit (value != NULL ? value : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (gsize i = 0; named[i] != NULL; i++)
    {
      if (*named[i] != '\0')
        append_folder (folders, named[i]);
    }
}

/**
 * malt_dup_plugin_paths: (skip)
 *
 * Gets the folders in which plugins are looked for, in the order of the search:
 * what [func@Malt.add_plugin_path] added, `$MALT_PLUGIN_PATH`, the `plugin-path`
 * of each configuration that has been read, the installed folder; each once. A
 * backend passes them on to its workers.
 *
 * Returns: (transfer full) (array zero-terminated=1): file names
 *
 * Since: 0.1
 */
char **
malt_dup_plugin_paths (void)
{
  GPtrArray *folders = g_ptr_array_new ();

  append_folders (folders, &added);
  append_environment (folders);
  append_folders (folders, &configured);
  append_folder (folders, MALT_PLUGINS_DIR);
  g_ptr_array_add (folders, NULL);

  return (char **) g_ptr_array_free (folders, FALSE);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-folder-private.h"

#include <glib/gstdio.h>
#include <gmodule.h>
#include <string.h>

#define CACHE_NAME "giomodule.cache"

/* What gio-querymodules wrote: basename → points, separated by commas. */
typedef struct
{
  GHashTable *points; /* char * → char *, owned; NULL without a cache */
  gint64      time;   /* seconds since the epoch */
} Cache;

static void
cache_read (Cache      *cache,
            const char *directory)
{
  g_autofree char *path = g_build_filename (directory, CACHE_NAME, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  GStatBuf status;

  if (g_stat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || !g_file_get_contents (path, &text, NULL, NULL))
    return;

  cache->time = status.st_mtime;
  cache->points = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      const char *colon = strchr (lines[i], ':');

      if (lines[i][0] != '#' && colon != NULL)
        g_hash_table_replace (cache->points, g_strndup (lines[i], colon - lines[i]),
                              g_strdup (colon + 1));
    }
}

static void
cache_clear (Cache *cache)
{
  g_clear_pointer (&cache->points, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Cache, cache_clear)

/* As in GIO, a file that is newer than the cache is not known to it. */
static gboolean
cache_excludes (const Cache *cache,
                const char  *path,
                const char  *basename,
                const char  *extension_point)
{
  const char *listed = NULL;
  g_auto (GStrv) points = NULL;
  GStatBuf status;

  if (cache->points != NULL)
    listed = g_hash_table_lookup (cache->points, basename);
  if (listed == NULL || g_stat (path, &status) != 0
      || MAX (status.st_mtime, status.st_ctime) > cache->time)
    return FALSE;

  points = g_strsplit_set (listed, " \t,", -1);
  return !g_strv_contains ((const char *const *) points, extension_point);
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* What is no file at all is found out when it is opened, and told. */
static void
take_path (GPtrArray   *paths,
           char        *path,
           const char  *basename,
           const Cache *cache,
           const char  *extension_point)
{
  if (cache_excludes (cache, path, basename, extension_point))
    g_free (path);
  else
    g_ptr_array_add (paths, path);
}

/* A name is that of a file in the folder, whoever it comes from. */
static GPtrArray *
find_one (const char *directory,
          const char *extension_point,
          const char *basename)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = g_build_filename (directory, basename, NULL);
  g_auto (Cache) cache = { NULL, 0 };
  GStatBuf status;

  if (strchr (basename, G_DIR_SEPARATOR) == NULL && g_lstat (path, &status) == 0)
    {
      cache_read (&cache, directory);
      take_path (paths, g_steal_pointer (&path), basename, &cache, extension_point);
    }

  return g_steal_pointer (&paths);
}

GPtrArray *
malt_plugin_folder_list (const char *directory,
                         const char *extension_point,
                         const char *basename)
{
  g_autoptr (GPtrArray) paths = NULL;
  g_autoptr (GDir) folder = NULL;
  g_auto (Cache) cache = { NULL, 0 };
  const char *name;

  if (basename != NULL)
    return find_one (directory, extension_point, basename);

  paths = g_ptr_array_new_with_free_func (g_free);
  folder = g_dir_open (directory, 0, NULL);
  if (folder == NULL)
    return g_steal_pointer (&paths);

  cache_read (&cache, directory);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      if (g_str_has_suffix (name, "." G_MODULE_SUFFIX))
        take_path (paths, g_build_filename (directory, name, NULL), name, &cache, extension_point);
    }

  g_ptr_array_sort (paths, compare_paths);
  return g_steal_pointer (&paths);
}

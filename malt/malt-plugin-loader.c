/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-loader-private.h"

#include "malt/malt-error.h"
#include "malt/malt-names-private.h"
#include "malt/malt-plugin-file-private.h"
#include "malt/malt-plugin-folder-private.h"
#include "malt/malt-plugin-paths.h"
#include "malt/malt-worker-type-private.h"

#include <gmodule.h>

/* The extension points of malt. Both are registered before any plugin is loaded,
 * for a plugin that implements an unknown one makes GIO print. GIO's own check of
 * the type is not used for the same reason: is_usable() is the check.
 *
 * A lookup names the type that an extension point needs, and it is remembered
 * from then on, so that later plugins are checked when they are loaded. */
typedef struct
{
  const char *name;
  const char *noun;          /* what an implementation is called in messages */
  char     *(*find_type_fault) (GType type); /* (nullable): NULL, or what is wrong with it */
  GType       required_type; /* protected by @lock; G_TYPE_INVALID while nobody has said */
} Point;

static Point points[] = {
  { "malt-worker", "backend", malt_worker_type_find_fault, G_TYPE_INVALID },
  { "malt-evaluator", "evaluator", NULL, G_TYPE_INVALID },
};

/* Recursive, for the load function of a plugin may look something up. */
static GRecMutex lock;

/* All protected by @lock, made at first use, never freed. */
static GHashTable *loaded;   /* basename (char *) → path (char *), owned */
static GHashTable *failures; /* path (char *) → reason (char *), owned */
static GHashTable *sifted;   /* set of GIOExtension, not owned: they live for ever; of plugins */
static GHashTable *rejected; /* those of them that are of no use */
static GHashTable *origins;  /* GType → path (char *), owned, of what a plugin registered */

static void
ensure_tables_locked (void)
{
  if (loaded != NULL)
    return;

  loaded = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  failures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  sifted = g_hash_table_new (NULL, NULL);
  rejected = g_hash_table_new (NULL, NULL);
  origins = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    g_io_extension_point_register (points[i].name);
}

static Point *
find_point_locked (const char *extension_point,
                   GType       required_type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    {
      if (g_str_equal (points[i].name, extension_point))
        {
          points[i].required_type = required_type;
          return &points[i];
        }
    }

  g_assert_not_reached ();
}

static GList *
peek_extensions (const Point *point)
{
  return g_io_extension_point_get_extensions (g_io_extension_point_lookup (point->name));
}

static gboolean
has_right_type (const Point  *point,
                GIOExtension *extension)
{
  GType type = g_io_extension_get_type (extension);

  return g_type_is_a (type, G_TYPE_OBJECT)
         && (point->required_type == G_TYPE_INVALID || g_type_is_a (type, point->required_type));
}

static gboolean
is_usable_locked (const Point  *point,
                  GIOExtension *extension)
{
  return !g_hash_table_contains (rejected, extension) && has_right_type (point, extension);
}

static GIOExtension *
find_extension_locked (const Point *point,
                       const char  *name)
{
  for (GList *l = peek_extensions (point); l != NULL; l = l->next)
    {
      if (is_usable_locked (point, l->data)
          && g_str_equal (g_io_extension_get_name (l->data), name))
        return l->data;
    }

  return NULL;
}

static void
fail_locked (const char *path,
             const char *reason)
{
  g_hash_table_replace (failures, g_strdup (path), g_strdup (reason));
}

/* What is wrong with an extension that has just been registered; NULL: nothing. */
static char *
find_fault_locked (const Point  *point,
                   GIOExtension *extension)
{
  GType type = g_io_extension_get_type (extension);
  const char *name = g_io_extension_get_name (extension);
  const char *type_name = g_type_name (type);

  if (!has_right_type (point, extension))
    return g_strdup_printf ("Its type “%s” for “%s” is not a “%s”",
                            type_name != NULL ? type_name : "(invalid)", name,
                            g_type_name (point->required_type != G_TYPE_INVALID
                                           ? point->required_type
                                           : G_TYPE_OBJECT));

  for (GList *l = peek_extensions (point); l != NULL; l = l->next)
    {
      if (l->data != extension && is_usable_locked (point, l->data)
          && g_str_equal (g_io_extension_get_name (l->data), name))
        return g_strdup_printf ("The name “%s” belongs to “%s” already", name,
                                g_type_name (g_io_extension_get_type (l->data)));
    }

  return point->find_type_fault != NULL ? point->find_type_fault (type) : NULL;
}

/* Rejects what is wrong of what is not in `before`, nor from a plugin that was loaded while this
 * was. Returns whether something is left. */
static gboolean
sift_new_locked (const Point  *point,
                 GHashTable   *before,
                 const char   *path)
{
  g_autoptr (GList) extensions = g_list_copy (peek_extensions (point));
  gboolean some_left = FALSE;

  for (GList *l = extensions; l != NULL; l = l->next)
    {
      g_autofree char *fault = NULL;

      if (g_hash_table_contains (before, l->data) || !g_hash_table_add (sifted, l->data))
        continue;

      fault = find_fault_locked (point, l->data);
      if (fault == NULL)
        {
          some_left = TRUE;
          g_hash_table_replace (origins, GSIZE_TO_POINTER (g_io_extension_get_type (l->data)),
                                g_strdup (path));
          continue;
        }
      g_hash_table_add (rejected, l->data);
      fail_locked (path, fault);
    }

  return some_left;
}

static GHashTable *
list_extensions (void)
{
  GHashTable *set = g_hash_table_new (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    {
      for (GList *l = peek_extensions (&points[i]); l != NULL; l = l->next)
        g_hash_table_add (set, l->data);
    }

  return set;
}

static void
load_new_file_locked (const char *path,
                      const char *basename)
{
  g_autoptr (GHashTable) before = list_extensions ();
  g_autoptr (GError) error = NULL;
  g_autofree char *complaints = NULL;
  gboolean some_left = FALSE;

  /* Before it is, for what it looks up meanwhile must not load it again. */
  g_hash_table_replace (loaded, g_strdup (basename), g_strdup (path));
  if (!malt_plugin_file_load (path, &complaints, &error))
    {
      g_hash_table_remove (loaded, basename);
      fail_locked (path, error->message);
      return;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    some_left |= sift_new_locked (&points[i], before, path);

  /* GLib's words say more than ours, which would be about the type it refused. */
  if (some_left && complaints != NULL)
    g_warning ("Plugin “%s”: %s", path, complaints);
  else if (complaints != NULL)
    fail_locked (path, complaints);
  else if (!some_left && !g_hash_table_contains (failures, path))
    fail_locked (path, "It registers neither a backend nor an evaluator");
}

/* One that comes later in the search and has the name of one that is loaded is hidden by it. */
static void
load_file_locked (const char *path)
{
  g_autofree char *basename = g_path_get_basename (path);
  const char *first = g_hash_table_lookup (loaded, basename);

  if (g_hash_table_contains (failures, path) || g_strcmp0 (first, path) == 0)
    return;

  if (!g_str_has_prefix (basename, "lib"))
    {
      fail_locked (path, "Its name does not begin with “lib”");
      return;
    }

  if (first != NULL)
    {
      g_autofree char *reason = g_strdup_printf ("It is hidden by “%s”", first);

      fail_locked (path, reason);
      return;
    }

  load_new_file_locked (path, basename);
}

/* `basename`: only files of that name, NULL for all. */
static void
load_files_locked (const Point *point,
                   const char  *basename)
{
  g_auto (GStrv) folders = malt_dup_plugin_paths ();

  for (gsize i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) paths = malt_plugin_folder_list (folders[i], point->name, basename);

      for (guint j = 0; j < paths->len; j++)
        load_file_locked (g_ptr_array_index (paths, j));
    }
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* Why no file of that name could be loaded, NULL when there is none. */
static const char *
find_failure_locked (const char  *basename,
                     const char **path)
{
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, failures);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_autofree char *failed = g_path_get_basename (key);

      if (g_str_equal (failed, basename))
        {
          *path = key;
          return value;
        }
    }

  return NULL;
}

static char *
explain_unknown (const char        *name,
                 const char *const *names)
{
  g_auto (GStrv) folders = malt_dup_plugin_paths ();
  g_autofree char *searched = g_strjoinv (", ", folders);

  return names[0] != NULL ? malt_names_explain_unknown (name, names)
                          : g_strdup_printf ("there are none in %s", searched);
}

static void
set_unknown_locked (const Point  *point,
                    const char   *name,
                    const char   *basename,
                    int           error_code,
                    GError      **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *unknown = NULL;
  const char *path = NULL;
  const char *reason = find_failure_locked (basename, &path);

  for (GList *l = peek_extensions (point); l != NULL; l = l->next)
    {
      if (is_usable_locked (point, l->data))
        g_ptr_array_add (names, (char *) g_io_extension_get_name (l->data));
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);

  unknown = explain_unknown (name, (const char *const *) names->pdata);
  if (reason != NULL)
    g_set_error (error, MALT_ERROR, error_code, "Cannot load %s “%s”: %s; “%s”: %s", point->noun,
                 name, unknown, path, reason);
  else
    g_set_error (error, MALT_ERROR, error_code, "Cannot load %s “%s”: %s", point->noun, name,
                 unknown);
}

GType
malt_plugin_loader_lookup (const char  *extension_point,
                           GType        required_type,
                           const char  *name,
                           int          error_code,
                           GError     **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);
  g_autofree char *basename = g_strdup_printf ("libmalt-%s." G_MODULE_SUFFIX, name);
  GIOExtension *extension;
  Point *point;

  ensure_tables_locked ();
  point = find_point_locked (extension_point, required_type);

  extension = find_extension_locked (point, name);
  if (extension == NULL)
    {
      load_files_locked (point, basename);
      extension = find_extension_locked (point, name);
    }
  if (extension == NULL)
    {
      load_files_locked (point, NULL);
      extension = find_extension_locked (point, name);
    }
  if (extension == NULL)
    {
      set_unknown_locked (point, name, basename, error_code, error);
      return G_TYPE_INVALID;
    }

  return g_io_extension_get_type (extension);
}

GList *
malt_plugin_loader_list (const char *extension_point,
                         GType       required_type)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);
  GList *usable = NULL;
  Point *point;

  ensure_tables_locked ();
  point = find_point_locked (extension_point, required_type);
  load_files_locked (point, NULL);

  for (GList *l = peek_extensions (point); l != NULL; l = l->next)
    {
      if (is_usable_locked (point, l->data))
        usable = g_list_prepend (usable, l->data);
    }

  return g_list_reverse (usable);
}

/* What is wrong with a type for a name; NULL: nothing. */
static char *
find_type_fault_locked (const Point *point,
                        const char  *name,
                        GType        type)
{
  GIOExtension *extension = find_extension_locked (point, name);
  char *fault = point->find_type_fault != NULL ? point->find_type_fault (type) : NULL;

  if (fault != NULL)
    return fault;
  if (extension != NULL && g_io_extension_get_type (extension) != type)
    return g_strdup_printf ("The name “%s” belongs to “%s” already", name,
                            g_type_name (g_io_extension_get_type (extension)));

  for (GList *l = peek_extensions (point); l != NULL; l = l->next)
    {
      if (g_io_extension_get_type (l->data) == type
          && !g_str_equal (g_io_extension_get_name (l->data), name))
        return g_strdup_printf ("Its type “%s” is registered as “%s” already", g_type_name (type),
                                g_io_extension_get_name (l->data));
    }

  return NULL;
}

gboolean
malt_plugin_loader_register (const char  *extension_point,
                             GType        required_type,
                             const char  *name,
                             GType        type,
                             int          error_code,
                             GError     **error)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);
  g_autofree char *basename = g_strdup_printf ("libmalt-%s." G_MODULE_SUFFIX, name);
  g_autofree char *fault = NULL;
  Point *point;

  ensure_tables_locked ();
  point = find_point_locked (extension_point, required_type);
  if (find_extension_locked (point, name) == NULL)
    load_files_locked (point, basename);

  fault = find_type_fault_locked (point, name, type);
  if (fault != NULL)
    g_set_error (error, MALT_ERROR, error_code, "Cannot register %s “%s”: %s", point->noun, name,
                 fault);
  else
    g_io_extension_point_implement (point->name, type, name, 0);

  return fault == NULL;
}

void
malt_plugin_loader_load_all (void)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);

  ensure_tables_locked ();
  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    load_files_locked (&points[i], NULL);
}

char *
malt_plugin_loader_dup_path (GType type)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);

  ensure_tables_locked ();
  return g_strdup (g_hash_table_lookup (origins, GSIZE_TO_POINTER (type)));
}

GHashTable *
malt_plugin_loader_list_failures (void)
{
  g_autoptr (GRecMutexLocker) locker = g_rec_mutex_locker_new (&lock);
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer path, reason;

  ensure_tables_locked ();
  g_hash_table_iter_init (&iter, failures);
  while (g_hash_table_iter_next (&iter, &path, &reason))
    g_hash_table_insert (copy, g_strdup (path), g_strdup (reason));

  return copy;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-namespace-private.h"

#include "malt/malt-error-backend.h"
#include "malt/runtime/malt-module-file-private.h"

#include <string.h>

/* What errors of importing carry as their type. */
#define IMPORT_ERROR_TYPE "malt.import"

/* What the linker says where a sandbox lets no memory become code, and what helps. */
#define SANDBOXED_TEXT "failed to map segment"
#define SANDBOXED_HINT " (in a sandbox, modules are loaded at the start: see the option “modules”)"

/**
 * MaltNamespace: (skip)
 *
 * The function modules of a worker: which are loaded, and where others are found.
 *
 * A runtime has one of its own. One apart is for programs that look at modules without calling
 * them:
 *
 * ```c
 * MaltNamespace *modules = malt_namespace_new (NULL);
 *
 * if (malt_namespace_import (modules, "checksum", &error) != NULL)
 *   names = malt_namespace_list_functions (modules);
 * malt_namespace_free (modules);
 * ```
 *
 * It is for one thread, in a worker the executing one. What is in the modules is not called through
 * it: that is what a [class@Runtime] is for.
 *
 * Since: 0.1
 */

/* Executing thread only. A module is loaded once and stays; the two tables grow together. */
struct _MaltNamespace
{
  char       **folders;   /* absolute, in the order of the search; immutable after construction */
  GHashTable  *modules;   /* name, in the module → owned MaltModule */
  GHashTable  *functions; /* full name, in the function → MaltModuleFunction of one of @modules */
};

/* Absolute ones, because the linker looks elsewhere for a name without a slash. */
static char **
dup_folders (const char *const *module_path)
{
  GPtrArray *folders = g_ptr_array_new ();

  for (guint i = 0; module_path != NULL && module_path[i] != NULL; i++)
    if (*module_path[i] != '\0')
      g_ptr_array_add (folders, g_canonicalize_filename (module_path[i], NULL));
  g_ptr_array_add (folders, g_strdup (MALT_MODULES_DIR));
  g_ptr_array_add (folders, NULL);

  return (char **) g_ptr_array_free (folders, FALSE);
}

/**
 * malt_namespace_new: (skip)
 * @module_path: (nullable) (array zero-terminated=1): folders in which modules are looked for, in
 *   that order and before the installed one, in the encoding of file names; a relative one is in
 *   the current folder, an empty one is passed over
 *
 * Makes a namespace in which no module is loaded.
 *
 * Returns: (transfer full): a new namespace, for [method@Namespace.free]
 *
 * Since: 0.1
 */
MaltNamespace *
malt_namespace_new (const char *const *module_path)
{
  MaltNamespace *self = g_new0 (MaltNamespace, 1);

  self->folders = dup_folders (module_path);
  self->modules = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->functions = g_hash_table_new (g_str_hash, g_str_equal);

  return self;
}

/**
 * malt_namespace_free: (skip)
 * @self: (transfer full): a namespace
 *
 * Lets go of the modules, and frees what their functions were added with. The libraries stay
 * loaded: they may have registered types.
 *
 * Since: 0.1
 */
void
malt_namespace_free (MaltNamespace *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_unref (self->functions);
  g_hash_table_unref (self->modules);
  g_strfreev (self->folders);
  g_free (self);
}

const MaltModuleFunction *
malt_namespace_lookup (MaltNamespace *self,
                       const char    *full_name)
{
  return g_hash_table_lookup (self->functions, full_name);
}

static gboolean
is_importable_name (const char *name)
{
  return malt_module_is_valid_name (name) && !g_str_equal (name, "malt");
}

/* (transfer full) (nullable) */
static char *
find_file (MaltNamespace *self,
           const char    *name)
{
  g_autofree char *file_name = g_strconcat (name, ".so", NULL);

  for (guint i = 0; self->folders[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (self->folders[i], file_name, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }

  return NULL;
}

/* (transfer full): file names need not be UTF-8, and it may not be. */
static char *
dup_absence (MaltNamespace *self,
             const char    *name)
{
  g_autofree char *folders = g_strjoinv (", ", self->folders);

  return g_strdup_printf ("there is no %s.so in %s", name, folders);
}

char *
malt_namespace_explain_absence (MaltNamespace *self,
                                const char    *name)
{
  g_autofree char *absence = NULL;

  if (!is_importable_name (name) || malt_namespace_has (self, name))
    return NULL;

  absence = dup_absence (self, name);

  return g_utf8_make_valid (absence, -1);
}

gboolean
malt_namespace_has (MaltNamespace *self,
                    const char    *name)
{
  g_autofree char *path = NULL;

  if (!is_importable_name (name))
    return FALSE;
  if (malt_module_lookup_static (name) != NULL)
    return TRUE;

  path = find_file (self, name);

  return path != NULL;
}

static void
set_import_error (GError     **error,
                  const char  *format,
                  ...) G_GNUC_PRINTF (2, 3);

static void
set_import_error (GError     **error,
                  const char  *format,
                  ...)
{
  g_autofree char *message = NULL;
  g_autofree char *valid_message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);

  /* File names need not be UTF-8, what travels must. */
  valid_message = g_utf8_make_valid (message, -1);
  g_propagate_error (error, malt_error_new_remote (MALT_ERROR_REMOTE_EXCEPTION, NULL, valid_message,
                                                   IMPORT_ERROR_TYPE, NULL));
}

/* Finds the entry points, and runs preload() if that is asked for. */
static gboolean
find_load_func (MaltNamespace       *self,
                const char          *name,
                gboolean             preload,
                MaltModuleLoadFunc  *load,
                GError             **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *absence = NULL;
  g_autofree char *path = NULL;
  MaltModulePreloadFunc preload_func;

  *load = malt_module_lookup_static (name);
  if (*load != NULL)
    return TRUE;

  path = find_file (self, name);
  if (path == NULL)
    {
      absence = dup_absence (self, name);
      set_import_error (error, "Cannot import “%s”: %s", name, absence);
      return FALSE;
    }

  if (!malt_module_file_open (path, load, &preload_func, &local_error))
    {
      gboolean is_sandboxed = strstr (local_error->message, SANDBOXED_TEXT) != NULL;

      set_import_error (error, "Cannot import “%s” from “%s”: %s%s", name, path,
                        local_error->message, is_sandboxed ? SANDBOXED_HINT : "");
      return FALSE;
    }

  if (!preload || preload_func == NULL || preload_func (&local_error))
    return TRUE;

  set_import_error (error, "Cannot preload “%s” from “%s”: %s", name, path,
                    local_error != NULL ? local_error->message
                                        : "Its preload function failed without saying why");
  return FALSE;
}

static MaltModule *
take_module (MaltNamespace *self,
             MaltModule    *module)
{
  GPtrArray *functions = malt_module_get_functions (module);

  for (guint i = 0; i < functions->len; i++)
    {
      MaltModuleFunction *function = g_ptr_array_index (functions, i);

      g_hash_table_insert (self->functions, function->full_name, function);
    }
  g_hash_table_insert (self->modules, (char *) malt_module_get_name (module), module);

  return module;
}

static MaltModule *
import (MaltNamespace  *self,
        const char     *name,
        gboolean        preload,
        GError        **error)
{
  g_autoptr (MaltModule) module = NULL;
  g_autoptr (GError) local_error = NULL;
  MaltModuleLoadFunc load;
  MaltModule *known = g_hash_table_lookup (self->modules, name);

  if (known != NULL)
    return known;

  if (!is_importable_name (name))
    {
      set_import_error (error, "Cannot import “%s”: a module's name is made of letters, digits, "
                        "“_” and “-”, and is not “malt”", name);
      return NULL;
    }
  if (!find_load_func (self, name, preload, &load, error))
    return NULL;

  module = malt_module_new (name);
  if (!malt_module_load (module, load, &local_error))
    {
      set_import_error (error, "Cannot import “%s”: %s", name, local_error->message);
      return NULL;
    }

  return take_module (self, g_steal_pointer (&module));
}

/**
 * malt_namespace_import: (skip)
 * @self: a namespace
 * @name: the name of a module: letters, digits, "_" and "-", but not "malt"
 * @error: return location for an error
 *
 * Loads a module, the first time: one that the program has registered with
 * [func@register_static_module], else the file NAME.so from the first folder that has it.
 *
 * It runs the load function of the module, and blocks as long as that does.
 *
 * Errors: %MALT_ERROR_REMOTE_EXCEPTION of the type `malt.import`, with what the name may be, the
 * folders that were searched, why the file cannot be loaded, or what its load function says. It
 * may be tried again.
 *
 * Returns: (transfer none): the module, which @self holds; the same one each time
 *
 * Since: 0.1
 */
MaltModule *
malt_namespace_import (MaltNamespace  *self,
                       const char     *name,
                       GError        **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return import (self, name, FALSE, error);
}

MaltModule *
malt_namespace_preload (MaltNamespace  *self,
                        const char     *name,
                        GError        **error)
{
  return import (self, name, TRUE, error);
}

/**
 * malt_namespace_list_functions: (skip)
 * @self: a namespace
 *
 * Lists the functions of all modules that are loaded.
 *
 * Returns: (transfer full) (array zero-terminated=1): "module.function" of each, in no order;
 *   empty if there are none
 *
 * Since: 0.1
 */
char **
malt_namespace_list_functions (MaltNamespace *self)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (self != NULL, NULL);

  g_hash_table_iter_init (&iter, self->functions);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_add (names, NULL);

  return (char **) g_ptr_array_free (names, FALSE);
}

static void
add_modules_of_folder (GHashTable *modules,
                       const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file_name;

  while (dir != NULL && (file_name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name = NULL;

      if (!g_str_has_suffix (file_name, ".so"))
        continue;

      name = g_strndup (file_name, strlen (file_name) - strlen (".so"));
      if (is_importable_name (name) && !g_hash_table_contains (modules, name))
        g_hash_table_insert (modules, g_steal_pointer (&name),
                             g_build_filename (folder, file_name, NULL));
    }
}

/**
 * malt_namespace_list_available: (skip)
 * @module_path: (nullable) (array zero-terminated=1): folders that come before the installed one,
 *   in the encoding of file names
 *
 * Lists the module files that [method@Namespace.import] would find, without loading them: whether
 * one can be loaded is not looked at. What the program has registered has no file, and is not
 * listed. May be called in any thread.
 *
 * A folder that cannot be read counts as empty.
 *
 * Returns: (transfer full) (element-type utf8 filename): name → path of the file; empty if there
 *   are none
 *
 * Since: 0.1
 */
GHashTable *
malt_namespace_list_available (const char *const *module_path)
{
  g_auto (GStrv) folders = dup_folders (module_path);
  GHashTable *modules = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (guint i = 0; folders[i] != NULL; i++)
    add_modules_of_folder (modules, folders[i]);

  return modules;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-plugin-file-private.h"

#include "malt/malt-error.h"
#include "malt/malt-library-private.h"

#include <string.h>

/* GIOModule, owned: what a plugin registers cannot be taken back, so it is never let go of.
 * Protected by @modules_lock. */
static GPtrArray *modules;
static GMutex modules_lock;

/* "libmalt-lua.so" → "malt_lua", as GIO does. */
static char *
symbol_stem (const char *path)
{
  g_autofree char *basename = g_path_get_basename (path);
  const char *start = g_str_has_prefix (basename, "lib") ? basename + strlen ("lib") : basename;
  char *stem = g_strndup (start, strcspn (start, "."));

  return g_strdelimit (stem, "-", '_');
}

/* GIO takes either name for each of the two functions. */
static gboolean
check_symbol (GModule     *module,
              const char  *stem,
              const char  *verb,
              GError     **error)
{
  g_autofree char *own = g_strdup_printf ("g_io_%s_%s", stem, verb);
  g_autofree char *common = g_strdup_printf ("g_io_module_%s", verb);
  gpointer symbol = NULL;

  if ((g_module_symbol (module, own, &symbol) || g_module_symbol (module, common, &symbol))
      && symbol != NULL)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED,
               "The file exports no “%s”, which its name asks for", own);
  return FALSE;
}

static GModule *
open_checked (const char  *path,
              GError     **error)
{
  g_autofree char *stem = symbol_stem (path);
  GModule *module = malt_library_open (path, error);

  if (module == NULL)
    return NULL;

  if (!check_symbol (module, stem, "load", error) || !check_symbol (module, stem, "unload", error))
    {
      g_module_close (module);
      return NULL;
    }

  return module;
}

/* A type that two plugins register makes GLib print criticals, and there is no asking beforehand.
 * While a plugin is loading these come here. Under G_DEBUG=fatal-criticals they end the program,
 * as asked for. */
typedef struct
{
  GThread *thread;
  char    *complaints; /* owned, the first one; NULL for none */
} LogTrap;

static void
catch_message (const char     *domain,
               GLogLevelFlags  level,
               const char     *message,
               gpointer        user_data)
{
  LogTrap *trap = user_data;

  if (g_thread_self () != trap->thread)
    g_log_default_handler (domain, level, message, NULL);
  else if (trap->complaints == NULL)
    trap->complaints = g_strdup (message);
}

static gboolean
use_trapped (GTypeModule  *module,
             char        **complaints)
{
  static const char *const domains[] = { "GLib", "GLib-GObject", "GLib-GIO" };
  guint handlers[G_N_ELEMENTS (domains)];
  LogTrap trap = { g_thread_self (), NULL };
  gboolean used;

  for (gsize i = 0; i < G_N_ELEMENTS (domains); i++)
    handlers[i] = g_log_set_handler (domains[i],
                                     G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FLAG_FATAL
                                       | G_LOG_FLAG_RECURSION,
                                     catch_message, &trap);
  used = g_type_module_use (module);
  for (gsize i = 0; i < G_N_ELEMENTS (domains); i++)
    g_log_remove_handler (domains[i], handlers[i]);

  *complaints = trap.complaints;
  return used;
}

static void
keep_module (GIOModule *module)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&modules_lock);

  if (modules == NULL)
    modules = g_ptr_array_new ();
  g_ptr_array_add (modules, module);
}

gboolean
malt_plugin_file_load (const char  *path,
                       char       **complaints,
                       GError     **error)
{
  GModule *library = open_checked (path, error);
  GIOModule *module;

  *complaints = NULL;
  if (library == NULL)
    return FALSE;

  g_module_make_resident (library);
  module = g_io_module_new (path);
  keep_module (module);
  if (!use_trapped (G_TYPE_MODULE (module), complaints))
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_FAILED, "GIO did not load the file%s%s",
                   *complaints != NULL ? ": " : "", *complaints != NULL ? *complaints : "");
      return FALSE;
    }

  return TRUE;
}

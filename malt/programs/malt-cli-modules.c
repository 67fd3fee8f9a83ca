/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <string.h>

#define MODULE_SUFFIX ".so"
#define MODULE_PATH_PROPERTY "module-path"

/* Where the worker looks, in its order: only it knows what profile and options come down to. */
static char **
dup_folders (MaltAbstractWorker *worker)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (worker),
                                                    MODULE_PATH_PROPERTY);
  g_autoptr (GStrvBuilder) folders = g_strv_builder_new ();
  g_auto (GStrv) own = NULL;

  if (pspec != NULL && pspec->value_type == G_TYPE_STRV && (pspec->flags & G_PARAM_READABLE) != 0)
    g_object_get (worker, MODULE_PATH_PROPERTY, &own, NULL);
  if (own != NULL)
    g_strv_builder_addv (folders, (const char **) own);
  g_strv_builder_add (folders, MALT_MODULES_DIR);

  return g_strv_builder_end (folders);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The modules of a folder, sorted; one that is not there has none. */
static GPtrArray *
list_modules (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *file;

  while (directory != NULL && (file = g_dir_read_name (directory)) != NULL)
    {
      if (g_str_has_suffix (file, MODULE_SUFFIX))
        g_ptr_array_add (names, g_strndup (file, strlen (file) - strlen (MODULE_SUFFIX)));
    }
  g_ptr_array_sort (names, compare_names);

  return names;
}

/* Loads the module in a worker of its own: one that crashes at that costs the others nothing. */
static char **
dup_functions (MaltCliSession  *session,
               const char      *module,
               GError         **error)
{
  g_autoptr (MaltCall) call = malt_call_new ("malt.import", g_variant_new ("(s)", module), NULL);
  g_autoptr (GVariant) names = NULL;

  if (!malt_cli_session_start (session, error))
    return NULL;

  malt_call_set_result_type (call, G_VARIANT_TYPE_STRING_ARRAY);
  names = malt_cli_session_send (session, call, error);

  return names != NULL ? g_variant_dup_strv (names, NULL) : NULL;
}

static gboolean
print_function (MaltCliSession  *session,
                const char      *module,
                const char      *function,
                GError         **error)
{
  g_autofree char *name = strchr (function, '.') != NULL
                            ? g_strdup (function) : g_strconcat (module, ".", function, NULL);
  g_autofree char *signature = malt_cli_session_dup_signature (session, name, error);

  if (signature != NULL)
    malt_cli_print (stdout, "  %s %s\n", name, *signature != '\0' ? signature : "(…)");

  return signature != NULL;
}

static gboolean
print_module (MaltCliSession *session,
              const char     *folder,
              const char     *name)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) functions = dup_functions (session, name, &error);

  malt_cli_print (stdout, "%s (%s/%s" MODULE_SUFFIX ")\n", name, folder, name);
  for (guint i = 0; functions != NULL && functions[i] != NULL && error == NULL; i++)
    print_function (session, name, functions[i], &error);

  if (error != NULL)
    malt_cli_print_error (error);

  return error == NULL;
}

/* Prints every module once: a later folder's is hidden by an earlier one's of the same name. */
static gboolean
print_all (MaltCliSession  *session,
           char           **folders)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean all_loaded = TRUE;

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autoptr (GPtrArray) names = list_modules (folders[i]);

      for (guint j = 0; j < names->len; j++)
        {
          const char *name = g_ptr_array_index (names, j);

          if (g_hash_table_add (seen, g_strdup (name)))
            all_loaded &= print_module (session, folders[i], name);
        }
    }

  return all_loaded;
}

static int
run_modules (int    argc,
             char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_modules;
  g_auto (MaltCliWorkerOptions) options = { 0 };
  g_auto (GStrv) words = NULL;
  g_auto (GStrv) folders = NULL;
  g_autoptr (MaltCliSession) session = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, NULL, &options, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected no argument", words[0]);

  session = malt_cli_session_new (&options, &error);
  if (session == NULL)
    {
      malt_cli_print_error (error);
      return MALT_CLI_EXIT_USAGE;
    }
  if (!malt_cli_session_start (session, &error))
    return malt_cli_fail_start (error);

  folders = dup_folders (malt_cli_session_get_worker (session));
  if (!print_all (session, folders))
    status = MALT_CLI_EXIT_FAILED;
  else
    status = MALT_CLI_EXIT_SUCCESS;

  malt_cli_session_stop (session);
  return malt_cli_finish_output (status);
}

const MaltCliVerb malt_cli_verb_modules = {
  .name = "modules",
  .parameters = "",
  .summary = "Lists the function modules that a worker finds, and what their functions take",
  .description =
    "Modules are looked for in the folders of the option module-path, in this order, and in the\n"
    "installed one. Each is loaded in a worker of its own. What a function takes is a GVariant "
    "type,\n"
    "as (ss) for two strings; “…” stands for anything.\n"
    "\n"
    "Examples:\n"
    "  malt modules\n"
    "  malt modules --option module-path=$PWD/build",
  .run = run_modules,
};

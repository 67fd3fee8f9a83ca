/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

#include <glib/gstdio.h>

/* (transfer full): the nicks of what is set. */
char **
malt_cli_list_capabilities (MaltWorkerCapabilities capabilities)
{
  g_autoptr (GFlagsClass) flags_class = g_type_class_ref (MALT_TYPE_WORKER_CAPABILITIES);
  g_autoptr (GStrvBuilder) nicks = g_strv_builder_new ();

  for (guint i = 0; i < flags_class->n_values; i++)
    {
      if ((capabilities & flags_class->values[i].value) != 0)
        g_strv_builder_add (nicks, flags_class->values[i].value_nick);
    }

  return g_strv_builder_end (nicks);
}

static void
print_option_names (MaltBackend *backend)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);

  for (guint i = 0; i < n_options; i++)
    puts (options[i]->name);
}

static void
print_backend (MaltBackend *backend)
{
  g_auto (GStrv) nicks = malt_cli_list_capabilities (malt_backend_get_capabilities (backend));
  g_autofree char *capabilities = g_strjoinv (", ", nicks);
  const char *path = malt_backend_get_path (backend);
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);

  malt_cli_print (stdout, "%s (%s)\n", malt_backend_get_name (backend),
                  g_type_name (malt_backend_get_worker_type (backend)));
  malt_cli_print (stdout, "  loaded from %s\n", path != NULL ? path : "this program");
  malt_cli_print (stdout, "  capabilities: %s\n",
                  *capabilities != '\0' ? capabilities : "none declared");
  for (guint i = 0; i < n_options; i++)
    {
      g_autofree char *description = malt_cli_describe_option (options[i]);
      const char *blurb = g_param_spec_get_blurb (options[i]);

      malt_cli_print (stdout, "  %s: %s\n", options[i]->name, description);
      if (blurb != NULL)
        malt_cli_print (stdout, "      %s\n", blurb);
    }
}

/* Who may write to a folder with plugins decides what the programs that look there run. */
static const char *
get_remark (const char *folder)
{
  GStatBuf status;

  if (g_stat (folder, &status) != 0 || !S_ISDIR (status.st_mode))
    return " (no such folder)";

  return (status.st_mode & S_IWOTH) != 0 ? " (anybody can write to it)" : "";
}

static void
print_plugin_paths (void)
{
  g_auto (GStrv) paths = malt_dup_plugin_paths ();

  puts ("Plugins are looked for in:");
  for (guint i = 0; paths[i] != NULL; i++)
    malt_cli_print (stdout, "  %s%s\n", paths[i], get_remark (paths[i]));
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return g_strcmp0 (a, b);
}

static void
print_failures (void)
{
  g_autoptr (GHashTable) failures = malt_list_plugin_failures ();
  g_autoptr (GList) paths = g_list_sort (g_hash_table_get_keys (failures), compare_paths);

  if (paths != NULL)
    puts ("Plugins that cannot be used:");
  for (GList *l = paths; l != NULL; l = l->next)
    malt_cli_print (stdout, "  %s\n      %s\n", (char *) l->data,
                    (char *) g_hash_table_lookup (failures, l->data));
}

static void
print_text (GListModel *backends)
{
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      print_backend (backend);
    }
}

static void
print_names (GListModel *backends)
{
  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      malt_cli_print (stdout, "%s\n", malt_backend_get_name (backend));
    }
}

static void
print_json (GListModel *backends)
{
  g_autoptr (GHashTable) failures = malt_list_plugin_failures ();
  g_autofree char *text = malt_cli_backends_to_json (backends, failures);

  puts (text);
}

/* All of them, or the one of that name. (transfer full) */
static GListModel *
list_backends (const char  *name,
               GError     **error)
{
  g_autoptr (MaltBackend) backend = NULL;
  GListStore *store;

  if (name == NULL)
    return malt_list_backends ();

  backend = malt_lookup_backend (name, error);
  if (backend == NULL)
    return NULL;

  store = g_list_store_new (MALT_TYPE_BACKEND);
  g_list_store_append (store, backend);

  return G_LIST_MODEL (store);
}

static int
run_backends (int    argc,
              char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_backends;
  gboolean names_only = FALSE;
  gboolean json = FALSE;
  gboolean verbose = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Print as JSON, with the failures", NULL },
    { "names", 'n', 0, G_OPTION_ARG_NONE, &names_only,
      "Print names only: of the backends, or of NAME's options", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
      "Print where plugins are looked for, and why some cannot be used, too", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv) words = NULL;
  g_autoptr (GListModel) backends = NULL;
  g_autoptr (MaltBackend) only = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL && words[1] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected the name of one backend",
                                words[1]);

  /* For the folders of its plugin-path. A list helps to mend one with mistakes. */
  if (malt_config_get_default (&error) == NULL)
    {
      malt_cli_print (stderr, "%s\n", error->message);
      g_clear_error (&error);
    }

  backends = list_backends (words[0], &error);
  if (backends == NULL)
    {
      malt_cli_print_error (error);
      return malt_cli_exit_for_error (error);
    }

  only = words[0] != NULL ? g_list_model_get_item (backends, 0) : NULL;
  if (json)
    print_json (backends);
  else if (names_only && only != NULL)
    print_option_names (only);
  else if (names_only)
    print_names (backends);
  else
    print_text (backends);

  if (verbose && !json)
    {
      print_plugin_paths ();
      print_failures ();
    }

  return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
}

const MaltCliVerb malt_cli_verb_backends = {
  .name = "backends",
  .parameters = "[NAME]",
  .summary = "Lists where workers can come from, and the options of each",
  .description =
    "An option is given to the other commands as --option NAME=VALUE. Capabilities are what\n"
    "a worker can do at most; which of them it has may depend on its options.\n"
    "\n"
    "Examples:\n"
    "  malt backends --verbose\n"
    "  malt backends process --names\n"
    "  malt backends process --json\n"
    "  malt eval --backend process --option call-timeout=500 '6 * 7'",
  .run = run_backends,
};

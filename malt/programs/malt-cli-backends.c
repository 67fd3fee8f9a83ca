/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

#include <malt/malt-plugin.h>

static void
print_options (MaltBackend *backend,
               gboolean     names_only)
{
  guint n_options;
  g_autofree GParamSpec **options = malt_backend_list_options (backend, &n_options);

  for (guint i = 0; i < n_options; i++)
    {
      g_autofree char *description = NULL;

      if (names_only)
        {
          puts (options[i]->name);
          continue;
        }

      description = malt_cli_describe_option (options[i]);
      printf ("  %s: %s\n", options[i]->name, description);
      printf ("      %s\n", g_param_spec_get_blurb (options[i]));
    }
}

static void
print_all (gboolean names_only)
{
  g_autoptr (GListModel) backends = malt_list_backends ();

  for (guint i = 0; i < g_list_model_get_n_items (backends); i++)
    {
      g_autoptr (MaltBackend) backend = g_list_model_get_item (backends, i);

      if (names_only)
        {
          puts (malt_backend_get_name (backend));
          continue;
        }

      printf ("%s (%s)\n", malt_backend_get_name (backend),
              g_type_name (malt_backend_get_worker_type (backend)));
      print_options (backend, FALSE);
    }
}

static void
print_plugin_paths (void)
{
  g_auto (GStrv) paths = malt_dup_plugin_paths ();

  puts ("Plugins are looked for in:");
  for (guint i = 0; paths[i] != NULL; i++)
    printf ("  %s%s\n", paths[i],
            g_file_test (paths[i], G_FILE_TEST_IS_DIR) ? "" : " (no such folder)");
}

static int
run_backends (int    argc,
              char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_backends;
  gboolean names_only = FALSE;
  gboolean verbose = FALSE;
  const GOptionEntry entries[] = {
    { "names", 'n', 0, G_OPTION_ARG_NONE, &names_only,
      "Print names only: of the backends, or of NAME's options", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
      "Print where plugins are looked for, too", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (GStrv) words = NULL;
  g_autoptr (MaltBackend) backend = NULL;
  g_autoptr (GError) error = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] != NULL && words[1] != NULL)
    return malt_cli_fail_usage (verb, "“%s” is one too many: expected the name of one backend",
                                words[1]);

  if (words[0] == NULL)
    {
      print_all (names_only);
    }
  else
    {
      backend = malt_lookup_backend (words[0], &error);
      if (backend == NULL)
        {
          malt_cli_print_error (error);
          return malt_cli_exit_for_error (error);
        }

      print_options (backend, names_only);
    }

  if (verbose)
    print_plugin_paths ();

  return malt_cli_finish_output (MALT_CLI_EXIT_SUCCESS);
}

const MaltCliVerb malt_cli_verb_backends = {
  .name = "backends",
  .parameters = "[NAME]",
  .summary = "Lists where workers can come from, and the options of each",
  .description =
    "An option is given to the other commands as --option NAME=VALUE.\n"
    "\n"
    "Examples:\n"
    "  malt backends\n"
    "  malt backends process --names\n"
    "  malt eval --backend process --option call-timeout=500 '6 * 7'",
  .run = run_backends,
};

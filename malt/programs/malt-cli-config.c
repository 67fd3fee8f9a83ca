/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"
#include "malt/programs/malt-cli-private.h"

static MaltCliExit
fail (const GError *error)
{
  malt_cli_print_error (error);

  return malt_cli_exit_for_error (error);
}

static MaltCliExit
fail_no_file (void)
{
  fputs ("malt config: There is no configuration file.\n", stderr);

  return MALT_CLI_EXIT_FAILED;
}

static MaltCliExit
check (const char *path)
{
  g_autoptr (GFile) file = path != NULL ? g_file_new_for_commandline_arg (path)
                                        : malt_config_find_default_file ();
  g_auto (GStrv) mistakes = NULL;
  g_autoptr (GError) error = NULL;

  if (file == NULL)
    return fail_no_file ();

  mistakes = malt_config_check_file (file, NULL, &error);
  if (mistakes == NULL)
    return fail (error);
  for (guint i = 0; mistakes[i] != NULL; i++)
    malt_cli_print (stderr, "%s\n", mistakes[i]);

  return mistakes[0] == NULL ? MALT_CLI_EXIT_SUCCESS : MALT_CLI_EXIT_FAILED;
}

static MaltCliExit
list (const char *argument)
{
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_get_default (&error);

  if (config == NULL)
    return fail (error);

  names = malt_config_list_profiles (config);
  for (guint i = 0; names[i] != NULL; i++)
    malt_cli_print (stdout, "%s\n", names[i]);

  return MALT_CLI_EXIT_SUCCESS;
}

static MaltCliExit
print_path (const char *argument)
{
  g_autoptr (GFile) file = malt_config_find_default_file ();

  if (file == NULL)
    return fail_no_file ();

  malt_cli_print (stdout, "%s\n", g_file_peek_path (file));
  return MALT_CLI_EXIT_SUCCESS;
}

static MaltCliExit
print_schema (const char *argument)
{
  g_autofree char *schema = malt_cli_make_schema ();

  puts (schema);
  return MALT_CLI_EXIT_SUCCESS;
}

static gboolean
show_profile (MaltConfig  *config,
              const char  *name,
              const char  *default_name,
              GError     **error)
{
  g_autofree char *description = malt_config_describe_profile (config, name, error);
  g_auto (GStrv) lines = NULL;

  if (description == NULL)
    return FALSE;

  malt_cli_print (stdout, "%s%s\n", name,
                  g_str_equal (name, default_name) ? " (the default)" : "");
  lines = g_strsplit (description, "\n", -1);
  for (guint i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
    malt_cli_print (stdout, "  %s\n", lines[i]);

  return TRUE;
}

/* The default is shown also when it is no profile but a backend. */
static MaltCliExit
show (const char *profile)
{
  g_autoptr (GError) error = NULL;
  MaltConfig *config = malt_config_get_default (&error);
  g_autofree char *default_name = NULL;
  g_auto (GStrv) names = NULL;

  if (config == NULL)
    return fail (error);

  default_name = malt_config_dup_default_profile (config);
  if (profile != NULL)
    {
      show_profile (config, profile, default_name, &error);
    }
  else
    {
      names = malt_config_list_profiles (config);
      if (!g_strv_contains ((const char *const *) names, default_name))
        show_profile (config, default_name, default_name, &error);
      for (guint i = 0; names[i] != NULL && error == NULL; i++)
        show_profile (config, names[i], default_name, &error);
    }

  return error == NULL ? MALT_CLI_EXIT_SUCCESS : fail (error);
}

/* What stands after “malt config”. */
static const struct
{
  const char  *name;
  const char  *argument; /* what it may be; NULL: there is none */
  MaltCliExit (*run) (const char *argument);
} actions[] = {
  { "check", "the name of one file", check },
  { "list", NULL, list },
  { "path", NULL, print_path },
  { "schema", NULL, print_schema },
  { "show", "the name of one profile", show },
};

static int
run_config (int    argc,
            char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_config;
  const char *names[G_N_ELEMENTS (actions) + 1] = { NULL };
  g_auto (GStrv) words = NULL;
  g_autofree char *unknown = NULL;
  MaltCliExit status;

  if (!malt_cli_parse (verb, NULL, NULL, NULL, argc, argv, &words, &status))
    return status;
  if (words[0] == NULL)
    return malt_cli_fail_usage (verb, "What to do is missing: check, list, path, schema or show");

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      guint n_words = actions[i].argument != NULL ? 2 : 1;

      if (!g_str_equal (actions[i].name, words[0]))
        continue;
      if (g_strv_length (words) > n_words)
        return malt_cli_fail_usage (verb, "“%s” is one too many: expected %s", words[n_words],
                                    actions[i].argument != NULL ? actions[i].argument
                                                                : "no argument");
      if (words[1] != NULL && *words[1] == '\0')
        return malt_cli_fail_usage (verb, "“” is empty: expected %s", actions[i].argument);

      return malt_cli_finish_output (actions[i].run (words[1]));
    }

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    names[i] = actions[i].name;
  unknown = malt_names_explain_unknown (words[0], names);

  return malt_cli_fail_usage (verb, "There is no “%s” here: %s", words[0], unknown);
}

const MaltCliVerb malt_cli_verb_config = {
  .name = "config",
  .parameters = "check [FILE] | list | path | schema | show [PROFILE]",
  .summary = "Checks and shows the configuration, which has profiles for workers",
  .description =
    "  check   Prints the mistakes of a file, the default one if none is named\n"
    "  list    Lists the names of the profiles\n"
    "  path    Prints where the default file is\n"
    "  schema  Prints a JSON Schema for the backends that are installed, for editors\n"
    "  show    Shows what profiles come down to, and which line says so\n"
    "\n"
    "The default file is the one that MALT_CONFIG names, else malt/config.json in\n"
    "~/.config or /etc/xdg (XDG_CONFIG_HOME, XDG_CONFIG_DIRS).\n"
    "\n"
    "Examples:\n"
    "  malt config check\n"
    "  malt config show safe\n"
    "  malt eval --profile safe '6 * 7'",
  .run = run_config,
};

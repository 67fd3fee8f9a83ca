/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "contract-private.h"
#include "tests/malt-test-slowness.h"

#include <locale.h>

/* A case that runs in a process of its own is started without the arguments of this one. */
#define CONTRACT_ARGUMENTS_VARIABLE "MALT_CONTRACT_ARGUMENTS"

/* A case ends itself earlier, by its own deadline, unless it is stuck where no signal comes. */
#define CONTRACT_APART_DEADLINE_SEC 180

static const GVariantType *
find_option_type (const char *backend_name, const char *option)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend (backend_name, NULL);
  g_autofree GParamSpec **options = NULL;
  guint n_options = 0;

  if (backend != NULL)
    options = malt_backend_list_options (backend, &n_options);
  for (guint i = 0; i < n_options; i++)
    if (g_str_equal (options[i]->name, option))
      return G_IS_PARAM_SPEC_UINT (options[i])     ? G_VARIANT_TYPE_UINT32
             : G_IS_PARAM_SPEC_UINT64 (options[i]) ? G_VARIANT_TYPE_UINT64
             : G_IS_PARAM_SPEC_BOXED (options[i])  ? G_VARIANT_TYPE_STRING_ARRAY
                                                   : G_VARIANT_TYPE_STRING;
  return NULL;
}

/* NAME=VALUE, the value as it is for a string and in GVariant text format for others. */
static GVariant *
parse_options (const char *backend, char **texts)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (texts[i], "=", 2);
      const GVariantType *type = find_option_type (backend, parts[0]);
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;

      if (type == NULL || parts[1] == NULL)
        g_error ("Bad option “%s” of the backend “%s”", texts[i], backend);
      if (g_variant_type_equal (type, G_VARIANT_TYPE_STRING))
        value = g_variant_ref_sink (g_variant_new_string (parts[1]));
      else
        value = g_variant_parse (type, parts[1], NULL, NULL, &error);
      if (value == NULL)
        g_error ("Bad value of the option “%s”: %s", parts[0], error->message);
      g_variant_builder_add (&builder, "{sv}", parts[0], value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static char **
get_arguments (int argc, char **argv)
{
  g_auto (GStrv) arguments = NULL;
  g_autofree char *text = NULL;

  if (argc <= 1 && g_getenv (CONTRACT_ARGUMENTS_VARIABLE) != NULL)
    return g_strsplit (g_getenv (CONTRACT_ARGUMENTS_VARIABLE), "\n", -1);
  arguments = g_new0 (char *, argc + 1);
  for (int i = 0; i < argc; i++)
    arguments[i] = g_strdup (argv[i]);
  text = g_strjoinv ("\n", arguments);
  g_setenv (CONTRACT_ARGUMENTS_VARIABLE, text, TRUE);
  return g_steal_pointer (&arguments);
}

/* What the cases need beside the library is in a folder of its own, or, in a build folder, beside
 * the program. (transfer full) */
static char *
find_data (const char *name)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (program != NULL ? program : "/");

  if (g_file_test (CONTRACT_DATA_DIR, G_FILE_TEST_IS_DIR))
    return g_build_filename (CONTRACT_DATA_DIR, name, NULL);
  return g_build_filename (folder, name, NULL);
}

/* How a process for one case is started. (transfer full) */
static char **
make_child_arguments (const ContractSettings *settings, char **option_texts)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);

  g_strv_builder_add_many (builder, program, "--backend", settings->backend, NULL);
  if (settings->modules != NULL)
    g_strv_builder_add_many (builder, "--modules", settings->modules, NULL);
  if (settings->peer != NULL)
    g_strv_builder_add_many (builder, "--peer", settings->peer, NULL);
  if (settings->pool)
    g_strv_builder_add (builder, "--pool");
  if (settings->needs_options)
    g_strv_builder_add (builder, "--needs-options");
  for (guint i = 0; option_texts != NULL && option_texts[i] != NULL; i++)
    g_strv_builder_add_many (builder, "--option", option_texts[i], NULL);
  return g_strv_builder_end (builder);
}

static int
run_apart (const ContractSettings *settings, char **option_texts, char **only, int deadline_sec)
{
  g_auto (GStrv) arguments = make_child_arguments (settings, option_texts);
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltBackend) backend = malt_lookup_backend (settings->backend, &error);
  int status;

  if (backend == NULL)
    {
      g_printerr ("%s\n", error->message);
      return CONTRACT_EXIT_USAGE;
    }

  g_unsetenv (CONTRACT_ARGUMENTS_VARIABLE);
  malt_contract_init (settings);
  status = contract_run_apart ((const char *const *) arguments, (const char *const *) only,
                               deadline_sec);
  if (only == NULL)
    contract_report_performance (settings);
  return status;
}

/* Where the sandbox that every worker is to have cannot be had, TAP says why. */
static gboolean
skip_all (const ContractSettings *settings)
{
  const char *sandbox = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_variant_lookup (settings->options, "sandbox", "&s", &sandbox)
      || g_str_equal (sandbox, "none"))
    return FALSE;
  if (malt_test_is_valgrind ())
    g_print ("1..0 # SKIP valgrind lets a worker set no limits\n");
  else if (!malt_sandbox_check (sandbox, &error)
           && error->code == MALT_ERROR_SANDBOX_UNAVAILABLE)
    g_print ("1..0 # SKIP %s\n", error->message);
  else
    return FALSE;
  return TRUE;
}

int
malt_contract_main (int argc, char **argv)
{
  static ContractSettings settings = { .backend = "process" };
  int deadline_sec = CONTRACT_APART_DEADLINE_SEC;
  gboolean is_apart = FALSE;
  gboolean is_list = FALSE;
  g_auto (GStrv) only = NULL;
  g_auto (GStrv) option_texts = NULL;
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("— the contract of a backend");
  const GOptionEntry entries[] = {
    { "apart", 0, 0, G_OPTION_ARG_NONE, &is_apart, "Each case in a process of its own", NULL },
    { "backend", 'b', 0, G_OPTION_ARG_STRING, &settings.backend, "The backend", "NAME" },
    { "deadline", 0, 0, G_OPTION_ARG_INT, &deadline_sec,
      "With --apart: the end of a case that takes longer", "SECONDS" },
    { "modules", 0, 0, G_OPTION_ARG_FILENAME, &settings.modules, "Where contract.so is", "FOLDER" },
    { "needs-options", 0, 0, G_OPTION_ARG_NONE, &settings.needs_options,
      "No worker starts without the options that are given here", NULL },
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only,
      "With --apart: only cases that begin so", "/PATH" },
    { "peer", 0, 0, G_OPTION_ARG_FILENAME, &settings.peer, "The program contract-peer", "FILE" },
    { "pool", 0, 0, G_OPTION_ARG_NONE, &settings.pool, "Each worker is a pool of one", NULL },
    { "option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &option_texts, "For every worker",
      "NAME=VALUE" },
    { "list-cases", 0, 0, G_OPTION_ARG_NONE, &is_list, "Print each case and what it needs", NULL },
    { NULL }
  };

  setlocale (LC_CTYPE, "");
  g_test_init (&argc, &argv, NULL);
  arguments = get_arguments (argc, argv);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    {
      g_printerr ("%s\n", error->message);
      return CONTRACT_EXIT_USAGE;
    }
  settings.modules = settings.modules != NULL ? settings.modules : find_data (".");
  settings.peer = settings.peer != NULL ? settings.peer : find_data ("contract-peer");
  if (is_list)
    {
      malt_contract_list_cases ();
      return 0;
    }
  /* The backend may be in a folder of its plugin-path. What is wrong with it is told by a case. */
  malt_config_get_default (NULL);
  settings.options = parse_options (settings.backend, option_texts);
  if (skip_all (&settings))
    return 0;
  if (is_apart)
    return run_apart (&settings, option_texts, only, deadline_sec);

  malt_contract_init (&settings);
  malt_contract_add_cases ();
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-contract.h"

/* A case that runs in a process of its own is started without the arguments of this one. */
#define CONTRACT_ARGUMENTS_VARIABLE "MALT_CONTRACT_ARGUMENTS"

static GVariant *
answer (MaltInvocation *invocation, GVariant *args, GVariant *kwargs, gpointer data, GError **error)
{
  return g_variant_new_int64 (42);
}

/* This program is a worker too, for the case "executable=self". */
static gboolean
load_static_module (MaltModule *module, GError **error)
{
  malt_module_add_function (module, "answer", "()", MALT_FUNCTION_FLAGS_NONE, answer, NULL, NULL);
  return TRUE;
}

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

int
main (int argc, char **argv)
{
  static ContractSettings settings = { .backend = "process" };
  gboolean is_list = FALSE;
  g_auto (GStrv) option_texts = NULL;
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("— the contract of a backend");
  const GOptionEntry entries[] = {
    { "backend", 0, 0, G_OPTION_ARG_STRING, &settings.backend, "The backend", "NAME" },
    { "modules", 0, 0, G_OPTION_ARG_FILENAME, &settings.modules, "Where contract.so is", "FOLDER" },
    { "peer", 0, 0, G_OPTION_ARG_FILENAME, &settings.peer, "The program contract-peer", "FILE" },
    { "pool", 0, 0, G_OPTION_ARG_NONE, &settings.pool, "Each worker is a pool of one", NULL },
    { "option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &option_texts, "For every worker", "NAME=VALUE" },
    { "list-cases", 0, 0, G_OPTION_ARG_NONE, &is_list, "Print each case and what it needs", NULL },
    { NULL }
  };

  malt_register_static_module ("contract_static", load_static_module);
  malt_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  arguments = get_arguments (argc, argv);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, &error))
    g_error ("%s", error->message);
  if (is_list)
    {
      malt_contract_list_cases ();
      return 0;
    }
  settings.options = parse_options (settings.backend, option_texts);

  malt_contract_init (&settings);
  malt_contract_add_cases ();
  return g_test_run ();
}

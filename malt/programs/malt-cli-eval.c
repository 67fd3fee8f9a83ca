/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

static int
run_eval (int    argc,
          char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_eval;
  g_autofree char *module = NULL;
  const GOptionEntry entries[] = {
    { "module", 'm', 0, G_OPTION_ARG_FILENAME, &module,
      "Evaluate in this module of the worker (Main)", "NAME" },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (MaltCliWorkerOptions) options = { 0 };
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (MaltCall) call = NULL;
  g_autofree char *expression = NULL;
  MaltCliFormatOptions format = { 0 };
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, &options, &format, argc, argv, &words, &status))
    return status;
  if (words[0] == NULL)
    return malt_cli_fail_usage (verb, "An expression is missing");

  if (module == NULL || malt_cli_check_utf8 (module, &error))
    expression = malt_cli_read_expression (words[0], &error);
  if (expression != NULL)
    args = malt_cli_parse_arguments (words + 1, &error);
  if (args == NULL)
    return malt_cli_fail_usage (verb, "%s", error->message);

  call = malt_call_new_eval (module, expression, args);
  return malt_cli_run_call (&options, call, NULL, malt_cli_format_get (&format));
}

const MaltCliVerb malt_cli_verb_eval = {
  .name = "eval",
  .parameters = "EXPRESSION [ARGUMENT…]",
  .summary = "Evaluates an expression in a worker and prints its value",
  .description =
    "The expression is Lua; “-” reads it from standard input. It sees the ARGUMENTs as “...”.\n"
    MALT_CLI_HELP_VALUES
    "\n"
    "Examples:\n"
    "  malt eval '6 * 7'\n"
    "  malt eval 'local a, b = ...; return a .. b' one two\n"
    "  malt eval --json '{name = \"malt\", ok = true}'\n"
    "  malt eval --timeout 500 'while true do end'\n"
    "  malt eval - < program.lua",
  .run = run_eval,
};

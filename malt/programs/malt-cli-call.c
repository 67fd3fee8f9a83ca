/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-cli-private.h"

static int
run_call (int    argc,
          char **argv)
{
  const MaltCliVerb *verb = &malt_cli_verb_call;
  g_auto (GStrv) keyword_words = NULL;
  const GOptionEntry entries[] = {
    { "keyword", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &keyword_words,
      "A keyword argument; may be repeated", "NAME=VALUE" },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (MaltCliWorkerOptions) options = { 0 };
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) args = NULL;
  g_autoptr (GVariant) keywords = NULL;
  g_autoptr (MaltCall) call = NULL;
  MaltCliFormatOptions format = { 0 };
  MaltCliExit status;

  if (!malt_cli_parse (verb, entries, &options, &format, argc, argv, &words, &status))
    return status;
  if (!malt_cli_check_function (words[0], &error))
    return malt_cli_fail_usage (verb, "%s", error->message);

  args = malt_cli_parse_arguments (words + 1, &error);
  if (args != NULL)
    keywords = malt_cli_parse_keywords (keyword_words, &error);
  if (error != NULL)
    return malt_cli_fail_usage (verb, "%s", error->message);

  call = malt_call_new (words[0], args, keywords);
  return malt_cli_run_call (&options, call, words + 1, malt_cli_format_get (&format));
}

const MaltCliVerb malt_cli_verb_call = {
  .name = "call",
  .parameters = "FUNCTION [ARGUMENT…]",
  .summary = "Calls a function in a worker and prints its result",
  .description =
    "FUNCTION is “module.function”: of a function module (see malt modules), of Lua's library,\n"
    "or a built-in one such as malt.list. An ARGUMENT that a function takes as another type than "
    "it\n"
    "looks like is read as that: 1 is 1.0 for malt.sleep.\n"
    MALT_CLI_HELP_VALUES
    "\n"
    "Examples:\n"
    "  malt call string.upper hello\n"
    "  malt call checksum.file sha256 /etc/os-release\n"
    "  malt call malt.list --json\n"
    "  malt call math.max -5 3 '-2'\n"
    "  malt call malt.ping '{\"a\": <1>, \"b\": <true>}'",
  .run = run_call,
};

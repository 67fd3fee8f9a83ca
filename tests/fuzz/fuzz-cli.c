/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"
#include "malt/programs/malt-cli-private.h"
#include "tests/malt/malt-fake-worker.h"

#include <string.h>

/* Words of the command line, a line each: the first is the type that a function takes. They are
 * taken as arguments, as keywords and as options of a backend. */

static void
check (gpointer      result,
       const GError *error)
{
  g_assert_true (result == NULL || error == NULL);
  g_assert_true (error == NULL || g_utf8_validate (error->message, -1, NULL));
}

static void
try_arguments (char       **words,
               const char  *signature)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) args = malt_cli_parse_arguments (words, &error);
  g_autoptr (GVariant) fitting = NULL;
  g_autofree char *json = NULL;

  check (args, error);
  if (args == NULL)
    return;

  json = malt_cli_value_to_json (args);
  g_assert_true (g_utf8_validate (json, -1, NULL));
  if (!g_variant_type_string_is_valid (signature)
      || !g_variant_type_is_definite (G_VARIANT_TYPE (signature)))
    return;

  fitting = malt_cli_fit_arguments (args, words, G_VARIANT_TYPE (signature));
  g_assert_true (g_variant_is_of_type (fitting, G_VARIANT_TYPE_TUPLE));
}

static void
try_keywords (char **words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) kwargs = malt_cli_parse_keywords (words, &error);

  check (kwargs, error);
}

static void
try_options (char **words)
{
  g_autoptr (MaltBackend) backend = malt_lookup_backend ("fake", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) options = malt_cli_parse_options (backend, words, &error);

  check (options, error);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static gboolean is_registered;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  if (!is_registered)
    malt_fake_worker_register ();
  is_registered = TRUE;

  /* Standard input is the fuzzer's. */
  if (lines[0] == NULL || strstr (text, "@-") != NULL)
    return 0;

  try_arguments (lines + 1, lines[0]);
  try_keywords (lines + 1);
  try_options (lines + 1);

  return 0;
}

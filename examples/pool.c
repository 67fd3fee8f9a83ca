/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pool of workers: every one knows a function, and all of them work on a list. */

#include <malt/malt.h>

static GVariant *
count_words (GVariant  *lines,
             GError   **error)
{
  g_autoptr (MaltPool) pool = malt_pool_new ("process", 2, NULL, error);

  if (pool == NULL
      || !malt_pool_eval_everywhere (pool, NULL,
                                     "function words (line)"
                                     "  return select (2, line:gsub ('%S+', ''))"
                                     " end",
                                     NULL, NULL, error))
    return NULL;

  return malt_pool_map (pool, "words", lines, NULL, error);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) lines = g_variant_ref_sink (
    g_variant_new_parsed ("[('one two',), ('',), ('three four five',)]"));
  g_autoptr (GVariant) counts = count_words (lines, &error);
  g_autofree char *text = NULL;

  if (counts == NULL)
    g_error ("%s", error->message);
  text = g_variant_print (counts, FALSE);
  g_print ("%s\n", text);

  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"

static const char *const names[] = { "call-timeout", "executable", "stderr", "stdout", NULL };

static void
test_nearest (void)
{
  static const struct
  {
    const char *name;
    const char *expected;
  } cases[] = {
    { "stdout", "stdout" },
    { "stduot", "stdout" },
    { "stder", "stderr" },
    { "call_timeout", "call-timeout" },
    { "execute", NULL },
    { "", NULL },
    { "x", NULL },
    { "completely-different", NULL },
  };
  g_autofree char *endless = g_strnfill (100000, 's');

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (malt_names_find_nearest (cases[i].name, names), ==, cases[i].expected);

  g_assert_null (malt_names_find_nearest (endless, names));
}

/* Two letters that have changed places are one mistake, also in a short name. */
static void
test_neighbours (void)
{
  static const char *const verbs[] = { "call", "eval", "map", NULL };

  g_assert_cmpstr (malt_names_find_nearest ("evla", verbs), ==, "eval");
  g_assert_cmpstr (malt_names_find_nearest ("mpa", verbs), ==, "map");
  g_assert_cmpstr (malt_names_find_nearest ("acll", verbs), ==, "call");
  g_assert_null (malt_names_find_nearest ("llac", verbs));
}

static void
test_explanation (void)
{
  static const char *const none[] = { NULL };
  g_autofree char *near = malt_names_explain_unknown ("stduot", names);
  g_autofree char *far = malt_names_explain_unknown ("xyzzy", names);
  g_autofree char *empty = malt_names_explain_unknown ("xyzzy", none);

  g_assert_cmpstr (near, ==,
                   "not among call-timeout, executable, stderr, stdout; did you mean “stdout”?");
  g_assert_cmpstr (far, ==, "not among call-timeout, executable, stderr, stdout");
  g_assert_cmpstr (empty, ==, "there are none");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/names/nearest", test_nearest);
  g_test_add_func ("/malt/names/neighbours", test_neighbours);
  g_test_add_func ("/malt/names/explanation", test_explanation);

  return g_test_run ();
}

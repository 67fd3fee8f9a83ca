/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt-plugin.h>

static void
test_shows_text (void)
{
  static const struct
  {
    const char *bytes;
    gsize       length;
    const char *shown;
  } cases[] = {
    { "", 0, "" },
    { "plain\ttext\n", 11, "plain\ttext\n" },
    { "gr\303\274n", 5, "gr\303\274n" },
    { "\033]52;c;x\007", 9, "\\x1B]52;c;x\\x07" },
    { "fake\rline", 9, "fake\\x0Dline" },
    { "\302\233" "31m", 5, "\\xC2\\x9B31m" },
    { "\377\376", 2, "\\xFF\\xFE" },
    { "gr\303", 3, "gr\\xC3" },
    { "a\0b", 3, "a\\x00b" },
    { "\177", 1, "\\x7F" },
    { "a\342\200\256b", 5, "a\\xE2\\x80\\xAEb" },
    { "a\342\201\246b", 5, "a\\xE2\\x81\\xA6b" },
    { "a\342\200\250b", 5, "a\\xE2\\x80\\xA8b" },
    { "a\342\200\215b", 5, "a\342\200\215b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) shown = g_string_new ("<");
      g_autofree char *expected = g_strconcat ("<", cases[i].shown, NULL);

      malt_terminal_append (shown, cases[i].bytes, cases[i].length);
      g_assert_cmpstr (shown->str, ==, expected);
    }
}

/* Of the first two planes, those that Unicode calls controls, and those of direction. */
static void
test_characters (void)
{
  guint n_found = 0;

  for (gunichar character = 0; character < 0x20000; character++)
    n_found += malt_terminal_acts_on (character);

  g_assert_cmpuint (n_found, ==, 65 - 2 + 3 + 7 + 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/terminal/shows-text", test_shows_text);
  g_test_add_func ("/malt/terminal/characters", test_characters);

  return g_test_run ();
}

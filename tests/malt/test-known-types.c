/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-known-types-private.h"

#include <string.h>

/* More than are remembered. */
#define N_TYPES 500u

static const GVariantType *
lookup (const char *type_string)
{
  return malt_known_types_lookup (type_string, strlen (type_string));
}

static void
test_found (void)
{
  g_autofree char *copy = g_strdup ("(sa{sv}ad)");

  g_assert_null (lookup (copy));
  malt_known_types_add (G_VARIANT_TYPE (copy));
  memset (copy, 'x', strlen (copy));

  g_assert_true (g_variant_type_equal (lookup ("(sa{sv}ad)"), G_VARIANT_TYPE ("(sa{sv}ad)")));
  g_assert_null (lookup ("(sa{sv}a"));
  g_assert_null (lookup (""));
  g_assert_null (lookup ("("));
}

/* Part of a longer string, as in a frame. */
static void
test_length_counts (void)
{
  malt_known_types_add (G_VARIANT_TYPE ("ad"));

  g_assert_nonnull (malt_known_types_lookup ("adxyz", 2));
  g_assert_null (malt_known_types_lookup ("adxyz", 3));
}

static void
test_long_ones_are_not_kept (void)
{
  const char *type_string = "(sssssssssssssssssssssssssssssssssssss)";

  malt_known_types_add (G_VARIANT_TYPE (type_string));
  g_assert_null (lookup (type_string));
}

/* What is found is what was asked for, whatever was forgotten. */
static void
test_many (void)
{
  static const char letters[] = "bynqiuxtds";
  guint n_found = 0;

  for (guint i = 0; i < N_TYPES; i++)
    {
      const char type_string[] = { '(', letters[i % 10], letters[i / 10 % 10], letters[i / 100],
                                   ')', '\0' };

      malt_known_types_add (G_VARIANT_TYPE (type_string));
      g_assert_true (g_variant_type_equal (lookup (type_string), G_VARIANT_TYPE (type_string)));
    }

  for (guint i = 0; i < N_TYPES; i++)
    {
      const char type_string[] = { '(', letters[i % 10], letters[i / 10 % 10], letters[i / 100],
                                   ')', '\0' };
      const GVariantType *type = lookup (type_string);

      if (type == NULL)
        continue;
      n_found++;
      g_assert_true (g_variant_type_equal (type, G_VARIANT_TYPE (type_string)));
    }
  g_assert_cmpuint (n_found, >, 0);
  g_assert_cmpuint (n_found, <, N_TYPES);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/malt/known-types/found", test_found);
  g_test_add_func ("/malt/known-types/length-counts", test_length_counts);
  g_test_add_func ("/malt/known-types/long-ones-are-not-kept", test_long_ones_are_not_kept);
  g_test_add_func ("/malt/known-types/many", test_many);
  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-fuzz.h"

#include <malt/malt-plugin.h>

/* Values as text. The first byte picks the type that is asked for, the rest is the text. */

/* The last is a line of a recording, see examples/custom-backend/. */
static const char *const types[] = {
  NULL, "ay", "s", "d", "x", "as", "av", "a{sv}", "mv", "(ii)", "((sva{sv})a{sv})",
};

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *type;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GVariant) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;

  if (size == 0)
    return 0;

  type = types[data[0] % G_N_ELEMENTS (types)];
  value = malt_parse_variant (type != NULL ? G_VARIANT_TYPE (type) : NULL,
                              (const char *) data + 1, (gssize) size - 1, &error);
  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  g_assert_false (g_variant_is_floating (value));
  g_assert_true (type == NULL || g_variant_is_of_type (value, G_VARIANT_TYPE (type)));

  /* What is printed can be read, and is the same; but for what is too deep with its types. */
  text = g_variant_print (value, TRUE);
  again = malt_parse_variant (g_variant_get_type (value), text, -1, NULL);
  if (again == NULL)
    return 0;

  text_again = g_variant_print (again, TRUE);
  g_assert_cmpstr (text, ==, text_again);

  return 0;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-parse-variant.h"

#include <string.h>

/* Digits of the escapes \u and \U. */
#define SHORT_DIGITS 4u
#define LONG_DIGITS 8u

/* NULL: each stands for a character, or is no number at all, which GVariant tells. Where there are
 * none, in byte strings, a backslash is followed by something else. */
static const char *
find_bad_escape (const char *text,
                 gsize       length)
{
  for (gsize i = 0; i + 1 < length; i++)
    {
      char digits[LONG_DIGITS + 1] = "";
      gsize n_digits;

      if (text[i] != '\\')
        continue;

      i++;
      n_digits = text[i] == 'u' ? SHORT_DIGITS : text[i] == 'U' ? LONG_DIGITS : 0;
      memcpy (digits, text + i + 1, MIN (n_digits, length - i - 1));
      if (!g_unichar_validate ((gunichar) g_ascii_strtoull (digits, NULL, 16)))
        return text + i - 1;
    }

  return NULL;
}

/**
 * malt_parse_variant: (skip)
 * @type: (nullable): the type that the value is to have, %NULL for any
 * @text: the text, any bytes
 * @length: its length in bytes, or −1 if it ends with a NUL
 * @error: return location for an error
 *
 * Parses a value in the text format of GVariant, as g_variant_parse() does, of
 * text that comes from a file, a user or a program and may be anything.
 *
 * Memory is needed for a short while, up to a hundred times that of the text:
 * who does not know where it comes from bounds its length.
 *
 * Errors: those of `G_VARIANT_PARSE_ERROR`, with the position in the message.
 *
 * Returns: (transfer full): the value, not floating; %NULL on error
 *
 * Since: 0.1
 */
GVariant *
malt_parse_variant (const GVariantType  *type,
                    const char          *text,
                    gssize               length,
                    GError             **error)
{
  gsize n_bytes;
  const char *bad;

  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  n_bytes = length >= 0 ? (gsize) length : strlen (text);
  if (g_utf8_validate_len (text, n_bytes, &bad))
    bad = find_bad_escape (text, n_bytes);
  if (bad == NULL)
    return g_variant_parse (type, text, text + n_bytes, NULL, error);

  g_set_error (error, G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_INVALID_CHARACTER,
               "%" G_GSIZE_FORMAT ":not a character", (gsize) (bad - text));
  return NULL;
}

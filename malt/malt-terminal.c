/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-terminal.h"

/* Source: Unicode Standard Annex 9, “Unicode Bidirectional Algorithm”, section 2, and the
 * separators of lines and paragraphs, which end what it works on. */
static gboolean
is_direction (gunichar character)
{
  return character == 0x061c || character == 0x200e || character == 0x200f
         || (character >= 0x2028 && character <= 0x202e)
         || (character >= 0x2066 && character <= 0x2069);
}

/**
 * malt_terminal_acts_on: (skip)
 * @character: a character
 *
 * Checks whether a terminal does more with a character than to show it: moves the
 * cursor, takes what follows for a command, or turns the order of a line round, so
 * that text of a worker could pass for another. Newline and tab are shown.
 *
 * Returns: %TRUE for the other control characters of ASCII and of Latin-1, and for
 *   those that set the direction of text
 *
 * Since: 0.1
 */
gboolean
malt_terminal_acts_on (gunichar character)
{
  return (g_unichar_iscntrl (character) && character != '\n' && character != '\t')
         || is_direction (character);
}

/**
 * malt_terminal_append: (skip)
 * @string: where to append to
 * @text: bytes of a worker, or of somebody else
 * @length: how many bytes
 *
 * Appends text so that a terminal only shows it: characters that it would act on
 * (see [func@Malt.terminal_acts_on]), and what is not UTF-8, as `\x1B`, a byte at a
 * time.
 *
 * Since: 0.1
 */
void
malt_terminal_append (GString    *string,
                      const char *text,
                      gsize       length)
{
  g_return_if_fail (string != NULL);
  g_return_if_fail (text != NULL || length == 0);

  while (length > 0)
    {
      gunichar character = g_utf8_get_char_validated (text, (gssize) length);
      gboolean is_valid = character != (gunichar) -1 && character != (gunichar) -2;
      gsize size = is_valid ? (gsize) (g_utf8_next_char (text) - text) : 1;

      if (is_valid && !malt_terminal_acts_on (character))
        g_string_append_len (string, text, (gssize) size);
      else
        for (gsize i = 0; i < size; i++)
          g_string_append_printf (string, "\\x%02X", (guint8) text[i]);
      text += size;
      length -= size;
    }
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-syntax-private.h"

#include <math.h>
#include <string.h>

/* JsonParser takes more than JSON (comments, two values in a row, nothing at all, hexadecimal
 * numbers), other things in every version, recurses as deep as the text says, and its messages
 * rarely name what it found. So it only gets what has passed here.
 *
 * Source: RFC 8259, sections 2 to 9. */
typedef struct
{
  const char *at;
  const char *end;
  guint       line;
  guint       depth;
  char       *mistake; /* owned; NULL while there is none */
} Scanner;

static gboolean scan_value (Scanner *self);

static gboolean
fail (Scanner    *self,
      const char *mistake)
{
  self->mistake = g_strdup (mistake);

  return FALSE;
}

static gboolean
fail_expected (Scanner    *self,
               const char *expected)
{
  if (self->at == self->end)
    self->mistake = g_strdup_printf ("it ends where %s is expected", expected);
  else if (g_unichar_isprint (g_utf8_get_char (self->at)))
    self->mistake = g_strdup_printf ("found “%.*s” where %s is expected",
                                     (int) (g_utf8_next_char (self->at) - self->at), self->at,
                                     expected);
  else
    self->mistake = g_strdup_printf ("found U+%04X where %s is expected",
                                     g_utf8_get_char (self->at), expected);

  return FALSE;
}

static void
skip_space (Scanner *self)
{
  for (; self->at < self->end && strchr (" \t\r\n", *self->at) != NULL; self->at++)
    {
      if (*self->at == '\n')
        self->line++;
    }
}

/* No text has a NUL, so that none is found at the end. */
static gboolean
is_at (Scanner *self,
       char     c)
{
  return self->at < self->end && *self->at == c;
}

static gboolean
is_at_digit (Scanner *self)
{
  return self->at < self->end && g_ascii_isdigit (*self->at);
}

static gboolean
take (Scanner *self,
      char     c)
{
  if (!is_at (self, c))
    return FALSE;

  self->at++;
  return TRUE;
}

static gboolean
scan_hex (Scanner *self,
          guint   *code)
{
  *code = 0;
  for (guint i = 0; i < 4; i++, self->at++)
    {
      if (self->at == self->end || !g_ascii_isxdigit (*self->at))
        return fail_expected (self, "a hexadecimal digit");
      *code = *code * 16 + (guint) g_ascii_xdigit_value (*self->at);
    }

  return TRUE;
}

/* After the “\u”. */
static gboolean
scan_code (Scanner *self)
{
  guint code, low;

  if (!scan_hex (self, &code))
    return FALSE;
  if (code == 0)
    return fail (self, "a string cannot hold the character U+0000");
  if (code < 0xd800 || code > 0xdfff)
    return TRUE;

  if (code >= 0xdc00 || !take (self, '\\') || !take (self, 'u'))
    return fail (self, "half a character, a surrogate without its other half");
  if (!scan_hex (self, &low))
    return FALSE;
  if (low < 0xdc00 || low > 0xdfff)
    return fail (self, "half a character, a surrogate without its other half");

  return TRUE;
}

static gboolean
scan_string (Scanner *self)
{
  if (!take (self, '"'))
    return fail_expected (self, "a name in quotes");

  while (!take (self, '"'))
    {
      if (self->at == self->end || (guchar) *self->at < 0x20)
        return fail_expected (self, "the quote that ends a string");
      if (*self->at++ != '\\')
        continue;

      if (take (self, 'u'))
        {
          if (!scan_code (self))
            return FALSE;
        }
      else if (self->at < self->end && strchr ("\"\\/bfnrt", *self->at) != NULL)
        self->at++;
      else
        return fail_expected (self, "one of \" \\ / b f n r t u, after a backslash,");
    }

  return TRUE;
}

static gboolean
scan_digits (Scanner *self)
{
  if (!is_at_digit (self))
    return fail_expected (self, "a digit");
  while (is_at_digit (self))
    self->at++;

  return TRUE;
}

static gboolean
scan_fraction (Scanner *self)
{
  if (take (self, '.') && !scan_digits (self))
    return FALSE;
  if (!take (self, 'e') && !take (self, 'E'))
    return TRUE;

  if (!take (self, '+'))
    take (self, '-');
  return scan_digits (self);
}

static gboolean
scan_number (Scanner *self)
{
  const char *start = self->at;
  gboolean is_integer;
  g_autofree char *number = NULL;

  take (self, '-');
  if (!take (self, '0') && !scan_digits (self))
    return FALSE;
  is_integer = !is_at (self, '.') && !is_at (self, 'e') && !is_at (self, 'E');
  if (!scan_fraction (self))
    return FALSE;

  number = g_strndup (start, (gsize) (self->at - start));
  if (is_integer ? !g_ascii_string_to_signed (number, 10, G_MININT64, G_MAXINT64, NULL, NULL)
                 : !isfinite (g_ascii_strtod (number, NULL)))
    return fail (self, "a number that does not fit 64 bits");

  return TRUE;
}

static gboolean
scan_member (Scanner *self)
{
  skip_space (self);
  if (!scan_string (self))
    return FALSE;

  skip_space (self);
  if (!take (self, ':'))
    return fail_expected (self, "“:”");

  return scan_value (self);
}

/* After the bracket that opens it. */
static gboolean
scan_container (Scanner  *self,
                gboolean  is_object)
{
  const char closing = is_object ? '}' : ']';

  if (++self->depth > MALT_CONFIG_DEPTH_MAX)
    {
      self->mistake = g_strdup_printf ("nested deeper than %u", MALT_CONFIG_DEPTH_MAX);
      return FALSE;
    }

  skip_space (self);
  if (!is_at (self, closing))
    {
      do
        {
          if (!(is_object ? scan_member (self) : scan_value (self)))
            return FALSE;
          skip_space (self);
        }
      while (take (self, ','));
    }

  self->depth--;
  return take (self, closing) || fail_expected (self, is_object ? "“,” or “}”" : "“,” or “]”");
}

static gboolean
scan_word (Scanner *self)
{
  static const char *const words[] = { "true", "false", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i]);

      if ((gsize) (self->end - self->at) >= length && memcmp (self->at, words[i], length) == 0)
        {
          self->at += length;
          return TRUE;
        }
    }

  return fail_expected (self, "a value");
}

static gboolean
scan_value (Scanner *self)
{
  skip_space (self);
  if (take (self, '{'))
    return scan_container (self, TRUE);
  if (take (self, '['))
    return scan_container (self, FALSE);
  if (is_at (self, '"'))
    return scan_string (self);
  if (is_at (self, '-') || is_at_digit (self))
    return scan_number (self);

  return scan_word (self);
}

static gboolean
scan_text (Scanner *self)
{
  if (!scan_value (self))
    return FALSE;

  skip_space (self);
  return self->at == self->end || fail_expected (self, "nothing more");
}

static guint
count_lines (const char *text,
             const char *end)
{
  guint line = 1;

  for (; text < end; text++)
    {
      if (*text == '\n')
        line++;
    }

  return line;
}

char *
malt_config_syntax_find_mistake (const char *text,
                                 gsize       length,
                                 guint      *line)
{
  Scanner self = { .at = text, .end = text + length, .line = 1 };
  const char *invalid;

  if (!g_utf8_validate_len (text, length, &invalid))
    {
      *line = count_lines (text, invalid);
      return g_strdup (*invalid == '\0' && invalid < self.end ? "it has a NUL" : "it is not UTF-8");
    }

  if (!scan_text (&self))
    {
      g_autofree char *mistake = self.mistake;

      *line = self.line;
      return g_strdup_printf ("it is not JSON: %s", mistake);
    }

  return NULL;
}

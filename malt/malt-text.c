/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-text-private.h"

#include <string.h>

#define ELLIPSIS "…"

/* The largest length up to `length` at which no character is cut in two. */
static gsize
find_boundary (const char *text,
               gsize       length)
{
  gsize boundary = length;

  while (boundary > 0 && length - boundary < 4 && ((guchar) text[boundary] & 0xc0) == 0x80)
    boundary--;

  return boundary;
}

char *
malt_text_dup_valid (const char *text,
                     gsize       max_bytes)
{
  gsize length = text != NULL ? strnlen (text, max_bytes + 1) : 0;
  g_autofree char *valid = NULL;

  if (length <= max_bytes)
    return g_utf8_make_valid (length > 0 ? text : "", (gssize) length);

  length = max_bytes > strlen (ELLIPSIS) ? max_bytes - strlen (ELLIPSIS) : 0;
  valid = g_utf8_make_valid (text, (gssize) find_boundary (text, length));

  return g_strconcat (valid, ELLIPSIS, NULL);
}

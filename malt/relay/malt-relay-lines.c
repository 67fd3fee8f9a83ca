/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/relay/malt-relay-lines-private.h"

#include <string.h>

/* Ends a line, or a piece of one. A line that was cut exactly before its newline has nothing
 * left. */
static void
hand_out (MaltRelayLines    *self,
          const char        *line,
          gsize              length,
          gboolean           at_newline,
          MaltRelayLineFunc  func,
          gpointer           user_data)
{
  if (length > 0 || !self->was_cut)
    func (line, length, user_data);
  self->was_cut = !at_newline;
}

void
malt_relay_lines_feed (MaltRelayLines    *self,
                       const char        *bytes,
                       gsize              length,
                       MaltRelayLineFunc  func,
                       gpointer           user_data)
{
  while (length > 0)
    {
      const char *newline = memchr (bytes, '\n', length);
      gsize rest = newline != NULL ? (gsize) (newline - bytes) : length;
      gsize taken = MIN (rest, sizeof self->bytes - self->length);
      gboolean at_newline = newline != NULL && taken == rest;

      /* A whole line that lies in one piece is not copied. */
      if (self->length == 0 && (at_newline || taken == sizeof self->bytes))
        hand_out (self, bytes, taken, at_newline, func, user_data);
      else
        {
          memcpy (self->bytes + self->length, bytes, taken);
          self->length += taken;
          if (at_newline || self->length == sizeof self->bytes)
            {
              hand_out (self, self->bytes, self->length, at_newline, func, user_data);
              self->length = 0;
            }
        }
      if (at_newline)
        taken++;
      bytes += taken;
      length -= taken;
    }
}

void
malt_relay_lines_flush (MaltRelayLines    *self,
                        MaltRelayLineFunc  func,
                        gpointer           user_data)
{
  if (self->length > 0)
    hand_out (self, self->bytes, self->length, TRUE, func, user_data);
  self->length = 0;
  self->was_cut = FALSE;
}

void
malt_relay_tail_feed (MaltRelayTail *self,
                      const char    *bytes,
                      gsize          length)
{
  if (length > sizeof self->bytes)
    {
      self->total += length - sizeof self->bytes;
      bytes += length - sizeof self->bytes;
      length = sizeof self->bytes;
    }
  while (length > 0)
    {
      gsize offset = self->total % sizeof self->bytes;
      gsize taken = MIN (length, sizeof self->bytes - offset);

      memcpy (self->bytes + offset, bytes, taken);
      self->total += taken;
      bytes += taken;
      length -= taken;
    }
}

char *
malt_relay_tail_dup (const MaltRelayTail *self)
{
  gsize length = MIN (self->total, sizeof self->bytes);
  gboolean cut = self->total > sizeof self->bytes;
  gsize offset = cut ? self->total % sizeof self->bytes : 0;
  g_autofree char *tail = g_malloc (length + 1);

  memcpy (tail, self->bytes + offset, length - offset);
  memcpy (tail + length - offset, self->bytes, offset);
  tail[length] = '\0';
  for (gsize i = 0; i < length; i++)
    if (tail[i] == '\0')
      tail[i] = ' ';

  const char *newline = cut ? strchr (tail, '\n') : NULL;
  gboolean has_whole_line = newline != NULL && newline[1] != '\0';
  return has_whole_line ? g_strdup (newline + 1) : g_steal_pointer (&tail);
}

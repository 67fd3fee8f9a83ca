/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/runtime/malt-near-name-private.h"

#include <string.h>

/* Longer names than this are nobody's typing mistake. */
#define NAME_MAX_BYTES 64

/* One slip in so many characters is a mistake, more is another name; as gcc has it for its hints. */
#define BYTES_PER_SLIP 3

/* Source: Levenshtein 1966, in the form of Wagner and Fischer 1974, with one row kept. */
static guint
get_distance (const char *a,
              gsize       a_length,
              const char *b,
              gsize       b_length)
{
  guint row[NAME_MAX_BYTES + 1];

  for (gsize j = 0; j <= b_length; j++)
    row[j] = j;

  for (gsize i = 1; i <= a_length; i++)
    {
      guint diagonal = row[0];

      row[0] = i;
      for (gsize j = 1; j <= b_length; j++)
        {
          guint above = row[j];
          guint changed = diagonal + (a[i - 1] != b[j - 1]);

          row[j] = MIN (changed, MIN (above, row[j - 1]) + 1);
          diagonal = above;
        }
    }

  return row[b_length];
}

const char *
malt_find_near_name (const char        *name,
                     const char *const *candidates)
{
  const char *nearest = NULL;
  gsize length = strnlen (name, NAME_MAX_BYTES + 1);
  guint least = length / BYTES_PER_SLIP + 1;

  if (length > NAME_MAX_BYTES)
    return NULL;

  for (guint i = 0; candidates[i] != NULL; i++)
    {
      gsize candidate_length = strnlen (candidates[i], NAME_MAX_BYTES + 1);
      guint distance;

      if (candidate_length > NAME_MAX_BYTES)
        continue;

      distance = get_distance (name, length, candidates[i], candidate_length);
      if (distance < least)
        {
          least = distance;
          nearest = candidates[i];
        }
    }

  return nearest;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-names-private.h"

#include <string.h>

/* Longer ones are not misspelt names, and the distance costs their product. */
#define MAX_NAME_BYTES 64u

/* How many bytes are wrong, too many, missing, or in the place of their neighbour. Three rows of
 * the table are enough.
 *
 * Source: the restricted Damerau–Levenshtein distance. */
static guint
edit_distance (const char *a,
               const char *b)
{
  gsize a_length = strlen (a);
  gsize b_length = strlen (b);
  guint rows[3][MAX_NAME_BYTES + 1];

  for (gsize j = 0; j <= b_length; j++)
    rows[0][j] = j;

  for (gsize i = 1; i <= a_length; i++)
    {
      const guint *before = rows[(i + 1) % 3];
      const guint *above = rows[(i - 1) % 3];
      guint *row = rows[i % 3];

      row[0] = i;
      for (gsize j = 1; j <= b_length; j++)
        {
          guint replaced = above[j - 1] + (a[i - 1] != b[j - 1]);

          row[j] = MIN (replaced, MIN (above[j], row[j - 1]) + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
    }

  return rows[a_length % 3][b_length];
}

const char *
malt_names_find_nearest (const char        *name,
                         const char *const *names)
{
  const char *nearest = NULL;
  guint nearest_distance;

  if (strlen (name) > MAX_NAME_BYTES)
    return NULL;

  /* A third of the letters may be wrong, and one of two. */
  nearest_distance = MAX (strlen (name) / 3, 1) + 1;
  for (gsize i = 0; names[i] != NULL; i++)
    {
      guint distance;

      if (strlen (names[i]) > MAX_NAME_BYTES)
        continue;

      distance = edit_distance (name, names[i]);
      if (distance < nearest_distance)
        {
          nearest = names[i];
          nearest_distance = distance;
        }
    }

  return nearest;
}

char *
malt_names_explain_unknown (const char        *name,
                            const char *const *names)
{
  const char *nearest = malt_names_find_nearest (name, names);
  g_autofree char *all = g_strjoinv (", ", (char **) names);

  if (names[0] == NULL)
    return g_strdup ("there are none");
  if (nearest == NULL || names[1] == NULL)
    return g_strdup_printf ("not among %s", all);

  return g_strdup_printf ("not among %s; did you mean “%s”?", all, nearest);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-line.h"

#include <string.h>

#define LINE_BEGINNING "malt-message "

char *
malt_distributed_line_new (GBytes *message)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (message, &size);
  g_autofree char *text = g_base64_encode (data, size);

  return g_strconcat (LINE_BEGINNING, text, "\n", NULL);
}

GBytes *
malt_distributed_line_parse (const char *line)
{
  gsize size;
  guchar *data;

  if (!g_str_has_prefix (line, LINE_BEGINNING) || strlen (line) > MALT_DISTRIBUTED_MAX_LINE_BYTES)
    return NULL;

  data = g_base64_decode (line + strlen (LINE_BEGINNING), &size);

  return g_bytes_new_take (data, size);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes as many blocking calls as it is told, and nothing else that depends on their number: what
 * two runs of different length differ by is the cost of a call. For test-instructions.py. */
#include "config.h"

#include <malt/malt.h>

static void
call_once (MaltAbstractWorker *worker, gint64 number)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = malt_abstract_worker_remote_call_fetch (
    worker, "malt.ping", g_variant_new ("(x)", number), NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_variant_get_int64 (value), ==, number);
}

int
main (int argc, char **argv)
{
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GError) error = NULL;
  guint64 n;

  malt_init (&argc, &argv);
  if (argc != 3 || !g_ascii_string_to_unsigned (argv[2], 10, 1, G_MAXUINT32, &n, NULL))
    {
      g_printerr ("Usage: bench-instructions BACKEND CALLS\n");
      return 2;
    }

  worker = malt_create_worker (argv[1], NULL, &error, NULL);
  g_assert_no_error (error);
  for (guint64 i = 0; i < n; i++)
    call_once (worker, (gint64) i);
  malt_abstract_worker_stop (worker, MALT_STOP_TIMEOUT_DEFAULT, MALT_STOP_TIMEOUT_DEFAULT, NULL,
                             NULL, &error);
  g_assert_no_error (error);
  return 0;
}

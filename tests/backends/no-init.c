/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>

/* A program that is its own worker, but for the call of malt_init(). Its status tells whether it
 * was refused. */
int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker =
    malt_create_worker ("process", NULL, &error, "executable", "self", NULL);

  if (worker != NULL)
    return 1;

  g_printerr ("%s\n", error->message);
  return g_error_matches (error, MALT_ERROR, MALT_ERROR_START_FAILED) ? 0 : 1;
}

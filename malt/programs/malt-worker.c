/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>

#include <stdio.h>
#include <string.h>

/* The worker program of the process backend: all of it is in malt_init(), so that any program can
 * be one. What follows there is for people who find it in libexec and try it. */
int
main (int    argc,
      char **argv)
{
  malt_init (&argc, &argv);

  if (argc == 2 && strcmp (argv[1], "--version") == 0)
    {
      printf ("malt-worker %s\n", MALT_VERSION);
      return 0;
    }

  fprintf (argc == 2 && strcmp (argv[1], "--help") == 0 ? stdout : stderr,
           "malt-worker runs code for another program, which starts it through libmalt.\n"
           "To run code in a worker by hand, use: malt eval 'EXPRESSION'\n");
  return argc == 2 && strcmp (argv[1], "--help") == 0 ? 0 : 64;
}

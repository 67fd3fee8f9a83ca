/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program that is no worker: "contract-peer --malt-worker HOW" misbehaves as it is told. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA_FD 3

/* Bytes that are no frame of the protocol, then nothing. */
static void
speak_garbage (void)
{
  static const char garbage[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

  for (int i = 0; i < 16; i++)
    if (write (DATA_FD, garbage, sizeof garbage - 1) < 0)
      exit (1);
  for (;;)
    pause ();
}

int
main (int argc, char **argv)
{
  const char *how = argc > 2 ? argv[2] : "";

  fprintf (stderr, "contract-peer: told to %s\n", how);
  if (strcmp (how, "crash") == 0)
    raise (SIGKILL);
  else if (strcmp (how, "hang") == 0)
    for (;;)
      pause ();
  else if (strcmp (how, "garbage") == 0)
    speak_garbage ();
  return 7;
}

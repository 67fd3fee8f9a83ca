/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The limit: what answers when there is no library. Sends each frame back (8 bytes of length, then
 * the body) that arrives on descriptor 3, once it is complete, until the other end is closed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKET_FD 3

static void
read_all (char *p, size_t n)
{
  while (n > 0)
    {
      ssize_t n_read = read (SOCKET_FD, p, n);

      if (n_read <= 0)
        exit (n_read < 0);
      p += n_read;
      n -= n_read;
    }
}

static void
write_all (const char *p, size_t n)
{
  while (n > 0)
    {
      ssize_t n_written = write (SOCKET_FD, p, n);

      if (n_written <= 0)
        exit (1);
      p += n_written;
      n -= n_written;
    }
}

int
main (void)
{
  size_t room = 0;
  char *frame = NULL;

  for (;;)
    {
      uint64_t length;

      read_all ((char *) &length, sizeof length);
      if (length + sizeof length > room)
        {
          room = length + sizeof length;
          frame = realloc (frame, room);
          if (frame == NULL)
            return 1;
        }
      *(uint64_t *) frame = length;
      read_all (frame + sizeof length, length);
      write_all (frame, length + sizeof length);
    }
}

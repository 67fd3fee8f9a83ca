/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* The limit: what answers when there is no library. Sends each frame back (8 bytes of length, then
 * the body) that arrives on descriptor 3, once it is complete, until the other end is closed. With
 * an argument it is a hop: passes what arrives on descriptor 3 on to 4, and the other way round. */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SOCKET_FD 3
#define NEXT_FD 4

/* As much as a hop passes on at once, bytes. */
#define HOP_BYTES (256 * 1024)

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
write_all (int fd, const char *p, size_t n)
{
  while (n > 0)
    {
      ssize_t n_written = write (fd, p, n);

      if (n_written <= 0)
        exit (1);
      p += n_written;
      n -= n_written;
    }
}

static void
pass_on (void)
{
  static char data[HOP_BYTES];
  struct pollfd fds[] = { { SOCKET_FD, POLLIN, 0 }, { NEXT_FD, POLLIN, 0 } };

  while (poll (fds, 2, -1) > 0)
    for (int i = 0; i < 2; i++)
      {
        ssize_t n;

        if (fds[i].revents == 0)
          continue;
        n = read (fds[i].fd, data, sizeof data);
        if (n <= 0)
          exit (n < 0);
        write_all (fds[1 - i].fd, data, n);
      }
}

int
main (int argc, char **argv)
{
  size_t room = 0;
  char *frame = NULL;

  if (argc > 1)
    pass_on ();

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
      write_all (SOCKET_FD, frame, length + sizeof length);
    }
}

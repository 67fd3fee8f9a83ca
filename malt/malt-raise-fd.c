/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-raise-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/**
 * malt_raise_fd: (skip)
 * @fd: a descriptor, owned from now on; −1 with `errno` set is passed on
 *
 * Replaces a descriptor that is standard input, output or error by another one: a
 * program may have closed those, and what it writes to “stdout” must not reach a
 * worker. Any thread.
 *
 * Returns: a descriptor above 2; −1 with `errno` set, and @fd is closed then
 *
 * Since: 0.1
 */
int
malt_raise_fd (int fd)
{
  if (fd < 0 || fd > STDERR_FILENO)
    return fd;

  int raised = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int saved_errno = errno;
  close (fd);
  errno = saved_errno;
  return raised;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-room.h"

#include "backends/distributed/host/malt-host-strangers.h"

#include <sys/resource.h>

/* Descriptors of a worker: its process and its pipes, three streams of TLS, two bridges, a timer;
 * and as many more while it starts. */
#define ROOM_WORKER_FDS 11u

/* Of this process itself, and of those who knock. */
#define ROOM_OWN_FDS (64u + MALT_HOST_MAX_STRANGERS)

/* What it was before; 0: it has not been changed. */
static rlim_t before;

void
malt_host_room_widen (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
    return;

  before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    before = 0;
}

void
malt_host_room_restore (int pid)
{
  struct rlimit limit;

  /* One that has just ended has no limits; and a profile may have set lower ones. */
  if (before == 0 || prlimit (pid, RLIMIT_NOFILE, NULL, &limit) != 0 || limit.rlim_cur <= before)
    return;

  limit.rlim_cur = before;
  prlimit (pid, RLIMIT_NOFILE, &limit, NULL);
}

gboolean
malt_host_room_is_left (guint n_workers,
                        guint n_starting)
{
  guint64 n_fds = ROOM_OWN_FDS + (guint64) ROOM_WORKER_FDS * (n_workers + n_starting + 2);
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) != 0 || n_fds <= limit.rlim_cur;
}

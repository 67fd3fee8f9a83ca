/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-limits-private.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* What address space may be beyond memory, in bytes. Each thread reserves 64 MiB or more of it for
 * malloc() and uses none: 32 idle ones came to 1.2 GB. It bounds what is mapped shared, which the
 * limit of data does not count. */
#define ADDRESS_SPACE_EXTRA_BYTES (G_GUINT64_CONSTANT (1) << 30)

/* Memory that cannot be swapped, in bytes: as of a login of old, enough for a key. */
#define LOCKED_MEMORY_BYTES (64u * 1024)

/* Signals that wait, in a queue whose length the kernel counts for the user, not the process:
 * whoever fills it takes timers and queued signals from the application. Ordinary signals need no
 * place in it, and nothing here queues others. */
#define QUEUED_SIGNALS 64u

/* When memory is short the kernel ends this before the application; from −1000 to 1000. */
#define OOM_SCORE_ADJUSTMENT 500

static gboolean
lower (int          resource,
       const char  *name,
       rlim_t       soft,
       rlim_t       hard,
       GError     **error)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) == 0)
    {
      limit.rlim_max = MIN (limit.rlim_max, hard);
      limit.rlim_cur = MIN (limit.rlim_cur, MIN (soft, limit.rlim_max));
      if (setrlimit (resource, &limit) == 0)
        return TRUE;
    }

  int saved_errno = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
               "Cannot set the limit %s: %s", name, g_strerror (saved_errno));

  return FALSE;
}

static gboolean
limit_memory (guint64   bytes,
              GError  **error)
{
  guint64 space = bytes + MIN (ADDRESS_SPACE_EXTRA_BYTES, G_MAXUINT64 - bytes);

  return bytes == 0
         || (lower (RLIMIT_DATA, "of data", bytes, bytes, error)
             && lower (RLIMIT_AS, "of address space", space, space, error));
}

/* The kernel says so with SIGXCPU, and a second later with SIGKILL. */
static gboolean
limit_cpu (guint64   seconds,
           GError  **error)
{
  return seconds == 0
         || lower (RLIMIT_CPU, "of CPU time", seconds, seconds + 1, error);
}

/* A wish: without /proc it cannot be had, and nothing depends on it. The application may be one of
 * those that go first itself. */
static void
ask_to_be_ended_first (void)
{
  char score[8] = "";
  int fd = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

  if (fd < 0)
    return;
  if (read (fd, score, sizeof score - 1) > 0 && atoi (score) < OOM_SCORE_ADJUSTMENT)
    dprintf (fd, "%d", OOM_SCORE_ADJUSTMENT);
  close (fd);
}

static guint64
get_number (GVariant   *sandbox,
            const char *name)
{
  guint64 number = 0;

  g_variant_lookup (sandbox, name, "t", &number);

  return number;
}

gboolean
malt_sandbox_limits_apply (GVariant  *sandbox,
                           GError   **error)
{
  guint64 descriptors = get_number (sandbox, "fd-limit");
  guint64 file_bytes = get_number (sandbox, "file-size-limit");
  guint64 tasks = get_number (sandbox, "task-limit");

  ask_to_be_ended_first ();

  return limit_memory (get_number (sandbox, "memory-limit"), error)
         && limit_cpu (get_number (sandbox, "cpu-limit"), error)
         && lower (RLIMIT_CORE, "of core files", 0, 0, error)
         && lower (RLIMIT_MSGQUEUE, "of message queues", 0, 0, error)
         && lower (RLIMIT_MEMLOCK, "of locked memory", LOCKED_MEMORY_BYTES, LOCKED_MEMORY_BYTES,
                   error)
         && lower (RLIMIT_SIGPENDING, "of signals", QUEUED_SIGNALS, QUEUED_SIGNALS, error)
         && (file_bytes == 0 || lower (RLIMIT_FSIZE, "of files", file_bytes, file_bytes, error))
         && (tasks == 0 || lower (RLIMIT_NPROC, "of tasks", tasks, tasks, error))
         && (descriptors == 0
             || lower (RLIMIT_NOFILE, "of descriptors", descriptors, descriptors, error));
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/sandbox/malt-sandbox-seccomp-private.h"

#include <gio/gio.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the first argument, the half that the kernel takes for a process number. */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define OFFSET_OF_PID offsetof (struct seccomp_data, args[0])
#else
#define OFFSET_OF_PID (offsetof (struct seccomp_data, args[0]) + 4)
#endif

gboolean
malt_sandbox_seccomp_is_there (const char **reason)
{
  guint32 action = SECCOMP_RET_KILL_PROCESS;

  if (syscall (SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) == 0)
    return TRUE;

  *reason = errno == ENOSYS || errno == EINVAL ? "the kernel was built without seccomp filters"
                                               : g_strerror (errno);

  return FALSE;
}

static gboolean
load (const struct sock_filter  *instructions,
      gsize                      n_instructions,
      GError                   **error)
{
  const struct sock_fprog program = {
    .len = (unsigned short) n_instructions,
    .filter = (struct sock_filter *) instructions,
  };
  long result = syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                         &program);
  int saved_errno = errno;

  if (result == 0)
    return TRUE;

  if (result > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Thread %ld cannot be filtered", result);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                 "Cannot load a filter: %s", g_strerror (saved_errno));

  return FALSE;
}

/* Which process this is, is known here only. Calls of another architecture are for the other
 * filter: of two answers the stricter counts. */
static gboolean
load_own_signals (GError **error)
{
  const struct sock_filter instructions[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 2, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 1, 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, OFFSET_OF_PID),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (guint32) getpid (), 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
  };

  return load (instructions, G_N_ELEMENTS (instructions), error);
}

gboolean
malt_sandbox_seccomp_apply (GBytes  *filter,
                            GError **error)
{
  gsize size;
  gconstpointer instructions = g_bytes_get_data (filter, &size);

  if (size == 0 || size % sizeof (struct sock_filter) != 0
      || size / sizeof (struct sock_filter) > BPF_MAXINSNS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The filter has %" G_GSIZE_FORMAT " bytes, which is no filter", size);
      return FALSE;
    }

  /* The other one lets nobody load a filter. */
  return load_own_signals (error)
         && load (instructions, size / sizeof (struct sock_filter), error);
}

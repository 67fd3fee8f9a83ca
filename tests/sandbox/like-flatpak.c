/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
/* like-flatpak PROGRAM [ARGUMENT…] runs a program under the filter that Flatpak 1.14 gives an
 * application, setup_seccomp() in its common/flatpak-run.c, without what that says of families of
 * sockets and of ioctl(). The namespaces are for bubblewrap to make before. */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct
{
  const char *name;
  int         error;
} refused[] = {
  { "acct", EPERM },
  { "add_key", EPERM },
  { "chroot", EPERM },
  { "clone3", ENOSYS },
  { "fsconfig", ENOSYS },
  { "fsmount", ENOSYS },
  { "fsopen", ENOSYS },
  { "fspick", ENOSYS },
  { "get_mempolicy", EPERM },
  { "keyctl", EPERM },
  { "mbind", EPERM },
  { "migrate_pages", EPERM },
  { "modify_ldt", EPERM },
  { "mount", EPERM },
  { "mount_setattr", ENOSYS },
  { "move_mount", ENOSYS },
  { "move_pages", EPERM },
  { "open_tree", ENOSYS },
  { "perf_event_open", EPERM },
  { "pivot_root", EPERM },
  { "ptrace", EPERM },
  { "quotactl", EPERM },
  { "request_key", EPERM },
  { "set_mempolicy", EPERM },
  { "setns", EPERM },
  { "syslog", EPERM },
  { "umount", EPERM },
  { "umount2", EPERM },
  { "unshare", EPERM },
  { "uselib", EPERM },
};

int
main (int    argc,
      char **argv)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  int status = 0;

  if (argc < 2)
    return 2;

  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    {
      int call = seccomp_syscall_resolve_name (refused[i].name);

      if (call != __NR_SCMP_ERROR)
        status |= seccomp_rule_add (filter, SCMP_ACT_ERRNO (refused[i].error), call, 0);
    }
  status |= seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (clone), 1,
                              SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
  status |= seccomp_rule_add (filter, SCMP_ACT_ERRNO (EPERM), SCMP_SYS (personality), 1,
                              SCMP_A0 (SCMP_CMP_NE, PER_LINUX));
  if (status != 0 || seccomp_load (filter) != 0)
    {
      fprintf (stderr, "like-flatpak: no filter\n");
      return 2;
    }

  execvp (argv[1], argv + 1);
  fprintf (stderr, "like-flatpak: cannot run %s: %s\n", argv[1], strerror (errno));
  return 2;
}

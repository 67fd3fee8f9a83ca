/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The worker's end of its control connection. */
#define CONTROL_FD 4

ATTACK (attack_signal_manager)
{
  return kill (target->manager, 0) == 0;
}

ATTACK (attack_signal_group)
{
  return kill (0, 0) == 0;
}

ATTACK (attack_signal_everybody)
{
  return kill (-1, 0) == 0;
}

/* The kernel would send them. */
ATTACK (attack_signal_by_descriptor)
{
  return fcntl (CONTROL_FD, F_SETOWN, target->manager) == 0;
}

/* It is stopped for a moment, for else it could not be let go. */
ATTACK (attack_trace_manager)
{
  if (ptrace (PTRACE_SEIZE, target->manager, NULL, NULL) != 0)
    return FALSE;

  ptrace (PTRACE_INTERRUPT, target->manager, NULL, NULL);
  waitpid (target->manager, NULL, __WALL);
  ptrace (PTRACE_DETACH, target->manager, NULL, NULL);
  return TRUE;
}

/* There need not be anything at that address: who may not look is told so first. */
ATTACK (attack_read_manager)
{
  char bytes[8];
  struct iovec here = { bytes, sizeof bytes };
  struct iovec there = { (void *) 0x400000, sizeof bytes };

  return process_vm_readv (target->manager, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT;
}

ATTACK (attack_manager_descriptor)
{
  int pidfd = (int) syscall (SYS_pidfd_open, target->manager, 0);

  return pidfd >= 0 && syscall (SYS_pidfd_getfd, pidfd, STDOUT_FILENO, 0) >= 0;
}

ATTACK (attack_manager_limits)
{
  struct rlimit limit;

  return prlimit (target->manager, RLIMIT_NOFILE, NULL, &limit) == 0
         && prlimit (target->manager, RLIMIT_NOFILE, &limit, NULL) == 0;
}

ATTACK (attack_manager_processors)
{
  cpu_set_t processors;

  return sched_getaffinity (target->manager, sizeof processors, &processors) == 0
         && sched_setaffinity (target->manager, sizeof processors, &processors) == 0;
}

ATTACK (attack_manager_priority)
{
  int priority = getpriority (PRIO_PROCESS, (id_t) target->manager);

  return errno == 0 && setpriority (PRIO_PROCESS, (id_t) target->manager, priority) == 0;
}

/* Whether there was a child, which has left. */
static gboolean
wait_for_child (pid_t child)
{
  return child > 0 && waitpid (child, NULL, __WALL) == child;
}

ATTACK (attack_fork)
{
  pid_t child = fork ();

  if (child == 0)
    _exit (0);
  return wait_for_child (child);
}

ATTACK (attack_vfork)
{
  pid_t child = vfork ();

  if (child == 0)
    _exit (0);
  return wait_for_child (child);
}

ATTACK (attack_clone)
{
  pid_t child = (pid_t) syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

  if (child == 0)
    _exit (0);
  return wait_for_child (child);
}

/* A grandchild in a session of its own, which has said that it is there. */
ATTACK (attack_daemonise)
{
  pid_t child, grandchild = 0;
  int ends[2];

  if (pipe (ends) != 0)
    return FALSE;
  child = fork ();
  if (child == 0)
    {
      setsid ();
      if (fork () != 0)
        _exit (0);
      grandchild = getpid ();
      if (write (ends[1], &grandchild, sizeof grandchild) > 0)
        pause ();
      _exit (0);
    }
  return wait_for_child (child)
         && read (ends[0], &grandchild, sizeof grandchild) == sizeof grandchild
         && kill (grandchild, SIGKILL) == 0;
}

/* 77: ATTACK_SUCCEEDED_STATUS */
ATTACK (attack_execute)
{
  execl ("/bin/sh", "sh", "-c", "exit 77", NULL);
  return FALSE;
}

/* Only a process of one thread can; what may not fork tries it as it is. */
ATTACK (attack_unshare)
{
  pid_t child = fork ();
  int status = -1;

  if (child < 0)
    return unshare (CLONE_NEWUSER) == 0;
  if (child == 0)
    _exit (unshare (CLONE_NEWUSER) == 0 ? 0 : errno);
  if (waitpid (child, &status, 0) != child)
    return FALSE;
  errno = WEXITSTATUS (status);
  return status == 0;
}

ATTACK (attack_outlive_manager)
{
  return prctl (PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
}

ATTACK (attack_dumpable)
{
  return prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

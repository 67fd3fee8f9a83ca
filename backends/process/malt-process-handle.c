/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-handle.h"

#include "backends/process/malt-process-transport.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Waits for one child, leaves it to be reaped, and says so once: whoever clears the handle does
 * that after it has become readable. */
static gpointer
wait_in_thread (gpointer user_data)
{
  g_autofree MaltProcessHandle *handle = user_data;
  const guint64 one = 1;
  siginfo_t info;

  while (waitid (P_PID, (id_t) handle->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    ;
  while (write (handle->fd, &one, sizeof one) < 0 && errno == EINTR)
    ;
  return NULL;
}

/* valgrind 3.19, and sandboxes that know their system calls by an old list, have no
 * pidfd_open(). */
static gboolean
wait_without_pidfd (MaltProcessHandle *self)
{
  g_autoptr (GThread) thread = NULL;

  self->fd = malt_raise_fd (eventfd (0, EFD_CLOEXEC));
  if (self->fd < 0)
    return FALSE;
  thread = g_thread_try_new ("malt-wait", wait_in_thread, g_memdup2 (self, sizeof *self), NULL);
  return thread != NULL;
}

gboolean
malt_process_handle_open (MaltProcessHandle  *self,
                          pid_t               pid,
                          GError            **error)
{
  self->pid = pid;
  self->fd = malt_raise_fd (pidfd_open (pid, 0));
  self->is_pidfd = self->fd >= 0;
  if (self->is_pidfd || ((errno == ENOSYS || errno == EPERM) && wait_without_pidfd (self)))
    return TRUE;

  int error_number = errno;
  malt_process_handle_clear (self);
  /* ESRCH: somebody else has reaped it, and the number may be another's. */
  if (error_number != ESRCH)
    {
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
    }
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (error_number),
               "Cannot watch process %d: %s", (int) pid, g_strerror (error_number));
  return FALSE;
}

void
malt_process_handle_clear (MaltProcessHandle *self)
{
  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
}

gboolean
malt_process_handle_has_exited (const MaltProcessHandle *self)
{
  struct pollfd exited = { self->fd, POLLIN, 0 };

  return self->fd < 0 || poll (&exited, 1, 0) == 1;
}

gboolean
malt_process_handle_signal (const MaltProcessHandle *self,
                            int                      signum)
{
  if (self->fd < 0)
    return FALSE;
  if (self->is_pidfd)
    return pidfd_send_signal (self->fd, signum, NULL, 0) == 0;
  return kill (self->pid, signum) == 0;
}

gboolean
malt_process_handle_wait (const MaltProcessHandle *self,
                          int                      flags,
                          siginfo_t               *info,
                          struct rusage           *usage)
{
  idtype_t type = self->is_pidfd ? P_PIDFD : P_PID;
  id_t id = self->is_pidfd ? (id_t) self->fd : (id_t) self->pid;

  *info = (siginfo_t) { 0 };
  /* The function of that name has no `usage`. */
  return syscall (SYS_waitid, type, id, info, flags, usage) == 0;
}

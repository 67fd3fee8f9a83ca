/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-ssh-child.h"

#include "backends/distributed/malt-distributed-spawn.h"

#include <malt/malt-plugin.h>

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The folder there is made by malt-host, and has to be new; nobody guesses it before. */
char **
malt_distributed_ssh_child_new_argv (const MaltDistributedOptions *options,
                                     const char                   *id,
                                     const char                   *socket)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *there = g_strdup_printf ("/tmp/malt-%s/socket", id);
  g_autofree char *forward = g_strdup_printf ("%s:%s", socket, there);
  g_autofree char *command =
    g_strdup_printf ("malt-host --once --request --listen %s%s", MALT_SPAWN_UNIX_PREFIX, there);

  /* Nobody is asked for anything, and no other ssh is used, which would go on with the socket. */
  g_strv_builder_add_many (argv, "ssh", "-T", "-o", "BatchMode=yes", "-o",
                           "ExitOnForwardFailure=yes", "-o", "ControlMaster=no", "-o",
                           "ControlPath=none", "-o", "ForwardAgent=no", "-o", "ForwardX11=no",
                           NULL);
  if (options->ssh_arguments != NULL)
    g_strv_builder_addv (argv, (const char **) options->ssh_arguments);
  g_strv_builder_add_many (argv, "-L", forward, "--", options->ssh_destination, command, NULL);

  return g_strv_builder_end (argv);
}

/* Runs in the child. What the monitor thread has blocked is not blocked for ssh, and Ctrl-C in a
 * terminal is the manager's business. */
static void
set_up_child (gpointer unused)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setsid ();
}

gboolean
malt_distributed_ssh_child_start (MaltDistributedSshChild  *self,
                                  char                    **argv,
                                  GError                  **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean is_started;
  int in[2];

  /* No pipe: writing to one that ssh has closed would be a signal. */
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED, "ssh cannot be started: %s",
                   g_strerror (errno));
      return FALSE;
    }

  is_started =
    g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) argv, NULL,
                                      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD
                                        | G_SPAWN_CLOEXEC_PIPES,
                                      set_up_child, NULL, in[1], -1, -1, NULL, NULL, 0, &self->pid,
                                      NULL, &self->out_fd, &self->err_fd, &reason);
  close (in[1]);
  self->in_fd = malt_raise_fd (in[0]);
  if (!is_started)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED, "ssh cannot be started: %s",
                   reason->message);
      return FALSE;
    }

  self->out_fd = malt_raise_fd (self->out_fd);
  self->err_fd = malt_raise_fd (self->err_fd);
  self->pidfd = malt_raise_fd (pidfd_open (self->pid, 0));
  if (self->pidfd >= 0 && self->in_fd >= 0 && self->out_fd >= 0 && self->err_fd >= 0)
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED, "ssh cannot be watched: %s",
               g_strerror (errno));
  kill (self->pid, SIGKILL);
  TEMP_FAILURE_RETRY (waitpid (self->pid, NULL, 0));

  return FALSE;
}

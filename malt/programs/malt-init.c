/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/programs/malt-init.h"

#include "malt/programs/malt-serve-private.h"
#include "malt/programs/malt-watch-private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The agreement between the process backend and the programs it starts. */
#define WORKER_ARGUMENT "--malt-worker"
#define WORKER_DATA_FD 3
#define WORKER_CONTROL_FD 4

/* What a program returns that was called in a way it does not understand (sysexits.h). */
#define EXIT_USAGE 64

static gboolean
is_connected_socket (int fd)
{
  int type;
  socklen_t length = sizeof type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

static void
on_signal (int signum)
{
  malt_watch_post_signal (signum);
}

static void
on_broken_pipe (int signum)
{
}

/* SIGINT comes from a terminal that the manager shares and means: interrupt the latest call.
 * SIGTERM means: leave, and take what was started along. SIGPIPE would end a worker that prints to
 * an application which no longer reads; it is handled, not ignored, for programs that a function
 * starts would inherit that. */
static void
handle_signals (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  action.sa_handler = on_broken_pipe;
  sigaction (SIGPIPE, &action, NULL);
}

static void
run_worker (void)
{
  if (!is_connected_socket (WORKER_DATA_FD) || !is_connected_socket (WORKER_CONTROL_FD))
    {
      fprintf (stderr,
               "%s: a worker is started by malt_create_worker(), which hands it its connections\n",
               g_get_prgname ());
      exit (EXIT_USAGE);
    }

  /* Nothing of the worker's leaks into what it starts, nor anything of the manager's into the
   * worker. */
  fcntl (WORKER_DATA_FD, F_SETFD, FD_CLOEXEC);
  fcntl (WORKER_CONTROL_FD, F_SETFD, FD_CLOEXEC);
  close_range (WORKER_CONTROL_FD + 1, ~0u, 0);

  /* Descendants that daemonise stay ours, so that they can be ended with the worker; when the
   * manager is killed the signal comes even if somebody else holds a copy of its socket. */
  prctl (PR_SET_CHILD_SUBREAPER, 1L);
  prctl (PR_SET_PDEATHSIG, (long) SIGTERM);

  /* A line that a call printed is there before its result. */
  setvbuf (stdout, NULL, _IOLBF, BUFSIZ);

  exit (malt_serve (WORKER_DATA_FD, WORKER_CONTROL_FD));
}

/**
 * malt_init:
 * @argc: (inout): address of main()'s `argc`
 * @argv: (inout) (array length=argc): address of main()'s `argv`
 *
 * Lets a program serve as its own worker.
 *
 * Call it first thing in main(), after [func@Malt.register_static_module] for the functions that
 * the program brings along. In the manager it returns at once and changes nothing. When the program
 * was started as a worker (option `executable` with its path, or `self`), it runs the worker and
 * does not come back: what follows in main() happens in the manager only.
 *
 * Starts no thread and installs no signal handler in the manager.
 *
 * Since: 0.1
 */
void
malt_init (int    *argc,
           char ***argv)
{
  g_return_if_fail (argc != NULL && argv != NULL);

  if (*argc < 2 || strcmp ((*argv)[1], WORKER_ARGUMENT) != 0)
    return;

  if (g_get_prgname () == NULL)
    {
      g_autofree char *name = g_path_get_basename ((*argv)[0]);
      g_set_prgname (name);
    }

  handle_signals ();
  run_worker ();
}

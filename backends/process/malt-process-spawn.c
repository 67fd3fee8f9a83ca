/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static void
set_start_error (GError                   **error,
                 const MaltProcessCommand  *command,
                 int                        error_number)
{
  g_autofree char *shown = malt_process_command_show (command);

  g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
               "Cannot start a worker: “%s” cannot be executed (command line: %s): %s",
               command->argv[0], shown, g_strerror (error_number));
}

/* Copies whose numbers are none of the targets, so that no dup2() overwrites what a later one
 * needs, or finds source and target the same and leaves close-on-exec set. */
static int
copy_sources (const int fds[MALT_PROCESS_N_FDS],
              int       copies[MALT_PROCESS_N_FDS])
{
  for (guint i = 0; i < MALT_PROCESS_N_FDS; i++)
    {
      int null_fd = -1;
      int source = fds[i];

      if (source < 0)
        {
          source = null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
          if (null_fd < 0)
            return errno;
        }
      copies[i] = fcntl (source, F_DUPFD_CLOEXEC, MALT_PROCESS_N_FDS);
      int error_number = errno;
      if (null_fd >= 0)
        close (null_fd);
      if (copies[i] < 0)
        return error_number;
    }
  return 0;
}

static int
prepare_attributes (posix_spawnattr_t *attributes,
                    gboolean           own_session)
{
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  sigset_t none, all;

  sigemptyset (&none);
  sigfillset (&all);
  if (own_session)
    flags |= POSIX_SPAWN_SETSID;

  int error_number = posix_spawnattr_setsigmask (attributes, &none);
  if (error_number == 0)
    error_number = posix_spawnattr_setsigdefault (attributes, &all);
  if (error_number == 0)
    error_number = posix_spawnattr_setflags (attributes, flags);
  return error_number;
}

static int
prepare_actions (posix_spawn_file_actions_t *actions,
                 const int                   sources[MALT_PROCESS_N_FDS])
{
  int error_number = 0;

  for (int target = 0; target < MALT_PROCESS_N_FDS && error_number == 0; target++)
    error_number = posix_spawn_file_actions_adddup2 (actions, sources[target], target);
  if (error_number == 0)
    error_number = posix_spawn_file_actions_addclosefrom_np (actions, MALT_PROCESS_N_FDS);
  return error_number;
}

static int
spawn (const MaltProcessCommand *command,
       const int                 sources[MALT_PROCESS_N_FDS],
       gboolean                  own_session,
       pid_t                    *pid)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  char **argv = command->launcher != NULL ? command->launcher : command->argv;
  int error_number;

  error_number = posix_spawn_file_actions_init (&actions);
  if (error_number != 0)
    return error_number;
  error_number = posix_spawnattr_init (&attributes);
  if (error_number == 0)
    {
      error_number = prepare_attributes (&attributes, own_session);
      if (error_number == 0)
        error_number = prepare_actions (&actions, sources);
      if (error_number == 0)
        error_number = posix_spawn (pid, argv == command->argv ? command->program : argv[0],
                                    &actions, &attributes, argv, command->environment);
      posix_spawnattr_destroy (&attributes);
    }
  posix_spawn_file_actions_destroy (&actions);
  return error_number;
}

static gboolean
watch (const MaltProcessCommand  *command,
       pid_t                      pid,
       MaltProcessHandle         *handle,
       GError                   **error)
{
  g_autoptr (GError) local_error = NULL;

  if (malt_process_handle_open (handle, pid, &local_error))
    return TRUE;

  g_autofree char *shown = malt_process_command_show (command);
  g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
               "Cannot start a worker: %s (command line: %s)", local_error->message, shown);
  return FALSE;
}

gboolean
malt_process_spawn (const MaltProcessCommand  *command,
                    const int                  fds[MALT_PROCESS_N_FDS],
                    gboolean                   own_session,
                    MaltProcessHandle         *handle,
                    GError                   **error)
{
  pid_t pid;
  int copies[MALT_PROCESS_N_FDS] = { -1, -1, -1, -1, -1 };
  int error_number = copy_sources (fds, copies);

  if (error_number != 0)
    g_set_error (error, MALT_ERROR, MALT_ERROR_START_FAILED,
                 "Cannot start a worker: Cannot duplicate a descriptor: %s",
                 g_strerror (error_number));
  else
    {
      error_number = spawn (command, copies, own_session, &pid);
      if (error_number != 0)
        set_start_error (error, command, error_number);
    }
  for (guint i = 0; i < MALT_PROCESS_N_FDS; i++)
    if (copies[i] >= 0)
      close (copies[i]);
  if (error_number != 0)
    return FALSE;
  return watch (command, pid, handle, error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-launch-ssh.h"

#include "backends/distributed/malt-distributed-line.h"
#include "backends/distributed/malt-distributed-ssh-child.h"
#include "backends/distributed/malt-distributed-ssh-folder.h"
#include "backends/distributed/malt-distributed-ssh-said.h"

#include <glib-unix.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Read at a time. */
#define SSH_READ_BYTES 4096

/* Milliseconds for ssh to end by itself once nobody wants it, after malt-host has. When it is
 * killed, malt-host sees the same: the end of its standard input. */
#define SSH_GRACE_MSEC 1000u

/* ssh and its pipes, in the monitor thread. While ssh runs, the object holds a reference to itself,
 * because somebody has to wait for it. @task: launch() has not returned. */
struct _MaltDistributedLaunchSsh
{
  GObject                   parent_instance;

  char                     *destination;
  MaltDistributedSshFolder  folder;
  char                     *path;      /* of the socket in it */
  GTask                    *task;      /* owned, nullable */
  GSource                  *cancelled; /* owned, nullable */

  MaltDistributedSshChild   child;
  GBytes                   *request;   /* owned, nullable: what has not been written of it */
  MaltDistributedSshSaid    said;

  GSource                  *writing;   /* each owned, nullable */
  GSource                  *out;
  GSource                  *err;
  GSource                  *exited;
  GSource                  *grace;
};

static void launcher_init (MaltDistributedLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MaltDistributedLaunchSsh, malt_distributed_launch_ssh, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MALT_TYPE_DISTRIBUTED_LAUNCHER,
                                                      launcher_init))

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static GSource *
attach (MaltDistributedLaunchSsh *self,
        GSource                  *source,
        GSourceFunc               func)
{
  g_source_set_static_name (source, "malt ssh");
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());

  return source;
}

static GSource *
watch (MaltDistributedLaunchSsh *self,
       int                       fd,
       GIOCondition              condition,
       GUnixFDSourceFunc         func)
{
  return attach (self, g_unix_fd_source_new (fd, condition), G_SOURCE_FUNC (func));
}

/* Takes the error, or the reply. */
static void
return_launch (MaltDistributedLaunchSsh *self,
               MaltSpawnReply           *reply,
               GError                   *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  malt_clear_source (&self->cancelled);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, reply, (GDestroyNotify) malt_spawn_reply_free);
}

static void
stop_writing (MaltDistributedLaunchSsh *self)
{
  malt_clear_source (&self->writing);
  g_clear_pointer (&self->request, g_bytes_unref);
}

/* The worker is where ssh has brought it. */
static void
take_message (GBytes   *message,
              gpointer  user_data)
{
  MaltDistributedLaunchSsh *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltSpawnReply) said = malt_spawn_reply_from_bytes (message, &error);
  g_autofree char *address = g_strconcat (MALT_SPAWN_UNIX_PREFIX, self->path, NULL);
  MaltSpawnReply *reply = NULL;

  if (self->task == NULL)
    return;

  if (said != NULL)
    reply = malt_spawn_reply_new (address, 0, said->token, NULL, said->host, said->pid);
  else
    g_prefix_error (&error, "%s: ", self->destination);
  return_launch (self, reply, g_steal_pointer (&error));
}

/* FALSE: nothing is there now, or will be. */
static gboolean
read_some (MaltDistributedLaunchSsh *self,
           int                       fd)
{
  char buffer[SSH_READ_BYTES];
  ssize_t n_read = TEMP_FAILURE_RETRY (read (fd, buffer, sizeof buffer));

  if (n_read <= 0)
    return n_read < 0 && errno == EAGAIN;

  if (fd == self->child.out_fd)
    malt_distributed_ssh_said_take_output (&self->said, buffer, (gsize) n_read, take_message, self);
  else
    malt_distributed_ssh_said_take_rest (&self->said, buffer, (gsize) n_read);

  return TRUE;
}

static gboolean
on_readable (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  g_autoptr (MaltDistributedLaunchSsh) self = g_object_ref (user_data);

  if (read_some (self, fd))
    return G_SOURCE_CONTINUE;

  /* Its end is not that of ssh, which is waited for. */
  malt_clear_source (fd == self->child.out_fd ? &self->out : &self->err);

  return G_SOURCE_REMOVE;
}

static gboolean
on_writable (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  MaltDistributedLaunchSsh *self = user_data;
  gsize size;
  const char *data = g_bytes_get_data (self->request, &size);
  ssize_t n_written = TEMP_FAILURE_RETRY (send (fd, data, size, MSG_NOSIGNAL));
  g_autoptr (GBytes) rest = NULL;

  if (n_written < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;

  /* ssh says on standard error why it does not take it. */
  if (n_written < 0 || (gsize) n_written == size)
    {
      stop_writing (self);
      return G_SOURCE_REMOVE;
    }

  rest = g_bytes_new_from_bytes (self->request, (gsize) n_written, size - (gsize) n_written);
  g_bytes_unref (self->request);
  self->request = g_steal_pointer (&rest);

  return G_SOURCE_CONTINUE;
}

static char *
describe_status (const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED)
    return g_strdup_printf ("with status %d", info->si_status);

  return info->si_pid != 0 ? g_strdup_printf ("by signal %d", info->si_status)
                           : g_strdup ("without a status");
}

static void
clear_child (MaltDistributedLaunchSsh *self)
{
  stop_writing (self);
  malt_clear_source (&self->out);
  malt_clear_source (&self->err);
  malt_clear_source (&self->exited);
  malt_clear_source (&self->grace);
  close_fd (&self->child.in_fd);
  close_fd (&self->child.out_fd);
  close_fd (&self->child.err_fd);
  close_fd (&self->child.pidfd);
  malt_distributed_ssh_folder_remove (&self->folder);
}

/* What a pipe still holds: not for ever, for somebody else may have it open and write. */
static void
drain (MaltDistributedLaunchSsh *self,
       int                       fd)
{
  for (int i = 0; i < 2 * (int) MALT_DISTRIBUTED_MAX_LINE_BYTES / SSH_READ_BYTES; i++)
    {
      errno = 0;
      if (!read_some (self, fd) || errno == EAGAIN)
        return;
    }
}

static gboolean
on_exited (int          fd,
           GIOCondition condition,
           gpointer     user_data)
{
  g_autoptr (MaltDistributedLaunchSsh) self = user_data; /* its own reference */
  siginfo_t info = { 0 };
  g_autofree char *status = NULL;
  g_autofree char *tail = NULL;

  /* Somebody else may have waited for it, and then its status is unknown. */
  TEMP_FAILURE_RETRY (waitid (P_PIDFD, (id_t) self->child.pidfd, &info, WEXITED));
  drain (self, self->child.out_fd);
  drain (self, self->child.err_fd);
  clear_child (self);

  if (self->task == NULL)
    return G_SOURCE_REMOVE;

  status = describe_status (&info);
  tail = malt_distributed_ssh_said_dup_rest (&self->said);
  return_launch (self, NULL,
                 g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED, "ssh to “%s” ended %s%s%s",
                              self->destination, status, *tail != '\0' ? ": " : "", tail));

  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable,
              gpointer      user_data)
{
  MaltDistributedLaunchSsh *self = user_data;
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  pidfd_send_signal (self->child.pidfd, SIGKILL, NULL, 0);
  return_launch (self, NULL, error);

  return G_SOURCE_REMOVE;
}

static gboolean
start (MaltDistributedLaunchSsh      *self,
       const MaltDistributedOptions  *options,
       const MaltSpawnRequest        *request,
       GError                       **error)
{
  g_autoptr (GBytes) message = malt_spawn_request_to_bytes (request, error);
  g_auto (GStrv) argv = NULL;
  char *line;

  if (message == NULL)
    return FALSE;

  if (!malt_distributed_ssh_folder_make (&self->folder, error))
    return FALSE;

  self->path = malt_distributed_ssh_folder_dup_socket (&self->folder);
  argv = malt_distributed_ssh_child_new_argv (options, request->id, self->path);
  if (!malt_distributed_ssh_child_start (&self->child, argv, error))
    return FALSE;

  g_unix_set_fd_nonblocking (self->child.in_fd, TRUE, NULL);
  g_unix_set_fd_nonblocking (self->child.out_fd, TRUE, NULL);
  g_unix_set_fd_nonblocking (self->child.err_fd, TRUE, NULL);
  line = malt_distributed_line_new (message);
  self->request = g_bytes_new_take (line, strlen (line));
  self->writing = watch (self, self->child.in_fd, G_IO_OUT, on_writable);
  self->out = watch (self, self->child.out_fd, G_IO_IN, on_readable);
  self->err = watch (self, self->child.err_fd, G_IO_IN, on_readable);
  self->exited = watch (g_object_ref (self), self->child.pidfd, G_IO_IN, on_exited);

  return TRUE;
}

static void
launch_async (MaltDistributedLauncher      *launcher,
              const MaltDistributedOptions *options,
              const MaltSpawnRequest       *request,
              GCancellable                 *cancellable,
              GAsyncReadyCallback           callback,
              gpointer                      user_data)
{
  MaltDistributedLaunchSsh *self = MALT_SSH_LAUNCHER (launcher);
  GError *error = NULL;

  self->task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->task, launch_async);
  self->destination = g_strdup (options->ssh_destination);
  if (!start (self, options, request, &error))
    {
      clear_child (self);
      return_launch (self, NULL, error);
      return;
    }
  if (cancellable != NULL)
    self->cancelled = attach (self, g_cancellable_source_new (cancellable),
                              G_SOURCE_FUNC (on_cancelled));
}

static MaltSpawnReply *
launch_finish (MaltDistributedLauncher  *launcher,
               GAsyncResult             *result,
               char                    **id,
               GError                  **error)
{
  g_return_val_if_fail (g_task_is_valid (result, launcher), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static char *
describe (MaltDistributedLauncher *launcher,
          MaltError               *code)
{
  MaltDistributedLaunchSsh *self = MALT_SSH_LAUNCHER (launcher);

  return g_strdup_printf ("ssh was started, and nothing came from the malt-host on “%s”",
                          self->destination);
}

static gboolean
on_grace_over (gpointer user_data)
{
  MaltDistributedLaunchSsh *self = user_data;

  g_clear_pointer (&self->grace, g_source_unref);
  pidfd_send_signal (self->child.pidfd, SIGKILL, NULL, 0);

  return G_SOURCE_REMOVE;
}

/* malt-host leaves at the end of its standard input. This program may be about to leave, too, and
 * then does not see the end of ssh. */
static void
stop (MaltDistributedLauncher *launcher)
{
  MaltDistributedLaunchSsh *self = MALT_SSH_LAUNCHER (launcher);

  malt_distributed_ssh_folder_remove (&self->folder);
  stop_writing (self);
  close_fd (&self->child.in_fd);
  if (self->child.pidfd >= 0 && self->grace == NULL)
    self->grace = attach (self, g_timeout_source_new (SSH_GRACE_MSEC), on_grace_over);
}

static void
launcher_init (MaltDistributedLauncherInterface *iface)
{
  iface->launch_async = launch_async;
  iface->launch_finish = launch_finish;
  iface->describe = describe;
  iface->stop = stop;
}

static void
malt_distributed_launch_ssh_finalize (GObject *object)
{
  MaltDistributedLaunchSsh *self = MALT_SSH_LAUNCHER (object);

  clear_child (self);
  malt_distributed_ssh_said_clear (&self->said);
  g_free (self->path);
  g_free (self->destination);

  G_OBJECT_CLASS (malt_distributed_launch_ssh_parent_class)->finalize (object);
}

static void
malt_distributed_launch_ssh_class_init (MaltDistributedLaunchSshClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = malt_distributed_launch_ssh_finalize;
}

static void
malt_distributed_launch_ssh_init (MaltDistributedLaunchSsh *self)
{
  self->folder.fd = -1;
  self->child = (MaltDistributedSshChild) { .pidfd = -1, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
  malt_distributed_ssh_said_init (&self->said);
}

MaltDistributedLauncher *
malt_distributed_launch_ssh_new (void)
{
  return g_object_new (MALT_TYPE_DISTRIBUTED_LAUNCH_SSH, NULL);
}

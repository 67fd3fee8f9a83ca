/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-ssh-folder.h"

#include <malt/malt-plugin.h>

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "malt-ssh-"
#define SOCKET_NAME "socket"

/* −1: it is not there, is no folder, or somebody else's. */
static int
open_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (fd >= 0 && (fstat (fd, &status) != 0 || status.st_uid != geteuid ()))
    close (g_steal_fd (&fd));

  return fd;
}

/* A folder with anything else in it is none of ours, and stays. */
static void
remove_folder (const char *path,
               int         fd)
{
  unlinkat (fd, SOCKET_NAME, 0);
  g_rmdir (path);
}

/* Of those that were killed. */
static void
sweep (void)
{
  g_autoptr (GDir) dir = g_dir_open (g_get_tmp_dir (), 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = NULL;
      int fd;

      if (!g_str_has_prefix (name, PREFIX))
        continue;

      path = g_build_filename (g_get_tmp_dir (), name, NULL);
      fd = open_folder (path);
      if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
        remove_folder (path, fd);
      if (fd >= 0)
        close (fd);
    }
}

/* FALSE: somebody has swept it up before. Where there are no locks, nobody sweeps. */
static gboolean
lock (int fd)
{
  struct stat status;

  flock (fd, LOCK_EX);
  return fstat (fd, &status) == 0 && status.st_nlink > 0;
}

gboolean
malt_distributed_ssh_folder_make (MaltDistributedSshFolder  *self,
                                  GError                   **error)
{
  sweep ();
  do
    {
      malt_distributed_ssh_folder_remove (self);
      self->path = g_dir_make_tmp (PREFIX "XXXXXX", error);
      if (self->path == NULL)
        return FALSE;

      self->fd = malt_raise_fd (open_folder (self->path));
      if (self->fd < 0 && errno != ENOENT)
        {
          g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno),
                       "Cannot open the folder “%s”: %s", self->path, g_strerror (errno));
          malt_distributed_ssh_folder_remove (self);
          return FALSE;
        }
    }
  while (self->fd < 0 || !lock (self->fd));

  return TRUE;
}

void
malt_distributed_ssh_folder_remove (MaltDistributedSshFolder *self)
{
  if (self->path == NULL)
    return;

  if (self->fd >= 0)
    {
      remove_folder (self->path, self->fd);
      close (self->fd);
    }
  else
    g_rmdir (self->path);
  self->fd = -1;
  g_clear_pointer (&self->path, g_free);
}

char *
malt_distributed_ssh_folder_dup_socket (MaltDistributedSshFolder *self)
{
  return g_build_filename (self->path, SOCKET_NAME, NULL);
}

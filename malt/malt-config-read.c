/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-read-private.h"

#include <gio/gunixinputstream.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void
set_errno (GError **error)
{
  int saved_errno = errno;

  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (saved_errno),
                       g_strerror (saved_errno));
}

/* What it is can change at any moment, so it is asked of what has been opened. */
static gboolean
check_is_regular (int      fd,
                  GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    set_errno (error);
  else if (S_ISDIR (status.st_mode))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, "it is a folder");
  else if (!S_ISREG (status.st_mode))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                         "it is a pipe or a device");
  else
    return TRUE;

  return FALSE;
}

/* Opening a pipe waits for somebody who writes, for ever if there is none, and no cancellable ends
 * that; but not with O_NONBLOCK. */
static GInputStream *
open_file (GFile         *file,
           GCancellable  *cancellable,
           GError       **error)
{
  const char *path = g_file_peek_path (file);
  int fd;

  if (path == NULL)
    return (GInputStream *) g_file_read (file, cancellable, error);

  fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    {
      set_errno (error);
      return NULL;
    }
  if (!check_is_regular (fd, error))
    {
      close (fd);
      return NULL;
    }

  return g_unix_input_stream_new (fd, TRUE);
}

GBytes *
malt_config_read (GFile         *file,
                  gsize          max_bytes,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr (GInputStream) stream = NULL;
  g_autofree char *text = NULL;
  gsize length;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  stream = open_file (file, cancellable, error);
  if (stream == NULL)
    return NULL;

  text = g_malloc (max_bytes);
  if (!g_input_stream_read_all (stream, text, max_bytes, &length, cancellable, error))
    return NULL;

  return g_bytes_new_take (g_steal_pointer (&text), length);
}

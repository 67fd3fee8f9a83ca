/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-config-read-private.h"

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
static int
open_regular (const char  *path,
              GError     **error)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    {
      set_errno (error);
      return -1;
    }
  if (!check_is_regular (fd, error))
    {
      close (fd);
      return -1;
    }

  return fd;
}

/* What says that it would block is no regular file, although some below /proc claim to be one.
 * GIO's streams would ask them again and again. */
static gboolean
read_all (int            fd,
          char          *text,
          gsize          max_bytes,
          gsize         *length,
          GCancellable  *cancellable,
          GError       **error)
{
  ssize_t n = 1;

  for (*length = 0; *length < max_bytes && n != 0; *length += (gsize) n)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;

      do
        n = read (fd, text + *length, max_bytes - *length);
      while (n < 0 && errno == EINTR);
      if (n < 0)
        {
          set_errno (error);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
read_path (const char    *path,
           char          *text,
           gsize          max_bytes,
           gsize         *length,
           GCancellable  *cancellable,
           GError       **error)
{
  int fd = open_regular (path, error);
  gboolean is_read;

  if (fd < 0)
    return FALSE;

  is_read = read_all (fd, text, max_bytes, length, cancellable, error);
  close (fd);
  return is_read;
}

static gboolean
read_stream (GFile         *file,
             char          *text,
             gsize          max_bytes,
             gsize         *length,
             GCancellable  *cancellable,
             GError       **error)
{
  g_autoptr (GFileInputStream) stream = g_file_read (file, cancellable, error);

  return stream != NULL
         && g_input_stream_read_all (G_INPUT_STREAM (stream), text, max_bytes, length, cancellable,
                                     error);
}

GBytes *
malt_config_read (GFile         *file,
                  gsize          max_bytes,
                  GCancellable  *cancellable,
                  GError       **error)
{
  const char *path = g_file_peek_path (file);
  g_autofree char *text = NULL;
  gboolean is_read;
  gsize length;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  text = g_malloc (max_bytes);
  is_read = path != NULL ? read_path (path, text, max_bytes, &length, cancellable, error)
                         : read_stream (file, text, max_bytes, &length, cancellable, error);
  if (!is_read)
    return NULL;

  return g_bytes_new_take (g_steal_pointer (&text), length);
}

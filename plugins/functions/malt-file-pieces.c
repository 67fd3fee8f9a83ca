/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-file-pieces.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Large enough that the calls of the kernel do not count, small enough for a processor's second
 * cache and to be told to stop: the slowest digest takes about a millisecond for it. */
#define PIECE_BYTES (256 * 1024)

static gboolean
fail_with_errno (const char  *path,
                 int          saved_errno,
                 GError     **error)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (saved_errno),
               "Cannot read “%s”: %s", path, g_strerror (saved_errno));

  return FALSE;
}

static gboolean
check_is_regular (int          fd,
                  const char  *path,
                  guint64     *size,
                  GError     **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    return fail_with_errno (path, errno, error);

  *size = (guint64) info.st_size;
  if (S_ISREG (info.st_mode))
    return TRUE;
  if (S_ISDIR (info.st_mode))
    return fail_with_errno (path, EISDIR, error);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
               "Cannot read “%s”: it is not a regular file", path);

  return FALSE;
}

static void
report (MaltInvocation *invocation,
        const char     *path,
        MaltFileShare   share,
        guint64         done,
        guint64         size)
{
  /* A file that grows, or of /proc with its size of 0, is more than whole. */
  double fraction = done < size ? (double) done / (double) size : 1.0;

  malt_invocation_report_progress (invocation,
                                   ((double) share.index + fraction) / (double) share.total, path);
}

static gboolean
read_all (MaltInvocation  *invocation,
          int              fd,
          const char      *path,
          MaltFileShare    share,
          MaltPieceFunc    func,
          gpointer         user_data,
          GError         **error)
{
  GCancellable *cancellable = malt_invocation_get_cancellable (invocation);
  g_autofree guint8 *piece = NULL;
  guint64 done = 0;
  guint64 size = 0;

  if (!check_is_regular (fd, path, &size, error))
    return FALSE;

  piece = g_malloc (PIECE_BYTES);
  for (;;)
    {
      gssize length;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        {
          g_prefix_error (error, "Cannot read “%s”: ", path);
          return FALSE;
        }

      length = read (fd, piece, PIECE_BYTES);
      if (length < 0 && errno == EINTR)
        continue;
      if (length < 0)
        return fail_with_errno (path, errno, error);

      if (length == 0)
        break;

      func (piece, (gsize) length, user_data);
      done += (guint64) length;
      if (done < size)
        report (invocation, path, share, done, size);
    }

  report (invocation, path, share, done, done);

  return TRUE;
}

gboolean
malt_file_pieces_read (MaltInvocation  *invocation,
                       const char      *path,
                       MaltFileShare    share,
                       MaltPieceFunc    func,
                       gpointer         user_data,
                       GError         **error)
{
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  gboolean is_read;

  if (fd < 0)
    return fail_with_errno (path, errno, error);

  is_read = read_all (invocation, fd, path, share, func, user_data, error);
  close (fd);

  return is_read;
}

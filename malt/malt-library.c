/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-library-private.h"

#include "malt/malt-error.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A shared library has about ten program headers; one that claims more than this is not one. */
#define PROGRAM_HEADERS_MAX 512

static gboolean
fail (GError     **error,
      const char  *reason)
{
  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_FAILED, reason);

  return FALSE;
}

static gboolean
read_exactly (int       fd,
              gpointer  data,
              gsize     size,
              guint64   offset)
{
  return pread (fd, data, size, (off_t) offset) == (gssize) size;
}

/* The linker maps what the headers claim and dies of SIGBUS where the file ends before that, so a
 * file that was copied half is found out here. What is no ELF file of this machine at all is left
 * to the linker, which has good words for it.
 *
 * Source: System V ABI, chapter 5, "Program Header". */
static gboolean
check_is_whole (int      fd,
                guint64  file_size,
                GError **error)
{
  ElfW (Ehdr) header;
  g_autofree ElfW (Phdr) *segments = NULL;

  if (!read_exactly (fd, &header, sizeof header, 0)
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0
      || header.e_phentsize != sizeof (ElfW (Phdr)) || header.e_phnum > PROGRAM_HEADERS_MAX)
    return TRUE;

  segments = g_new (ElfW (Phdr), header.e_phnum);
  if (!read_exactly (fd, segments, header.e_phnum * sizeof (ElfW (Phdr)), header.e_phoff))
    return fail (error, "The file is truncated");

  for (guint i = 0; i < header.e_phnum; i++)
    {
      guint64 offset = segments[i].p_offset;
      guint64 size = segments[i].p_filesz;

      if (segments[i].p_type == PT_LOAD && (offset > file_size || size > file_size - offset))
        return fail (error, "The file is truncated");
    }

  return TRUE;
}

static gboolean
check_file (const char  *path,
            GError     **error)
{
  /* A FIFO or a device must not keep us waiting. */
  int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int saved_errno = errno;
  struct stat info;
  gboolean is_whole;

  if (fd < 0 || fstat (fd, &info) != 0)
    {
      saved_errno = fd < 0 ? saved_errno : errno;
      g_set_error_literal (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved_errno),
                           g_strerror (saved_errno));
      is_whole = FALSE;
    }
  else if (!S_ISREG (info.st_mode))
    is_whole = fail (error, "It is not a regular file");
  else
    is_whole = check_is_whole (fd, (guint64) info.st_size, error);

  if (fd >= 0)
    close (fd);

  return is_whole;
}

GModule *
malt_library_open (const char  *path,
                   GError     **error)
{
  g_autoptr (GError) open_error = NULL;
  GModule *module;

  if (!check_file (path, error))
    return NULL;

  /* Not lazily: a function that is missing would end the program when it is called, which may be
   * now or tomorrow. */
  module = g_module_open_full (path, G_MODULE_BIND_LOCAL, &open_error);
  if (module == NULL)
    fail (error, open_error->message);

  return module;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attacks.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any limit of the tests. */
#define LARGE_FILE_BYTES (200 << 20)

static gboolean
can_read (int folder,
          const char *path)
{
  int fd = openat (folder, path, O_RDONLY | O_CLOEXEC);
  char byte;

  return fd >= 0 && read (fd, &byte, 1) == 1;
}

/* Leaves nothing behind. */
static gboolean
can_create (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "malt-attack", NULL);

  return open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0 && unlink (path) == 0;
}

ATTACK (attack_read_home)
{
  g_autofree char *path = g_build_filename (target->home, "secret", NULL);

  return can_read (AT_FDCWD, path);
}

ATTACK (attack_write_home)
{
  return can_create (target->home);
}

ATTACK (attack_stat_home)
{
  g_autofree char *path = g_build_filename (target->home, "secret", NULL);
  struct stat info;

  return stat (path, &info) == 0;
}

ATTACK (attack_chmod_home)
{
  g_autofree char *path = g_build_filename (target->home, "victim", NULL);

  return chmod (path, 0644) == 0;
}

ATTACK (attack_truncate_home)
{
  g_autofree char *path = g_build_filename (target->home, "victim", NULL);

  return truncate (path, 0) == 0;
}

ATTACK (attack_remove_home)
{
  g_autofree char *path = g_build_filename (target->home, "victim", NULL);

  return unlink (path) == 0;
}

ATTACK (attack_read_passwd)
{
  return can_read (AT_FDCWD, "/etc/passwd");
}

ATTACK (attack_create_temporary)
{
  return can_create ("/tmp");
}

ATTACK (attack_create_shared)
{
  return can_create ("/dev/shm");
}

ATTACK (attack_write_modules)
{
  return can_create (target->modules);
}

ATTACK (attack_list_processes)
{
  DIR *folder = opendir ("/proc");
  const struct dirent *entry;

  while (folder != NULL && (entry = readdir (folder)) != NULL)
    if (atoi (entry->d_name) == target->manager)
      return TRUE;
  return FALSE;
}

ATTACK (attack_manager_memory_file)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/mem", target->manager);

  return open (path, O_RDWR | O_CLOEXEC) >= 0;
}

ATTACK (attack_manager_environment)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/environ", target->manager);

  return can_read (AT_FDCWD, path);
}

/* Through which code can be written over. */
ATTACK (attack_own_memory_file)
{
  return open ("/proc/self/mem", O_RDWR | O_CLOEXEC) >= 0;
}

ATTACK (attack_inherited_descriptor)
{
  return can_read (target->descriptor, "etc/passwd");
}

/* One byte, so that no disk is filled. */
ATTACK (attack_large_file)
{
  g_autofree char *path = g_build_filename (target->home, "large", NULL);
  int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  gboolean is_written;

  signal (SIGXFSZ, SIG_IGN);
  is_written = fd >= 0 && pwrite (fd, "", 1, LARGE_FILE_BYTES - 1) == 1;
  return is_written && unlink (path) == 0;
}

static int
open_module (const AttackTarget *target)
{
  g_autofree char *path = g_build_filename (target->modules, "attacks.so", NULL);

  return open (path, O_RDONLY | O_CLOEXEC);
}

/* Who else wants the lock waits, and has not let this one read for that. */
ATTACK (attack_lock_file)
{
  return flock (open_module (target), LOCK_EX | LOCK_NB) == 0;
}

/* Each takes memory of the kernel's that no limit of a process counts. */
ATTACK (attack_lock_part)
{
  const struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

  return fcntl (open_module (target), F_SETLK, &lock) == 0;
}

/* Again and again, everybody who writes waits for it. */
ATTACK (attack_flush_file)
{
  return fsync (open_module (target)) == 0;
}

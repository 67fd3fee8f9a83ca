/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel ends a worker for want of memory: of that of a control group which has only this
 * one. */

/* What the group has, and what the worker then takes. */
#define GROUP_BYTES "67108864"
#define TAKEN_BYTES "268435456"

/* Between two tries to remove a group that the kernel still has something of, in microseconds. */
#define REMOVE_POLL_USEC 1000

/* Of the two versions of control groups; a text that keeps memory from being swapped out. */
static const struct
{
  const char *root;
  const char *limit;
  const char *swap;
} versions[] = {
  { "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.swappiness" },
  { "/sys/fs/cgroup", "memory.max", "memory.swap.max" },
};

static gboolean
write_file (const char *folder,
            const char *name,
            const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text);

  if (fd >= 0)
    close (fd);
  return is_written;
}

/* NULL: this machine, or this user, cannot have one. (transfer full) */
static char *
make_group (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/malt-test-%d", versions[i].root, getpid ());

      if (mkdir (path, 0700) != 0)
        continue;
      write_file (path, versions[i].swap, "0");
      if (write_file (path, versions[i].limit, GROUP_BYTES))
        return g_steal_pointer (&path);
      g_assert_no_errno (rmdir (path));
    }
  return NULL;
}

static void
remove_group (const char *path)
{
  while (rmdir (path) != 0)
    {
      g_assert_cmpint (errno, ==, EBUSY);
      g_usleep (REMOVE_POLL_USEC);
    }
}

static void
test_ended_by_the_kernel (void)
{
  g_autofree char *group = make_group ();
  g_autofree char *pid = NULL;
  g_autoptr (MaltAbstractWorker) worker = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  MaltExitReport *report;

  if (group == NULL)
    {
      g_test_skip ("needs a control group of its own, with a limit of memory");
      return;
    }
  worker = fixture_start ("fill-later", TAKEN_BYTES, NULL);
  pid = g_strdup_printf ("%d", fixture_get_pid (worker));
  g_assert_true (write_file (group, "cgroup.procs", pid));
  value = malt_abstract_worker_remote_call_fetch (worker, "work", NULL, NULL, NULL, &error);

  g_assert_null (value);
  g_assert_error (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER);
  g_test_message ("%s", error->message);
  report = malt_error_get_exit_report (error);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
  g_assert_nonnull (strstr (malt_exit_report_get_detail (report), "out of memory"));
  remove_group (group);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);
  fixture_add ("/malt/process/memory/ended-by-the-kernel", test_ended_by_the_kernel);
  return g_test_run ();
}

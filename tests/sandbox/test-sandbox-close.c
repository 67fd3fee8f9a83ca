/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-sandbox-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The worker's side. What a process closes over itself stays closed, so each test has one of its
 * own. */

static guint64
get_limit (int resource)
{
  struct rlimit limit;

  expect (getrlimit (resource, &limit) == 0);
  return limit.rlim_max;
}

static void
in_limits (gconstpointer data)
{
  sandbox_close (data);
  expect (get_limit (RLIMIT_NOFILE) == 40);
  expect (get_limit (RLIMIT_FSIZE) == 5000);
  expect (get_limit (RLIMIT_CORE) == 0);
  expect (prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  expect (open ("/etc/passwd", O_RDONLY) >= 0);
}

static void
test_limits (void)
{
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup != NULL)
    sandbox_assert_runs (in_limits, setup);
}

static void
in_lower_limits (gconstpointer data)
{
  const struct rlimit lower = { 20, 20 };

  expect (setrlimit (RLIMIT_NOFILE, &lower) == 0);
  sandbox_close (data);
  expect (get_limit (RLIMIT_NOFILE) == 20);
}

static void
test_lower_limits_stay (void)
{
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup != NULL)
    sandbox_assert_runs (in_lower_limits, setup);
}

/* The higher, the sooner the kernel ends it for want of memory. */
static int
get_score (void)
{
  g_autofree char *text = NULL;

  expect (g_file_get_contents ("/proc/self/oom_score_adj", &text, NULL, NULL));
  return atoi (text);
}

static void
in_own_score (gconstpointer data)
{
  int before = get_score ();

  sandbox_close (data);
  expect (get_score () == MAX (before, 500));
}

/* Nobody is kept from raising it. */
static void
in_highest_score (gconstpointer data)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY);

  expect (write (fd, "1000", 4) == 4);
  close (fd);
  sandbox_close (data);
  expect (get_score () == 1000);
}

static void
test_is_ended_first (void)
{
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup == NULL)
    return;
  sandbox_assert_runs (in_own_score, setup);
  sandbox_assert_runs (in_highest_score, setup);
}

static void
in_files (gconstpointer data)
{
  struct stat info;

  sandbox_close (data);
  expect (open ("readable/file", O_RDONLY) >= 0);
  expect (open ("readable", O_RDONLY | O_DIRECTORY) >= 0);
  /* For root, too. */
  expect_errno (open ("readable/locked", O_RDONLY), EACCES);
  expect_errno (open ("readable/file", O_RDWR), EACCES);
  expect_errno (open ("readable/new", O_WRONLY | O_CREAT, 0600), EACCES);
  expect_errno (open ("readable/file", O_RDONLY | O_TRUNC), EPERM);
  expect_errno (unlink ("readable/file"), EACCES);
  expect_errno (rename ("readable/file", "readable/other"), EACCES);
  expect_errno (mkdir ("readable/folder", 0700), EACCES);
  expect_errno (open ("secret", O_RDONLY), EACCES);
  expect_errno (open (".", O_RDONLY | O_DIRECTORY), EACCES);
  expect_errno (truncate ("readable/file", 0), EPERM);
  expect_errno (chmod ("readable/file", 0), EPERM);
  /* Not hidden, which the documentation says. */
  expect (stat ("secret", &info) == 0);
}

/* Runs in a folder of its own. */
static void
with_files (void (*func) (gconstpointer data))
{
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *folder = g_dir_make_tmp ("malt-sandbox-XXXXXX", NULL);
  g_autofree char *readable = g_build_filename (folder, "readable", NULL);
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, readable);

  g_assert_cmpint (chdir (folder), ==, 0);
  g_assert_cmpint (mkdir ("readable", 0700), ==, 0);
  g_assert_true (g_file_set_contents ("readable/file", "x", 1, NULL));
  g_assert_true (g_file_set_contents ("readable/locked", "x", 1, NULL));
  g_assert_cmpint (chmod ("readable/locked", 0), ==, 0);
  g_assert_true (g_file_set_contents ("secret", "x", 1, NULL));
  if (setup != NULL)
    sandbox_assert_runs (func, setup);
  g_assert_cmpint (unlink ("secret"), ==, 0);
  g_assert_cmpint (unlink ("readable/file"), ==, 0);
  g_assert_cmpint (unlink ("readable/locked"), ==, 0);
  g_assert_cmpint (rmdir ("readable"), ==, 0);
  g_assert_cmpint (chdir (here), ==, 0);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

static void
test_files (void)
{
  with_files (in_files);
}

static gpointer
in_thread (gpointer data)
{
  return GINT_TO_POINTER (open ("/etc/passwd", O_RDONLY) < 0 ? 1 : 2);
}

static void
in_calls (gconstpointer data)
{
  int pair[2];
  int signals = 0;
  pthread_t thread;
  void *answer = NULL;

  sandbox_close (data);
  expect_errno (socket (AF_INET, SOCK_STREAM, 0), EPERM);
  expect_errno (socket (AF_UNIX, SOCK_STREAM, 0), EPERM);
  expect_errno (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair), EPERM);
  expect_errno (syscall (SYS_memfd_create, "x", 0), EPERM);
  expect_errno (kill (getppid (), 0), EPERM);
  expect_errno (kill (0, 0), EPERM);
  expect_errno (kill (-1, 0), EPERM);
  expect_errno (syscall (SYS_tgkill, getppid (), getppid (), 0), EPERM);
  expect (kill (getpid (), 0) == 0);
  expect_errno (fork (), EPERM);
  expect_errno (execl ("/bin/true", "true", NULL), EPERM);
  expect_errno (prctl (PR_SET_DUMPABLE, 1), EPERM);
  expect_errno (prctl (PR_SET_PDEATHSIG, signals), EPERM);
  expect (mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
          == MAP_FAILED);
  expect (mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
          != MAP_FAILED);

  /* Threads that are started later are as confined as this one. */
  expect (pthread_create (&thread, NULL, in_thread, NULL) == 0);
  expect (pthread_join (thread, &answer) == 0);
  expect (answer == GINT_TO_POINTER (1));
}

static void
test_calls (void)
{
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);

  if (setup != NULL)
    sandbox_assert_runs (in_calls, setup);
}

#ifdef __x86_64__
static void
in_other_architecture (gconstpointer data)
{
  long result = 20; /* getpid() there */

  sandbox_close (data);
  __asm__ volatile ("int $0x80" : "+a" (result) : : "memory");
}
#endif

static void
test_other_architecture (void)
{
#ifdef __x86_64__
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);
  int status;

  if (setup == NULL)
    return;
  status = sandbox_run_apart (in_other_architecture, setup);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSYS);
#else
  g_test_skip ("int 0x80 is of x86_64");
#endif
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/sandbox/close/limits", test_limits);
  g_test_add_func ("/malt/sandbox/close/lower-limits-stay", test_lower_limits_stay);
  g_test_add_func ("/malt/sandbox/close/is-ended-first", test_is_ended_first);
  g_test_add_func ("/malt/sandbox/close/files", test_files);
  g_test_add_func ("/malt/sandbox/close/calls", test_calls);
  g_test_add_func ("/malt/sandbox/close/other-architecture", test_other_architecture);

  return g_test_run ();
}

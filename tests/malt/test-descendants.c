/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-descendants.h"

#include "tests/malt-test-slowness.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is left of a tree is inherited by this process, which can then see how it ended. */

/* More than are asked one by one for their children, and fewer than the 500 that valgrind has. */
#define N_MANY_THREADS 400

static guint n_threads_asked;

/* The library, too, calls this one and not GLib's. */
gboolean
g_file_get_contents (const char  *name,
                     char       **contents,
                     gsize       *length,
                     GError     **error)
{
  __typeof__ (g_file_get_contents) *real = dlsym (RTLD_NEXT, "g_file_get_contents");

  n_threads_asked += g_str_has_suffix (name, "/children");
  return real (name, contents, length, error);
}

/* Each process says once that it is there, and then sleeps with the end of the pipe open. */
static void
sleep_for_ever (int fd)
{
  (void) !write (fd, "x", 1);
  for (;;)
    pause ();
}

/* In a child: `depth` generations of `width` children. */
static void
grow (int fd,
      int depth,
      int width)
{
  for (int i = 0; depth > 0 && i < width; i++)
    if (fork () == 0)
      {
        grow (fd, depth - 1, width);
        sleep_for_ever (fd);
      }
}

/* In the parent: returns when `n` processes have said so. */
static void
wait_for_processes (const int fds[2],
                    int       n)
{
  close (fds[1]);
  for (int i = 0; i < n; i++)
    {
      char byte;

      g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
    }
}

/* Returns when `n` processes below the new one are there. */
static pid_t
start_tree (int  depth,
            int  width,
            int  n,
            int *fd)
{
  int fds[2];
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      close (fds[0]);
      grow (fds[1], depth, width);
      sleep_for_ever (fds[1]);
    }
  wait_for_processes (fds, n + 1);

  *fd = fds[0];
  return pid;
}

static void
end_tree (pid_t pid,
          int   fd)
{
  char byte;

  kill (pid, SIGKILL);
  /* End of file: nobody of the tree is left. */
  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
  close (fd);
  while (waitpid (-1, NULL, 0) > 0 || errno == EINTR)
    ;
}

static void
test_tree (void)
{
  int fd;
  pid_t pid = start_tree (3, 2, 14, &fd);

  g_assert_cmpuint (malt_kill_descendants (pid), ==, 14);
  g_assert_cmpint (waitpid (pid, NULL, WNOHANG), ==, 0);
  /* They take a moment to die. Then they wait for a parent that does not look, and are not counted
   * again. */
  while (malt_kill_descendants (pid) > 0)
    ;
  end_tree (pid, fd);
}

static gpointer
run_thread (gpointer user_data)
{
  if (user_data == NULL || fork () != 0)
    for (;;)
      pause ();
  sleep_for_ever (*(int *) user_data);
  return NULL;
}

static gboolean
skip_threads_of_children (void)
{
#ifdef __SANITIZE_THREAD__
  g_test_skip ("ThreadSanitizer ends a child that starts threads, if its parent has some");
  return TRUE;
#else
  return FALSE;
#endif
}

static gboolean
has_first_thread_ended (void)
{
  g_autofree char *stat = NULL;

  g_file_get_contents ("/proc/self/stat", &stat, NULL, NULL);
  return strstr (stat, ") Z ") != NULL;
}

static gpointer
outlive_first_thread (gpointer user_data)
{
  while (!has_first_thread_ended ())
    g_usleep (1000);
  sleep_for_ever (*(int *) user_data);
  return NULL;
}

static void
test_first_thread_has_ended (void)
{
  int fds[2];
  pid_t pid;

  g_test_summary ("A process whose first thread has ended looks dead, but is not");
  if (skip_threads_of_children ())
    return;
  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      if (fork () != 0)
        sleep_for_ever (fds[1]);
      g_thread_unref (g_thread_new ("rest", outlive_first_thread, &fds[1]));
      syscall (SYS_exit, 0);
    }
  wait_for_processes (fds, 2);

  g_assert_cmpuint (malt_kill_descendants (pid), ==, 1);
  end_tree (pid, fds[0]);
}

static void
test_many_threads (void)
{
  int fds[2];
  pid_t pid;

  g_test_summary ("Threads are cheap to have, and do not hide a child of the last of them");
  if (skip_threads_of_children ())
    return;
  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      for (int i = 1; i <= N_MANY_THREADS; i++)
        g_thread_unref (g_thread_new (NULL, run_thread, i < N_MANY_THREADS ? NULL : &fds[1]));
      sleep_for_ever (fds[1]);
    }
  wait_for_processes (fds, 2);

  n_threads_asked = 0;
  g_assert_cmpuint (malt_kill_descendants (pid), ==, 1);
  /* It looks twice, the second time for what came meanwhile. */
  g_assert_cmpuint (n_threads_asked, <, 2 * N_MANY_THREADS);
  end_tree (pid, fds[0]);
}

static void
test_none (void)
{
  int fd;
  pid_t pid = start_tree (0, 0, 0, &fd);

  g_assert_cmpuint (malt_kill_descendants (pid), ==, 0);
  end_tree (pid, fd);
}

static void
test_own (void)
{
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  for (int i = 0; i < 3; i++)
    if (fork () == 0)
      sleep_for_ever (fds[1]);
  wait_for_processes (fds, 3);

  g_assert_cmpuint (malt_kill_descendants (getpid ()), ==, 3);
  for (int i = 0; i < 3; i++)
    {
      int status;

      g_assert_cmpint (wait (&status), >, 0);
      g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
    }
  close (fds[0]);
}

/* One that is stopped already dies as well. */
static void
test_stopped (void)
{
  int fd;
  pid_t pid = start_tree (1, 3, 3, &fd);

  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_cmpuint (malt_kill_descendants (pid), ==, 3);
  end_tree (pid, fd);
}

static gpointer
fork_in_a_thread (gpointer user_data)
{
  int fd = GPOINTER_TO_INT (user_data);

  if (fork () == 0)
    sleep_for_ever (fd);
  sleep_for_ever (fd);
  return NULL;
}

/* Children belong to threads. */
static void
test_child_of_a_thread (void)
{
  int fds[2];
  pid_t pid;

  if (skip_threads_of_children ())
    return;
  g_assert_cmpint (pipe (fds), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      g_thread_new ("forks", fork_in_a_thread, GINT_TO_POINTER (fds[1]));
      sleep_for_ever (fds[1]);
    }
  wait_for_processes (fds, 3);

  g_assert_cmpuint (malt_kill_descendants (pid), ==, 1);
  end_tree (pid, fds[0]);
}

/* Those who fall to this process are waited for, and nobody else is. */
static void
test_orphans (void)
{
  int fd;
  pid_t own = fork ();
  pid_t pid;
  g_autoptr (GError) error = NULL;
  g_autofree char *children = NULL;
  g_autofree char *expected = NULL;

  if (own == 0)
    _exit (7);
  expected = g_strdup_printf ("%d ", own);
  pid = start_tree (2, 2, 6, &fd);
  kill (pid, SIGSTOP);
  g_assert_cmpuint (malt_kill_descendants (pid), ==, 6);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  do
    {
      g_free (children);
      g_assert_true (g_file_get_contents ("/proc/thread-self/children", &children, NULL, &error));
    }
  while (!g_str_equal (children, expected));
  end_tree (own, fd);
}

static void
test_no_such_process (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
  g_assert_cmpuint (malt_kill_descendants (pid), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  alarm (60 * malt_test_get_slowness ());

  g_test_add_func ("/malt/descendants/tree", test_tree);
  g_test_add_func ("/malt/descendants/first-thread-has-ended", test_first_thread_has_ended);
  g_test_add_func ("/malt/descendants/many-threads", test_many_threads);
  g_test_add_func ("/malt/descendants/none", test_none);
  g_test_add_func ("/malt/descendants/own", test_own);
  g_test_add_func ("/malt/descendants/stopped", test_stopped);
  g_test_add_func ("/malt/descendants/child-of-a-thread", test_child_of_a_thread);
  g_test_add_func ("/malt/descendants/orphans", test_orphans);
  g_test_add_func ("/malt/descendants/no-such-process", test_no_such_process);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <malt/malt.h>

#include "malt/sandbox/malt-sandbox-close-private.h"
#include "malt/sandbox/malt-sandbox-landlock-private.h"
#include "malt/sandbox/malt-sandbox-seccomp-private.h"
#include "malt/sandbox/malt-sandbox-setup.h"
#include "tests/malt-test-slowness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* A child says which line of a test does not hold. */
#define expect(condition) \
  G_STMT_START { \
    if (!(condition)) \
      { \
        g_printerr ("%d: %s does not hold: %s\n", __LINE__, #condition, g_strerror (errno)); \
        _exit (1); \
      } \
  } G_STMT_END

#define expect_errno(call, number) \
  G_STMT_START { \
    errno = 0; \
    expect ((call) < 0 && errno == (number)); \
  } G_STMT_END

/* Of the status of waitpid(). */
static int
run_apart (void (*func) (gconstpointer data),
           gconstpointer data)
{
  int status = 0;
  pid_t pid = fork ();

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      func (data);
      _exit (0);
    }
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

static void
assert_runs (void (*func) (gconstpointer data),
             gconstpointer data)
{
  int status = run_apart (func, data);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* NULL, and the test is passed over, where it cannot be had. Without limits of memory, for
 * sanitizers take it all. */
static GVariant *
new_setup (MaltSandbox profile,
           const char *readable)
{
  const char *const folders[] = { readable, NULL };
  const MaltSandboxOptions options = {
    .profile = profile, .fd_limit = 40, .file_size_limit = 5000,
  };
  g_autoptr (GError) error = NULL;
  GVariant *setup = NULL;

  if (malt_test_is_valgrind ())
    g_test_skip ("valgrind lets a process set no limits");
  else
    setup = malt_sandbox_new_setup (&options, folders, &error);
  if (error != NULL)
    g_test_skip (error->message);
  return setup;
}

static void
close_sandbox (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) applied = malt_sandbox_close ((GVariant *) data, &error);

  if (applied == NULL)
    g_printerr ("%s\n", error->message);
  expect (applied != NULL);
}

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
  close_sandbox (data);
  expect (get_limit (RLIMIT_NOFILE) == 40);
  expect (get_limit (RLIMIT_FSIZE) == 5000);
  expect (get_limit (RLIMIT_CORE) == 0);
  expect (prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  expect (open ("/etc/passwd", O_RDONLY) >= 0);
}

static void
test_limits (void)
{
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup != NULL)
    assert_runs (in_limits, setup);
}

static void
in_lower_limits (gconstpointer data)
{
  const struct rlimit lower = { 20, 20 };

  expect (setrlimit (RLIMIT_NOFILE, &lower) == 0);
  close_sandbox (data);
  expect (get_limit (RLIMIT_NOFILE) == 20);
}

static void
test_lower_limits_stay (void)
{
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup != NULL)
    assert_runs (in_lower_limits, setup);
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

  close_sandbox (data);
  expect (get_score () == MAX (before, 500));
}

/* Nobody is kept from raising it. */
static void
in_highest_score (gconstpointer data)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY);

  expect (write (fd, "1000", 4) == 4);
  close (fd);
  close_sandbox (data);
  expect (get_score () == 1000);
}

static void
test_is_ended_first (void)
{
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_LIMITS, NULL);

  if (setup == NULL)
    return;
  assert_runs (in_own_score, setup);
  assert_runs (in_highest_score, setup);
}

static void
in_files (gconstpointer data)
{
  struct stat info;

  close_sandbox (data);
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
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, readable);

  g_assert_cmpint (chdir (folder), ==, 0);
  g_assert_cmpint (mkdir ("readable", 0700), ==, 0);
  g_assert_true (g_file_set_contents ("readable/file", "x", 1, NULL));
  g_assert_true (g_file_set_contents ("readable/locked", "x", 1, NULL));
  g_assert_cmpint (chmod ("readable/locked", 0), ==, 0);
  g_assert_true (g_file_set_contents ("secret", "x", 1, NULL));
  if (setup != NULL)
    assert_runs (func, setup);
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

  close_sandbox (data);
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
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, NULL);

  if (setup != NULL)
    assert_runs (in_calls, setup);
}

#ifdef __x86_64__
static void
in_other_architecture (gconstpointer data)
{
  long result = 20; /* getpid() there */

  close_sandbox (data);
  __asm__ volatile ("int $0x80" : "+a" (result) : : "memory");
}
#endif

static void
test_other_architecture (void)
{
#ifdef __x86_64__
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, NULL);
  int status;

  if (setup == NULL)
    return;
  status = run_apart (in_other_architecture, setup);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGSYS);
#else
  g_test_skip ("int 0x80 is of x86_64");
#endif
}

/* A process that cannot be closed: the data is the set-up, the text a part of the error. */
typedef struct
{
  GVariant   *setup;
  int         number; /* of a system call that fails before, −1: none */
  int         fails_with;
  MaltError   code;
  const char *text;
  gboolean    has_thread;
} Failing;

static gpointer
wait_for_ever (gpointer data)
{
  pause ();
  return NULL;
}

/* As on a kernel without it. */
static void
refuse (int number,
        int error_number)
{
  const struct sock_filter instructions[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (guint32) number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (guint32) error_number),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (instructions),
                                      (struct sock_filter *) instructions };

  expect (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  expect (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void
fail_to_close (gconstpointer data)
{
  const Failing *failing = data;
  g_autoptr (GError) error = NULL;
  pthread_t thread;

  if (failing->number >= 0)
    refuse (failing->number, failing->fails_with);
  if (failing->has_thread)
    expect (pthread_create (&thread, NULL, wait_for_ever, NULL) == 0);
  expect (malt_sandbox_close (failing->setup, &error) == NULL);
  if (strstr (error->message, failing->text) == NULL)
    g_printerr ("%s\n", error->message);
  expect (g_error_matches (error, MALT_ERROR, (int) failing->code));
  expect (strstr (error->message, failing->text) != NULL);
}

static void
test_fails (void)
{
  g_autoptr (GVariant) strict = new_setup (MALT_SANDBOX_STRICT, NULL);
  g_autoptr (GVariant) limits = new_setup (MALT_SANDBOX_LIMITS, NULL);
  g_autoptr (GVariant) unknown = g_variant_ref_sink (g_variant_new_parsed ("{'profile': <'all'>}"));
  g_autoptr (GVariant) empty = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  g_autoptr (GVariant) no_filter =
    g_variant_ref_sink (g_variant_new_parsed ("{'profile': <'strict'>, 'filter': <b'no filter'>}"));
  const Failing failing[] = {
    { unknown, -1, 0, MALT_ERROR_INVALID_CONFIG, "“all”", FALSE },
    { empty, -1, 0, MALT_ERROR_INVALID_CONFIG, "“”", FALSE },
    { limits, SYS_prlimit64, EPERM, MALT_ERROR_SANDBOX_UNAVAILABLE, "limit of", FALSE },
    { limits, SYS_prctl, EINVAL, MALT_ERROR_SANDBOX_UNAVAILABLE, "new privileges", FALSE },
    { strict, -1, 0, MALT_ERROR_SANDBOX_UNAVAILABLE, "thread", TRUE },
    { strict, SYS_capset, EPERM, MALT_ERROR_SANDBOX_UNAVAILABLE, "capabilities", FALSE },
    { strict, SYS_landlock_create_ruleset, ENOSYS, MALT_ERROR_SANDBOX_UNAVAILABLE,
      "built without Landlock", FALSE },
    { strict, SYS_landlock_create_ruleset, EOPNOTSUPP, MALT_ERROR_SANDBOX_UNAVAILABLE,
      "disabled", FALSE },
    { strict, SYS_landlock_add_rule, ENOMEM, MALT_ERROR_SANDBOX_UNAVAILABLE, "/dev/null", FALSE },
    { strict, SYS_landlock_restrict_self, E2BIG, MALT_ERROR_SANDBOX_UNAVAILABLE,
      "Cannot restrict the process", FALSE },
    { strict, SYS_seccomp, ENOSYS, MALT_ERROR_SANDBOX_UNAVAILABLE, "Cannot load a filter", FALSE },
    { no_filter, -1, 0, MALT_ERROR_SANDBOX_UNAVAILABLE, "no filter", FALSE },
  };

  for (guint i = 0; strict != NULL && i < G_N_ELEMENTS (failing); i++)
    {
      g_test_message ("%s", failing[i].text);
      assert_runs (fail_to_close, &failing[i]);
    }
}

/* Where another sandbox forbids to ask the kernel for threads, /proc tells. */
static void
in_forbidden_unshare (gconstpointer data)
{
  refuse (SYS_unshare, EPERM);
  close_sandbox (data);
}

static void
test_threads_by_proc (void)
{
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, NULL);

  if (setup != NULL)
    {
      const Failing with_thread = { setup, SYS_unshare, EPERM, MALT_ERROR_SANDBOX_UNAVAILABLE,
                                    "thread", TRUE };

      assert_runs (in_forbidden_unshare, setup);
      assert_runs (fail_to_close, &with_thread);
    }
}

/* What a manager finds missing. */
typedef struct
{
  int         number;
  int         fails_with;
  const char *text;
} Missing;

static void
check_missing (gconstpointer data)
{
  const Missing *missing = data;
  g_autoptr (GError) error = NULL;

  refuse (missing->number, missing->fails_with);
  expect (!malt_sandbox_check ("strict", &error));
  expect (g_error_matches (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE));
  if (strstr (error->message, missing->text) == NULL)
    g_printerr ("%s\n", error->message);
  expect (strstr (error->message, missing->text) != NULL);
  expect (strstr (error->message, "“limits”") != NULL);
  expect (malt_sandbox_check ("limits", NULL));
}

static void
test_missing (void)
{
  static const Missing missing[] = {
    { SYS_landlock_create_ruleset, ENOSYS, "built without Landlock" },
    { SYS_landlock_create_ruleset, EOPNOTSUPP, "disabled" },
    { SYS_landlock_create_ruleset, EPERM, "Operation not permitted" },
    { SYS_seccomp, ENOSYS, "without seccomp" },
  };
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, NULL);

  for (guint i = 0; setup != NULL && i < G_N_ELEMENTS (missing); i++)
    assert_runs (check_missing, &missing[i]);
}

/* In a program that has no filter yet; it prints the error. */
static void
check_in_subprocess (const char *profile)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (malt_sandbox_check (profile, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_SANDBOX_UNAVAILABLE);
  g_printerr ("%s\n", error->message);
}

static void
assert_missing_in_subprocess (const char *pattern)
{
  g_autoptr (GVariant) setup = new_setup (MALT_SANDBOX_STRICT, NULL);

  if (setup == NULL)
    return;
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (pattern);
}

static void
test_no_libseccomp (void)
{
  if (!g_test_subprocess ())
    {
      assert_missing_in_subprocess ("*libseccomp is not installed*");
      return;
    }
  refuse (SYS_openat, EACCES);
  check_in_subprocess ("strict");
}

static void
test_no_filter (void)
{
  if (!g_test_subprocess ())
    {
      assert_missing_in_subprocess ("*libseccomp cannot write a filter*");
      return;
    }
  refuse (SYS_memfd_create, EPERM);
  check_in_subprocess ("strict");
}

/* As in most containers. */
static void
refuse_namespaces (void)
{
  const struct sock_filter instructions[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (instructions),
                                      (struct sock_filter *) instructions };

  expect (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  expect (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void
assert_no_namespaces (gboolean ignores_children)
{
  g_autoptr (GError) error = NULL;

  if (g_test_subprocess ())
    {
      if (ignores_children)
        signal (SIGCHLD, SIG_IGN);
      refuse_namespaces ();
      check_in_subprocess ("isolated");
      check_in_subprocess ("isolated");
    }
  else if (!malt_sandbox_check ("isolated", &error))
    g_test_skip (error->message);
  else
    assert_missing_in_subprocess ("*bwrap: *“strict”*");
}

static void
test_no_namespaces (void)
{
  assert_no_namespaces (FALSE);
}

/* The kernel reaps them, and nobody knows how they have ended. */
static void
test_no_namespaces_nor_children (void)
{
  assert_no_namespaces (TRUE);
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
  g_test_add_func ("/malt/sandbox/close/fails", test_fails);
  g_test_add_func ("/malt/sandbox/close/threads-by-proc", test_threads_by_proc);
  g_test_add_func ("/malt/sandbox/close/missing", test_missing);
  g_test_add_func ("/malt/sandbox/close/no-libseccomp", test_no_libseccomp);
  g_test_add_func ("/malt/sandbox/close/no-filter", test_no_filter);
  g_test_add_func ("/malt/sandbox/close/no-namespaces", test_no_namespaces);
  g_test_add_func ("/malt/sandbox/close/no-namespaces-nor-children",
                   test_no_namespaces_nor_children);

  return g_test_run ();
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-sandbox-fixture.h"

#include "malt/malt-error.h"
#include "malt/sandbox/malt-sandbox.h"
#include "malt/sandbox/malt-sandbox-close-private.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is said when a sandbox cannot be closed, or cannot be had; each test has a process of its
 * own. */

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
  g_autoptr (GVariant) strict = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);
  g_autoptr (GVariant) limits = sandbox_new_setup (MALT_SANDBOX_LIMITS, NULL);
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
      sandbox_assert_runs (fail_to_close, &failing[i]);
    }
}

/* Where another sandbox forbids to ask the kernel for threads, /proc tells. */
static void
in_forbidden_unshare (gconstpointer data)
{
  refuse (SYS_unshare, EPERM);
  sandbox_close (data);
}

static void
test_threads_by_proc (void)
{
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);

  if (setup != NULL)
    {
      const Failing with_thread = { setup, SYS_unshare, EPERM, MALT_ERROR_SANDBOX_UNAVAILABLE,
                                    "thread", TRUE };

      sandbox_assert_runs (in_forbidden_unshare, setup);
      sandbox_assert_runs (fail_to_close, &with_thread);
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
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);

  for (guint i = 0; setup != NULL && i < G_N_ELEMENTS (missing); i++)
    sandbox_assert_runs (check_missing, &missing[i]);
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
  g_autoptr (GVariant) setup = sandbox_new_setup (MALT_SANDBOX_STRICT, NULL);

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

  g_test_add_func ("/malt/sandbox/missing/fails", test_fails);
  g_test_add_func ("/malt/sandbox/missing/threads-by-proc", test_threads_by_proc);
  g_test_add_func ("/malt/sandbox/missing/missing", test_missing);
  g_test_add_func ("/malt/sandbox/missing/no-libseccomp", test_no_libseccomp);
  g_test_add_func ("/malt/sandbox/missing/no-filter", test_no_filter);
  g_test_add_func ("/malt/sandbox/missing/no-namespaces", test_no_namespaces);
  g_test_add_func ("/malt/sandbox/missing/no-namespaces-nor-children",
                   test_no_namespaces_nor_children);

  return g_test_run ();
}

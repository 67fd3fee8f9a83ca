/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt-sandbox-fixture.h"

#include "malt/sandbox/malt-sandbox-close-private.h"
#include "malt/sandbox/malt-sandbox-setup.h"
#include "tests/malt-test-slowness.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the status of waitpid(). */
int
sandbox_run_apart (void (*func) (gconstpointer data),
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

void
sandbox_assert_runs (void (*func) (gconstpointer data),
             gconstpointer data)
{
  int status = sandbox_run_apart (func, data);

  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

/* NULL, and the test is passed over, where it cannot be had. Without limits of memory, for
 * sanitizers take it all. */
GVariant *
sandbox_new_setup (MaltSandbox profile,
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

void
sandbox_close (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) applied = malt_sandbox_close ((GVariant *) data, &error);

  if (applied == NULL)
    g_printerr ("%s\n", error->message);
  expect (applied != NULL);
}

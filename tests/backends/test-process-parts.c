/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/process/malt-process-command.h"
#include "backends/process/malt-process-report.h"
#include "backends/process/malt-process-spawn.h"
#include "backends/process/malt-process-transport.h"
#include "tests/malt-test-slowness.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void
assert_connected (int a,
                  int b)
{
  char byte = 0;

  g_assert_cmpint (write (a, "x", 1), ==, 1);
  g_assert_cmpint (read (b, &byte, 1), ==, 1);
  g_assert_cmpint (byte, ==, 'x');
}

static void
test_pair (gconstpointer data)
{
  MaltProcessTransport transport = GPOINTER_TO_INT (data);
  g_auto (MaltProcessPair) pair = MALT_PROCESS_PAIR_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_process_pair_open (&pair, transport, &error));
  g_assert_no_error (error);
  assert_connected (pair.manager_fd, pair.worker_fd);
  g_assert_true (fcntl (pair.manager_fd, F_GETFL) & O_NONBLOCK);
  g_assert_false (fcntl (pair.worker_fd, F_GETFL) & O_NONBLOCK);
  g_assert_true (fcntl (pair.manager_fd, F_GETFD) & FD_CLOEXEC);
  g_assert_true (fcntl (pair.worker_fd, F_GETFD) & FD_CLOEXEC);
  g_assert_cmpint (pair.port != 0, ==, transport != MALT_PROCESS_TRANSPORT_UNIX);
}

static gboolean
environment_has (char      **environment,
                 const char *name)
{
  return g_environ_getenv (environment, name) != NULL;
}

static void
test_environment_clean (void)
{
  const char *const added[] = { "MALT_TEST_A=1=2", "MALT_TEST_B", "MALT_TEST_C", NULL };
  MaltProcessOptions options = { .environment = (char **) added };
  g_auto (MaltProcessCommand) command = MALT_PROCESS_COMMAND_INIT;
  g_autoptr (GError) error = NULL;

  g_setenv ("MALT_TEST_B", "taken", TRUE);
  g_unsetenv ("MALT_TEST_C");
  g_setenv ("MALT_TEST_D", "hidden", TRUE);
  g_setenv ("LC_TIME", "C", TRUE);
  g_assert_true (malt_process_command_fill (&command, &options, &error));
  g_assert_cmpstr (g_environ_getenv (command.environment, "MALT_TEST_A"), ==, "1=2");
  g_assert_cmpstr (g_environ_getenv (command.environment, "MALT_TEST_B"), ==, "taken");
  g_assert_false (environment_has (command.environment, "MALT_TEST_C"));
  g_assert_false (environment_has (command.environment, "MALT_TEST_D"));
  g_assert_true (environment_has (command.environment, "PATH"));
  g_assert_true (environment_has (command.environment, "LC_TIME"));
}

static void
test_environment_inherit (void)
{
  const char *const added[] = { "MALT_TEST_E=other", NULL };
  MaltProcessOptions options = { .environment = (char **) added,
                                 .environment_mode = MALT_PROCESS_ENVIRONMENT_INHERIT };
  g_auto (MaltProcessCommand) command = MALT_PROCESS_COMMAND_INIT;
  g_auto (GStrv) own = NULL;

  g_setenv ("MALT_TEST_E", "own", TRUE);
  own = g_get_environ ();
  g_assert_true (malt_process_command_fill (&command, &options, NULL));
  g_assert_cmpuint (g_strv_length (command.environment), ==, g_strv_length (own));
  g_assert_cmpstr (g_environ_getenv (command.environment, "MALT_TEST_E"), ==, "other");
}

static void
test_command_line (void)
{
  const char *const arguments[] = { "plain", "two words", NULL };
  MaltProcessOptions options = { .executable = (char *) "/bin/true",
                                 .arguments = (char **) arguments };
  g_auto (MaltProcessCommand) command = MALT_PROCESS_COMMAND_INIT;
  g_autofree char *shown = NULL;

  g_assert_true (malt_process_command_fill (&command, &options, NULL));
  g_assert_cmpstr (command.program, ==, "/bin/true");
  shown = malt_process_command_show (&command);
  g_assert_cmpstr (shown, ==, "/bin/true --malt-worker plain 'two words'");
}

static void
test_command_by_path (void)
{
  MaltProcessOptions options = { .executable = (char *) "sh" };
  g_auto (MaltProcessCommand) command = MALT_PROCESS_COMMAND_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_true (malt_process_command_fill (&command, &options, NULL));
  g_assert_true (g_path_is_absolute (command.program));
  malt_process_command_clear (&command);
  options.executable = (char *) "no-such-program-of-malt";
  g_assert_false (malt_process_command_fill (&command, &options, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "no-such-program-of-malt"));
}

static void
spawn_and_read (const int  fds[MALT_PROCESS_N_FDS],
                int        output_fd,
                GString   *output)
{
  char *argv[] = { (char *) "sh", (char *) "-c", (char *) "ls /proc/self/fd; cat <&3", NULL };
  const char *const environment[] = { "PATH=/bin:/usr/bin", NULL };
  MaltProcessCommand command = { .program = (char *) "/bin/sh", .argv = argv,
                                 .environment = (char **) environment };
  g_autoptr (GError) error = NULL;
  char buffer[256];
  gssize n_read;
  MaltProcessHandle process = MALT_PROCESS_HANDLE_INIT;
  siginfo_t info;

  g_assert_true (malt_process_spawn (&command, fds, FALSE, &process, &error));
  g_assert_no_error (error);
  close (fds[MALT_PROCESS_FD_STDOUT]);
  while ((n_read = read (output_fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (output, buffer, n_read);
  g_assert_true (malt_process_handle_wait (&process, WEXITED, &info, NULL));
  g_assert_cmpint (info.si_code, ==, CLD_EXITED);
  g_assert_cmpint (info.si_status, ==, 0);
  malt_process_handle_clear (&process);
}

/* The sources lie just where the targets are, and something that is not close-on-exec is open. */
static void
test_spawn_descriptors (void)
{
  g_autoptr (GString) output = g_string_new (NULL);
  int leak = open ("/", O_RDONLY);
  int pipe_fds[2], input[2];
  int fds[MALT_PROCESS_N_FDS] = { -1, -1, -1, -1, -1 };

  g_assert_cmpint (leak, >=, 0);
  g_assert_cmpint (pipe2 (pipe_fds, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (input, O_CLOEXEC), ==, 0);
  g_assert_cmpint (write (input[1], "through", 7), ==, 7);
  close (input[1]);
  fds[MALT_PROCESS_FD_STDOUT] = pipe_fds[1];
  fds[MALT_PROCESS_FD_DATA] = input[0];

  spawn_and_read (fds, pipe_fds[0], output);
  /* 5 is the folder that ls reads; cat has all of descriptor 3. */
  g_assert_cmpstr (output->str, ==, "0\n1\n2\n3\n4\n5\nthrough");
  close (pipe_fds[0]);
  close (input[0]);
  close (leak);
}

static void
test_spawn_not_executable (void)
{
  char *argv[] = { (char *) "/etc/passwd", NULL };
  MaltProcessCommand command = { .program = argv[0], .argv = argv, .environment = argv + 1 };
  const int fds[MALT_PROCESS_N_FDS] = { -1, -1, -1, -1, -1 };
  g_autoptr (GError) error = NULL;
  MaltProcessHandle process = MALT_PROCESS_HANDLE_INIT;

  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind loses the error of an exec() after vfork()");
      return;
    }
  g_assert_false (malt_process_spawn (&command, fds, FALSE, &process, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, "/etc/passwd"));
  g_assert_nonnull (strstr (error->message, g_strerror (EACCES)));
}

/* The reason is that of open(), not that of using what it did not give. */
static void
test_spawn_no_descriptor_left (void)
{
  char *argv[] = { (char *) "/bin/true", NULL };
  MaltProcessCommand command = { .program = argv[0], .argv = argv, .environment = argv + 1 };
  const int fds[MALT_PROCESS_N_FDS] = { -1, -1, -1, -1, -1 };
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GError) error = NULL;
  MaltProcessHandle process = MALT_PROCESS_HANDLE_INIT;
  struct rlimit old_limit, limit;
  int fd;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &old_limit));
  limit = (struct rlimit) { .rlim_cur = 32, .rlim_max = old_limit.rlim_max };
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  while ((fd = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
    g_array_append_val (taken, fd);
  g_assert_cmpint (errno, ==, EMFILE);

  g_assert_false (malt_process_spawn (&command, fds, FALSE, &process, &error));

  for (guint i = 0; i < taken->len; i++)
    close (g_array_index (taken, int, i));
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &old_limit));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_START_FAILED);
  g_assert_nonnull (strstr (error->message, g_strerror (EMFILE)));
}

static void
test_oom_kills (void)
{
  g_assert_cmpint (malt_process_parse_oom_kills (""), ==, -1);
  g_assert_cmpint (malt_process_parse_oom_kills ("nr_free_pages 3\nnot_oom_kill 7\n"), ==, -1);
  g_assert_cmpint (malt_process_parse_oom_kills ("nr_free_pages 3\noom_kill 12\nx 1\n"), ==, 12);
  g_assert_cmpint (malt_process_parse_oom_kills ("oom_kill 0\n"), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/malt/process/pair/tcp", GINT_TO_POINTER (MALT_PROCESS_TRANSPORT_TCP),
                        test_pair);
  g_test_add_data_func ("/malt/process/pair/unix", GINT_TO_POINTER (MALT_PROCESS_TRANSPORT_UNIX),
                        test_pair);
  g_test_add_func ("/malt/process/environment/clean", test_environment_clean);
  g_test_add_func ("/malt/process/environment/inherit", test_environment_inherit);
  g_test_add_func ("/malt/process/command/line", test_command_line);
  g_test_add_func ("/malt/process/command/by-path", test_command_by_path);
  g_test_add_func ("/malt/process/spawn/descriptors", test_spawn_descriptors);
  g_test_add_func ("/malt/process/spawn/not-executable", test_spawn_not_executable);
  g_test_add_func ("/malt/process/spawn/no-descriptor-left", test_spawn_no_descriptor_left);
  g_test_add_func ("/malt/process/report/oom-kills", test_oom_kills);
  return g_test_run ();
}

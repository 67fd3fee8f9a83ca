/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <json-glib/json-glib.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program, for one worker: `malt-host --once`. */

/* Enough that a sender who may would pass memory instead. */
#define BIG_BYTES (1024u * 1024)

typedef struct
{
  GSubprocess *process;
  char        *folder;
  char        *path;
  Client       client;
} Program;

static char *
find_program (void)
{
  return g_test_build_filename (G_TEST_BUILT, "..", "..", "backends", "distributed", "host",
                                "malt-host", NULL);
}

static void
program_read_reply (Program *program)
{
  GInputStream *output = g_subprocess_get_stdout_pipe (program->process);
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (output);
  g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, NULL);
  g_autofree char *address = g_strconcat (MALT_SPAWN_UNIX_PREFIX, program->path, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  guint8 token[MALT_HOST_TOKEN_BYTES];
  JsonObject *object;

  g_assert_nonnull (line);
  json_parser_load_from_data (parser, line, -1, &error);
  g_assert_no_error (error);
  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_true (malt_host_from_hex (json_object_get_string_member (object, "token"), token,
                                     sizeof token));
  client_init_for (&program->client, json_object_get_string_member (object, "id"),
                   malt_spawn_reply_new (address, 0, token, NULL,
                                         json_object_get_string_member (object, "host"),
                                         (int) json_object_get_int_member (object, "pid")));
}

static void
program_init (Program *program)
{
  g_autofree char *executable = find_program ();
  g_autofree char *address = NULL;
  g_autofree char *folder = g_dir_make_tmp ("malt-host-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  struct stat status;

  program->folder = g_build_filename (folder, "socket", NULL);
  program->path = g_build_filename (program->folder, "host", NULL);
  address = g_strconcat (MALT_SPAWN_UNIX_PREFIX, program->path, NULL);
  program->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE
                                       | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, executable,
                                       "--once", "--listen", address, NULL);
  g_assert_no_error (error);
  program_read_reply (program);

  g_assert_cmpint (stat (program->folder, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0700);
  g_assert_cmpint (stat (program->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0077, ==, 0);
}

/* And that nothing is left of it. */
static void
program_clear (Program *program)
{
  g_autofree char *parent = g_path_get_dirname (program->folder);

  client_wait_until_gone (&program->client);
  g_assert_cmpint (rmdir (parent), ==, 0);
  client_clear (&program->client);
  g_object_unref (program->process);
  g_free (program->path);
  g_free (program->folder);
}

static void
program_wait (Program *program)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_check (program->process, NULL, &error);
  g_assert_no_error (error);
}

static void
test_once (void)
{
  Program program = { NULL };
  g_auto (NewManager) manager = { NULL };

  program_init (&program);
  client_open (&program.client);
  client_greet (&program.client, &manager);
  /* Over two Unix sockets, which could pass descriptors, with somebody in between who does not. */
  new_manager_check_echo (&manager, BIG_BYTES);
  new_manager_clear (&manager);
  client_assert_end (&program.client);
  close (g_steal_fd (&program.client.fds[MALT_HOST_STREAM_WATCH]));
  program_wait (&program);
  program_clear (&program);
}

/* The program takes as many as it may, and its workers do not. */
static void
test_descriptors (void)
{
  Program program = { NULL };
  struct rlimit before, fewer, limit;
  int pid;

  if (malt_test_is_valgrind ())
    {
      g_test_skip ("valgrind keeps the last descriptors for itself");
      return;
    }

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  fewer = before;
  fewer.rlim_cur = before.rlim_max / 2;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &fewer));
  program_init (&program);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  pid = atoi (g_subprocess_get_identifier (program.process));
  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, NULL, &limit));
  g_assert_cmpuint (limit.rlim_cur, ==, before.rlim_max);
  g_assert_no_errno (prlimit (program.client.reply->pid, RLIMIT_NOFILE, NULL, &limit));
  g_assert_cmpuint (limit.rlim_cur, ==, fewer.rlim_cur);
  g_assert_cmpuint (limit.rlim_max, ==, before.rlim_max);
  g_subprocess_send_signal (program.process, SIGTERM);
  program_wait (&program);
  program_clear (&program);
}

static void
test_once_input_ends (void)
{
  Program program = { NULL };

  program_init (&program);
  client_open (&program.client);
  g_output_stream_close (g_subprocess_get_stdin_pipe (program.process), NULL, NULL);
  client_assert_end (&program.client);
  program_wait (&program);
  program_clear (&program);
}

static void
test_once_sigterm (void)
{
  Program program = { NULL };

  program_init (&program);
  g_subprocess_send_signal (program.process, SIGTERM);
  program_wait (&program);
  program_clear (&program);
}

/* Then nobody clears up but the worker, which sees that it is alone. */
static void
test_once_killed (void)
{
  Program program = { NULL };
  g_autoptr (GError) error = NULL;

  program_init (&program);
  client_open (&program.client);
  g_subprocess_force_exit (program.process);
  g_subprocess_wait (program.process, NULL, &error);
  g_assert_no_error (error);
  client_wait_until_gone (&program.client);
  g_assert_cmpint (unlink (program.path), ==, 0);
  g_assert_cmpint (rmdir (program.folder), ==, 0);
  program_clear (&program);
}

static void
test_usage (void)
{
  static const char *const cases[][3] = {
    { "--once", NULL, NULL },
    { "--once", "--listen", "tcp:1" },
    { "--once", "--listen", "unix:relative" },
    { "--nonsense", NULL, NULL },
    { "--profile", "default", NULL },
    { "serve", NULL, NULL },
  };
  g_autofree char *executable = find_program ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSubprocess) process = g_subprocess_new (
          G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, executable, cases[i][0], cases[i][1],
          cases[i][2], NULL);

      g_assert_no_error (error);
      g_subprocess_wait (process, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 2);
    }
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  if (MALT_HAS_LUA)
    {
      fixture_add ("/host/once/serves-one", test_once);
      fixture_add ("/host/once/descriptors", test_descriptors);
      fixture_add ("/host/once/input-ends", test_once_input_ends);
      fixture_add ("/host/once/sigterm", test_once_sigterm);
      fixture_add ("/host/once/killed", test_once_killed);
    }
  fixture_add ("/host/once/usage", test_usage);

  return g_test_run ();
}

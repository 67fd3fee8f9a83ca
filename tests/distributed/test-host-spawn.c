/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-strangers.h"
#include "backends/distributed/malt-distributed-names.h"
#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <string.h>
#include <sys/resource.h>

/* What a host answers to those who ask it for a worker. */

static const char one_slot[] = "{ 'pools': { 'default': { 'slots': 1 } } }";

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_ptr_array_add (user_data, malt_host_workers_spawn_finish (MALT_HOST_WORKERS (source), result,
                                                              NULL));
}

static void
test_asked_twice (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
  g_autoptr (GPtrArray) replies =
    g_ptr_array_new_with_free_func ((GDestroyNotify) malt_spawn_reply_free);
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (
      id, "default", "default", MALT_LEASE_MIN_MSEC,
      g_variant_new_parsed ("{'evaluator': <''>}"));

  malt_host_workers_spawn_async (host_fixture_get_workers (host), request, on_spawned, replies);
  malt_host_workers_spawn_async (host_fixture_get_workers (host), request, on_spawned, replies);
  while (replies->len < 2)
    g_main_context_iteration (NULL, TRUE);
  malt_host_workers_spawn_async (host_fixture_get_workers (host), request, on_spawned, replies);
  while (replies->len < 3)
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i < 3; i++)
    {
      const MaltSpawnReply *first = g_ptr_array_index (replies, 0);
      const MaltSpawnReply *reply = g_ptr_array_index (replies, i);

      g_assert_cmpint (reply->pid, ==, first->pid);
      g_assert_cmpmem (reply->token, sizeof reply->token, first->token, sizeof first->token);
    }
  g_assert_cmpuint (malt_host_workers_get_n (host_fixture_get_workers (host)), ==, 1);
}

static void
test_slots (void)
{
  g_autoptr (HostFixture) host =
    host_fixture_new ("{ 'pools': { 'a': { 'slots': 1 }, 'none': { 'slots': 0 } } }");
  g_auto (Client) client = { { -1, -1, -1 } };

  host_fixture_assert_refused (host, "none", "default", NULL, MALT_ERROR_LIMIT, "slots");
  host_fixture_assert_refused (host, "b", "default", NULL, MALT_ERROR_INVALID_CONFIG, "“b”");
  host_fixture_assert_refused (host, "a", "fast", NULL, MALT_ERROR_INVALID_CONFIG, "default");
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "a"), ==, 1);

  client_init (&client, host, NULL);
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "a"), ==, 0);
  host_fixture_assert_refused (host, "a", "default", NULL, MALT_ERROR_LIMIT, "slots");
  host_fixture_assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "slots");
}

/* Descriptors for one worker: what a host keeps for itself and for strangers, and twice its
 * eleven. */
#define ROOM_FOR_ONE_FDS (64 + MALT_HOST_MAX_STRANGERS + 2 * 11)

/* Before there is an error in the midst of a start. */
static void
test_no_room (void)
{
  g_autoptr (HostFixture) host = host_fixture_new ("{ 'pools': { 'default': { 'slots': 3 } } }");
  MaltHostWorkers *workers = host_fixture_get_workers (host);
  g_auto (Client) client = { { -1, -1, -1 } };
  struct rlimit before, fewer;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &before));
  fewer = before;
  fewer.rlim_cur = ROOM_FOR_ONE_FDS;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &fewer));
  g_assert_cmpuint (malt_host_workers_get_free (workers, "default"), ==, 3);
  client_init (&client, host, NULL);
  g_assert_cmpuint (malt_host_workers_get_free (workers, "default"), ==, 0);
  host_fixture_assert_refused (host, "default", "default", NULL, MALT_ERROR_LIMIT, "files");
  host_fixture_assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "files");
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  g_assert_cmpuint (malt_host_workers_get_free (workers, "default"), ==, 2);
}

/* What a manager says, and what the host answers. */
static void
test_options (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (
      "{ 'profiles': { 'default': { 'sandbox': 'limits', 'fd-limit': 100, 'memory-limit': 0,"
      "                             'environment': [ 'COLOUR', 'FIXED=1' ] },"
      "                'tight': { 'extends': 'default', 'memory-limit': 1073741824 },"
      "                'more': { 'extends': 'tight' } } }");
  static const struct
  {
    const char *options;
    const char *text;
  } cases[] = {
    { "{'sandbox': <'none'>}", "sandbox" },
    { "{'executable': <'/bin/sh'>}", "executable" },
    { "{'modules': <['/x.so']>}", "modules" },
    { "{'module-path': <['/']>}", "module-path" },
    { "{'working-directory': <'/'>}", "working-directory" },
    { "{'stdout': <'inherit'>}", "stdout" },
    { "{'read-paths': <['/']>}", "read-paths" },
    { "{'nonsense': <1>}", "nonsense" },
    { "{'fd-limit': <@u 101>}", "at most 100" },
    { "{'fd-limit': <'many'>}", "fd-limit" },
    { "{'memory-limit': <@t 0>}", "at most 1073741824" },
    { "{'environment': <['COLOUR']>}", "COLOUR" },
    { "{'environment': <['HOME=/']>}", "HOME=/" },
    { "{'environment': <['FIXED=2']>}", "FIXED=2" },
    { "{'environment': <'COLOUR=red'>}", "array" },
    { "{'start-timeout': <@u 4000000000>}", "start-timeout" },
  };
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autofree char *path = NULL;
  g_autofree char *environment = NULL;
  gsize length;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      host_fixture_assert_refused (host, NULL, "tight", cases[i].options,
                                   MALT_ERROR_INVALID_CONFIG, cases[i].text);
      host_fixture_assert_refused (host, NULL, "more", cases[i].options,
                                   MALT_ERROR_INVALID_CONFIG, cases[i].text);
    }

  client_init (&client, host, "{'evaluator': <''>, 'fd-limit': <@u 50>,"
                              " 'environment': <['COLOUR=red']>}");
  path = g_strdup_printf ("/proc/%d/environ", client.reply->pid);
  g_assert_true (g_file_get_contents (path, &environment, &length, NULL));
  g_assert_nonnull (memmem (environment, length, "COLOUR=red", 11));
  g_assert_nonnull (memmem (environment, length, "FIXED=1", 8));
}

static void
test_start_fails (void)
{
  g_autoptr (HostFixture) host =
    host_fixture_new ("{ 'profiles': { 'default': { 'executable': '/bin/false' } } }");

  host_fixture_assert_refused (host, NULL, "default", "@a{sv} {}", MALT_ERROR_START_FAILED,
                               "/bin/false");
  g_assert_cmpuint (malt_host_workers_get_n (host_fixture_get_workers (host)), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  fixture_add ("/host/asked-twice", test_asked_twice);
  fixture_add ("/host/slots", test_slots);
  fixture_add ("/host/no-room", test_no_room);
  /* Valgrind lets a process set no limits. */
  if (!malt_test_is_valgrind ())
    fixture_add ("/host/options", test_options);
  fixture_add ("/host/start-fails", test_start_fails);

  return g_test_run ();
}

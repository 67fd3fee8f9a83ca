/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-strangers.h"
#include "backends/distributed/malt-distributed-names.h"
#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (4u * 1024 * 1024)

static const char one_slot[] = "{ 'pools': { 'default': { 'slots': 1 } } }";

/* JSON in a C string. */
static HostFixture *
new_host (const char *text)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');

  return host_fixture_new (json);
}

static void
wait_until_free (HostFixture *host)
{
  while (malt_host_workers_get_n (host_fixture_get_workers (host)) > 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_call (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };

  client_init (&client, host, NULL);
  g_assert_cmpstr (client.reply->address, ==, "127.0.0.1");
  g_assert_null (client.reply->fingerprint);
  client_open (&client);
  client_greet (&client, &manager);
  new_manager_check_echo (&manager, 42);
  new_manager_check_echo (&manager, BIG_BYTES);
  new_manager_clear (&manager);

  /* It leaves with its manager, and the host tells how. */
  client_assert_end (&client);
  g_assert_true (fixture_is_gone (client.reply->pid));
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "default"), ==, 0);
  client_clear (&client);
  wait_until_free (host);
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "default"), ==, 1);
}

static void
test_token_counts_once (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };

  client_init (&client, host, NULL);
  client_open (&client);
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    {
      int fd = client_send_opening (&client, (MaltHostStream) i);

      g_assert_false (client_is_accepted (fd));
      close (fd);
    }
  g_assert_false (fixture_is_gone (client.reply->pid));
}

/* At which byte of an opening something else stands. */
static void
test_wrong_opening (gconstpointer data)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  MaltHostOpening opening = { .stream = MALT_HOST_STREAM_WATCH };
  guint8 bytes[MALT_HOST_OPENING_BYTES];
  int fd;

  client_init (&client, host, NULL);
  g_assert_true (malt_host_from_hex (client.id, opening.id, sizeof opening.id));
  memcpy (opening.token, client.reply->token, sizeof opening.token);
  malt_host_opening_encode (&opening, bytes);
  bytes[GPOINTER_TO_INT (data)] ^= 0x10;

  fd = client_connect (&client);
  g_assert_cmpint (send (fd, bytes, sizeof bytes, MSG_NOSIGNAL), ==, sizeof bytes);
  g_assert_false (client_is_accepted (fd));
  close (fd);

  /* Which is no reason to let down whoever has the token. */
  client_open (&client);
}

static void
test_half_opening (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  int fd;

  client_init (&client, host, NULL);
  fd = client_connect (&client);
  g_assert_cmpint (send (fd, "MALTHOST", 8, MSG_NOSIGNAL), ==, 8);
  shutdown (fd, SHUT_WR);
  g_assert_false (client_is_accepted (fd));
  close (fd);
  client_open (&client);
}

/* Many more than may be, who say nothing: the oldest go. */
static void
test_silent_strangers (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  int fds[2 * MALT_HOST_MAX_STRANGERS];

  client_init (&client, host, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = client_connect (&client);
      host_iterate ();
    }
  client_open (&client);
  g_assert_false (client_is_accepted (fds[0]));

  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

/* As many as may be, who begin and do not go on: they make room when somebody else comes. */
static void
test_strangers (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  int fds[MALT_HOST_MAX_STRANGERS];

  client_init (&client, host, NULL);
  for (guint i = 0; i < MALT_HOST_MAX_STRANGERS; i++)
    {
      fds[i] = client_connect (&client);
      g_assert_cmpint (send (fds[i], "M", 1, MSG_NOSIGNAL), ==, 1);
      host_iterate ();
    }

  client_open (&client);
  for (guint i = 0; i < MALT_HOST_MAX_STRANGERS; i++)
    {
      g_assert_false (client_is_accepted (fds[i]));
      close (fds[i]);
    }
}

/* One of the streams, or none, comes. */
static void
test_not_opened (gconstpointer data)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  MaltHostStream stream = (MaltHostStream) GPOINTER_TO_INT (data);

  client_init (&client, host, NULL);
  if (stream < MALT_HOST_N_STREAMS)
    {
      client.fds[stream] = client_send_opening (&client, stream);
      g_assert_true (client_is_accepted (client.fds[stream]));
    }
  if (stream == MALT_HOST_STREAM_WATCH)
    {
      g_autoptr (MaltExitReport) report = client_wait_for_end (&client);

      g_assert_nonnull (strstr (malt_exit_report_get_detail (report), "did not come"));
      client_clear (&client);
    }
  wait_until_free (host);
}

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
  g_autoptr (HostFixture) host = new_host (one_slot);
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
assert_refused (HostFixture *host,
                const char  *pool,
                const char  *profile,
                const char  *options,
                int          code,
                const char  *text)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (GError) error = NULL;

  g_assert_null (host_fixture_try_spawn (host, id, pool, profile, options, &error));
  g_assert_error (error, MALT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_slots (void)
{
  g_autoptr (HostFixture) host =
    new_host ("{ 'pools': { 'a': { 'slots': 1 }, 'none': { 'slots': 0 } } }");
  g_auto (Client) client = { { -1, -1, -1 } };

  assert_refused (host, "none", "default", NULL, MALT_ERROR_LIMIT, "slots");
  assert_refused (host, "b", "default", NULL, MALT_ERROR_INVALID_CONFIG, "“b”");
  assert_refused (host, "a", "fast", NULL, MALT_ERROR_INVALID_CONFIG, "default");
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "a"), ==, 1);

  client_init (&client, host, NULL);
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "a"), ==, 0);
  assert_refused (host, "a", "default", NULL, MALT_ERROR_LIMIT, "slots");
  assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "slots");
}

/* Descriptors for one worker: what a host keeps for itself and for strangers, and twice its
 * eleven. */
#define ROOM_FOR_ONE_FDS (64 + MALT_HOST_MAX_STRANGERS + 2 * 11)

/* Before there is an error in the midst of a start. */
static void
test_no_room (void)
{
  g_autoptr (HostFixture) host = new_host ("{ 'pools': { 'default': { 'slots': 3 } } }");
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
  assert_refused (host, "default", "default", NULL, MALT_ERROR_LIMIT, "files");
  assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "files");
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &before));
  g_assert_cmpuint (malt_host_workers_get_free (workers, "default"), ==, 2);
}

/* What a manager says, and what the host answers. */
static void
test_options (void)
{
  g_autoptr (HostFixture) host = new_host (
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
      assert_refused (host, NULL, "tight", cases[i].options, MALT_ERROR_INVALID_CONFIG,
                      cases[i].text);
      assert_refused (host, NULL, "more", cases[i].options, MALT_ERROR_INVALID_CONFIG,
                      cases[i].text);
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
    new_host ("{ 'profiles': { 'default': { 'executable': '/bin/false' } } }");

  assert_refused (host, NULL, "default", "@a{sv} {}", MALT_ERROR_START_FAILED, "/bin/false");
  g_assert_cmpuint (malt_host_workers_get_n (host_fixture_get_workers (host)), ==, 0);
}

static void
test_kill (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  client_open (&client);
  malt_watch_append_kill (bytes, SIGKILL);
  client_send (&client, bytes);
  report = client_wait_for_end (&client);
  g_assert_cmpint (malt_exit_report_get_reason (report), ==, MALT_EXIT_REASON_KILLED);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
}

static void
test_stop (gconstpointer asks)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  client_open (&client);
  client_greet (&client, &manager);
  if (asks != NULL)
    malt_connection_send_stop (manager.connection, 1);
  malt_watch_append_stop (bytes, asks != NULL ? 60000 : 0, 60000);
  client_send (&client, bytes);
  report = client_wait_for_end (&client);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, asks != NULL ? 0 : SIGTERM);
}

/* What breaks the watch, and with it the worker: the manager is not to be trusted. */
static void
test_broken_watch (gconstpointer data)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  client_init (&client, host, NULL);
  client_open (&client);
  for (const char *digits = data; *digits != '\0'; digits += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (digits[0]) << 4
                              | g_ascii_xdigit_value (digits[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  client_send (&client, bytes);
  client_wait_until_gone (&client);
  wait_until_free (host);
}

static void
test_unknown_frames_are_skipped (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  client_open (&client);
  g_byte_array_append (bytes, (const guint8 *) "\3\0\0\0" "\x7f\0\0\0" "abc", 11);
  malt_watch_append_kill (bytes, SIGKILL);
  client_send (&client, bytes);
  report = client_wait_for_end (&client);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
}

static void
test_lease_runs_out (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  gint64 began_us;

  host_fixture_set_lease (host, MALT_LEASE_MIN_MSEC);
  client_init (&client, host, NULL);
  client.is_silent = TRUE;
  began_us = g_get_monotonic_time ();
  client_open (&client);
  g_assert_null (client_wait_for_end (&client));
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, MALT_LEASE_MIN_MSEC * 1000);
  g_assert_true (fixture_is_gone (client.reply->pid));
}

/* A manager that answers keeps its worker for longer than a lease. */
static void
test_lease_is_renewed (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  gint64 end_us = g_get_monotonic_time () + 3 * MALT_LEASE_MIN_MSEC * 1000;
  g_auto (MaltWatchFrame) frame = { 0 };
  guint64 n_beats = 0;

  /* Not the shortest: this test may have to wait for its turn, too. */
  host_fixture_set_lease (host, 2 * MALT_LEASE_MIN_MSEC);
  client_init (&client, host, NULL);
  client_open (&client);
  while (g_get_monotonic_time () < end_us)
    {
      g_autoptr (GByteArray) echo = g_byte_array_new ();
      guint8 beat[16];

      host_wait_for (client.fds[MALT_HOST_STREAM_WATCH]);
      g_assert_cmpint (recv (client.fds[MALT_HOST_STREAM_WATCH], beat, sizeof beat, MSG_WAITALL),
                       ==, sizeof beat);
      g_assert_cmpuint (beat[8], ==, ++n_beats);
      malt_watch_append_beat (echo, n_beats);
      client_send (&client, echo);
    }
  g_assert_false (fixture_is_gone (client.reply->pid));
}

/* The manager closes one of the three, or all of them. */
static void
test_manager_goes (gconstpointer data)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  guint which = GPOINTER_TO_UINT (data);

  client_init (&client, host, NULL);
  client_open (&client);
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    if (i == which || which == MALT_HOST_N_STREAMS)
      close (g_steal_fd (&client.fds[i]));
  client_wait_until_gone (&client);
  if (which < MALT_HOST_STREAM_WATCH)
    {
      g_autoptr (MaltExitReport) report = client_wait_for_end (&client);

      g_assert_cmpint (malt_exit_report_get_exit_status (report), ==, 0);
    }
}

static void
test_host_leaves (void)
{
  g_autoptr (HostFixture) host = new_host (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  client_open (&client);
  malt_host_workers_stop_all (host_fixture_get_workers (host));
  assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "leaves");
  report = client_wait_for_end (&client);
  g_assert_nonnull (strstr (malt_exit_report_get_detail (report), "host leaves"));
  /* Although the manager keeps its streams. */
  wait_until_free (host);
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n_entries = 0;

  while (g_dir_read_name (dir) != NULL)
    n_entries++;

  return n_entries;
}

/* Nothing stays behind, however workers end; what a bridge has ends a little later. */
static void
test_nothing_stays (void)
{
  guint n_fds = 0;
  guint n_threads = 0;

  for (guint round = 0; round < 3; round++)
    {
      if (round == 1)
        {
          while (g_main_context_iteration (NULL, FALSE))
            ;
          n_fds = count_entries ("/proc/self/fd");
          n_threads = count_entries ("/proc/self/task");
        }
      test_call ();
      test_kill ();
      test_manager_goes (GUINT_TO_POINTER (MALT_HOST_N_STREAMS));
      test_half_opening ();
    }

  while (count_entries ("/proc/self/fd") > n_fds || count_entries ("/proc/self/task") > n_threads)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
}

#define ADD_BROKEN(name, digits) \
  fixture_add_data ("/host/broken-watch/" name, digits, test_broken_watch)

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

  fixture_add ("/host/call", test_call);
  fixture_add ("/host/token-counts-once", test_token_counts_once);
  fixture_add_data ("/host/wrong/magic", GINT_TO_POINTER (0), test_wrong_opening);
  fixture_add_data ("/host/wrong/version", GINT_TO_POINTER (8), test_wrong_opening);
  fixture_add_data ("/host/wrong/stream", GINT_TO_POINTER (9), test_wrong_opening);
  fixture_add_data ("/host/wrong/zeros", GINT_TO_POINTER (15), test_wrong_opening);
  fixture_add_data ("/host/wrong/id", GINT_TO_POINTER (16), test_wrong_opening);
  fixture_add_data ("/host/wrong/token", GINT_TO_POINTER (63), test_wrong_opening);
  fixture_add ("/host/half-opening", test_half_opening);
  fixture_add ("/host/silent-strangers", test_silent_strangers);
  fixture_add ("/host/strangers", test_strangers);
  fixture_add_data ("/host/not-opened/none", GINT_TO_POINTER (MALT_HOST_N_STREAMS),
                    test_not_opened);
  fixture_add_data ("/host/not-opened/but-data", GINT_TO_POINTER (MALT_HOST_STREAM_DATA),
                    test_not_opened);
  fixture_add_data ("/host/not-opened/but-watch", GINT_TO_POINTER (MALT_HOST_STREAM_WATCH),
                    test_not_opened);
  fixture_add ("/host/asked-twice", test_asked_twice);
  fixture_add ("/host/slots", test_slots);
  fixture_add ("/host/no-room", test_no_room);
  /* Valgrind lets a process set no limits. */
  if (!malt_test_is_valgrind ())
    fixture_add ("/host/options", test_options);
  fixture_add ("/host/start-fails", test_start_fails);
  fixture_add ("/host/kill", test_kill);
  fixture_add_data ("/host/stop-when-asked", "asks", test_stop);
  fixture_add_data ("/host/stop-unasked", NULL, test_stop);
  ADD_BROKEN ("garbage", "474554202f20485454502f312e310d0a");
  ADD_BROKEN ("too-long", "0000020001000000");
  ADD_BROKEN ("no-zeros", "08000000010000010100000000000000");
  ADD_BROKEN ("short-beat", "040000000100000001000000");
  ADD_BROKEN ("long-kill", "08000000030000000900000000000000");
  ADD_BROKEN ("no-signal", "040000000300000000000000");
  ADD_BROKEN ("negative-signal", "0400000003000000ffffffff");
  ADD_BROKEN ("beat-never-sent", "0800000001000000ffffffff00000000");
  ADD_BROKEN ("taken-never-sent", "0400000004000000ffffffff");
  fixture_add ("/host/unknown-frames-are-skipped", test_unknown_frames_are_skipped);
  fixture_add ("/host/lease-runs-out", test_lease_runs_out);
  fixture_add ("/host/lease-is-renewed", test_lease_is_renewed);
  fixture_add_data ("/host/manager-goes/data", GUINT_TO_POINTER (MALT_HOST_STREAM_DATA),
                    test_manager_goes);
  fixture_add_data ("/host/manager-goes/control", GUINT_TO_POINTER (MALT_HOST_STREAM_CONTROL),
                    test_manager_goes);
  fixture_add_data ("/host/manager-goes/watch", GUINT_TO_POINTER (MALT_HOST_STREAM_WATCH),
                    test_manager_goes);
  fixture_add_data ("/host/manager-goes/all", GUINT_TO_POINTER (MALT_HOST_N_STREAMS),
                    test_manager_goes);
  fixture_add ("/host/host-leaves", test_host_leaves);
  fixture_add ("/host/nothing-stays", test_nothing_stays);

  return g_test_run ();
}

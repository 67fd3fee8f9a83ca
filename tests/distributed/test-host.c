/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-strangers.h"
#include "backends/distributed/malt-distributed-names.h"
#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (4u * 1024 * 1024)

static const char one_slot[] = "{ 'pools': { 'default': { 'slots': 1 } } }";

static void
test_call (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  host_fixture_wait_until_free (host);
  g_assert_cmpuint (malt_host_workers_get_free (host_fixture_get_workers (host), "default"), ==, 1);
}

static void
test_token_counts_once (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  host_fixture_wait_until_free (host);
}

static void
test_kill (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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

/* The manager closes one of the three, or all of them. */
static void
test_manager_goes (gconstpointer data)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
  g_auto (Client) client = { { -1, -1, -1 } };
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  client_open (&client);
  malt_host_workers_stop_all (host_fixture_get_workers (host));
  host_fixture_assert_refused (host, NULL, "default", NULL, MALT_ERROR_LIMIT, "leaves");
  report = client_wait_for_end (&client);
  g_assert_nonnull (strstr (malt_exit_report_get_detail (report), "host leaves"));
  /* Although the manager keeps its streams. */
  host_fixture_wait_until_free (host);
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
  fixture_add ("/host/kill", test_kill);
  fixture_add_data ("/host/stop-when-asked", "asks", test_stop);
  fixture_add_data ("/host/stop-unasked", NULL, test_stop);
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

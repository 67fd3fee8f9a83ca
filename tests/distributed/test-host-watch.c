/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"

#include <signal.h>
#include <sys/socket.h>

/* What a manager says on the stream watch, or does not say. */

static const char one_slot[] = "{ 'pools': { 'default': { 'slots': 1 } } }";

/* What breaks the watch, and with it the worker: the manager is not to be trusted. */
static void
test_broken_watch (gconstpointer data)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  host_fixture_wait_until_free (host);
}

static void
test_unknown_frames_are_skipped (void)
{
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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
  g_autoptr (HostFixture) host = host_fixture_new (one_slot);
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

#define ADD_BROKEN(name, digits) \
  fixture_add_data ("/host/broken-watch/" name, digits, test_broken_watch)

int
main (int    argc,
      char **argv)
{
  fixture_init (&argc, &argv);

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

  return g_test_run ();
}

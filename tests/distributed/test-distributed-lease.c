/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-lease.h"

/* Times are those of a clock that has run for a while. */
#define START (1000 * G_USEC_PER_SEC)
#define SECOND G_USEC_PER_SEC
#define LEASE (4 * SECOND)
#define MARGIN (MALT_LEASE_MARGIN_MSEC * G_TIME_SPAN_MILLISECOND)

static void
test_silence (void)
{
  MaltHostLease host;
  MaltManagerLease manager;

  g_test_summary ("Who never hears a thing gives up after the lease, the manager a second later.");

  malt_host_lease_init (&host, LEASE, START);
  malt_manager_lease_init (&manager, LEASE, START);

  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + LEASE);
  g_assert_cmpint (malt_manager_lease_get_deadline (&manager), ==, START + LEASE + MARGIN);
  g_assert_false (malt_host_lease_is_over (&host, START + LEASE - 1));
  g_assert_true (malt_host_lease_is_over (&host, START + LEASE));
  g_assert_false (malt_manager_lease_is_over (&manager, START + LEASE + MARGIN - 1));
  g_assert_true (malt_manager_lease_is_over (&manager, START + LEASE + MARGIN));
}

static void
test_renewal (void)
{
  MaltHostLease host;
  MaltManagerLease manager;
  gint64 way = SECOND / 4;

  g_test_summary ("Each beat that is echoed renews both, longer than any ring of times holds.");

  malt_host_lease_init (&host, LEASE, START);
  malt_manager_lease_init (&manager, LEASE, START);

  for (guint64 i = 0; i < 3 * MALT_LEASE_MAX_BEATS; i++)
    {
      gint64 now = START + (gint64) i * SECOND;
      guint64 number = malt_host_lease_beat (&host, now);

      g_assert_cmpuint (number, ==, i + 1);
      g_assert_true (malt_manager_lease_beat (&manager, number, now + way));
      g_assert_true (malt_host_lease_echo (&host, number, now + 2 * way));
      g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, now + LEASE);
      g_assert_cmpint (malt_manager_lease_get_deadline (&manager), ==, now + way + LEASE + MARGIN);
    }
}

static void
test_late_echo (void)
{
  MaltHostLease host;
  guint64 first;

  g_test_summary ("The lease counts from when the beat was sent, however long its echo took.");

  malt_host_lease_init (&host, LEASE, START);
  first = malt_host_lease_beat (&host, START);
  for (gint64 i = 1; i < 4; i++)
    malt_host_lease_beat (&host, START + i * SECOND);

  g_assert_true (malt_host_lease_echo (&host, first, START + LEASE - 1));
  g_assert_true (malt_host_lease_is_over (&host, START + LEASE));
}

static void
test_repeated_and_reordered_echoes (void)
{
  MaltHostLease host;

  malt_host_lease_init (&host, LEASE, START);
  for (gint64 i = 0; i < 3; i++)
    malt_host_lease_beat (&host, START + i * SECOND);

  g_assert_true (malt_host_lease_echo (&host, 3, START + 2 * SECOND));
  g_assert_true (malt_host_lease_echo (&host, 1, START + 2 * SECOND));
  g_assert_true (malt_host_lease_echo (&host, 3, START + 3 * SECOND));
  g_assert_true (malt_host_lease_echo (&host, 0, START + 3 * SECOND));
  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + 2 * SECOND + LEASE);
}

static void
test_echo_of_what_was_never_sent (void)
{
  MaltHostLease host;

  malt_host_lease_init (&host, LEASE, START);
  g_assert_false (malt_host_lease_echo (&host, 1, START));
  malt_host_lease_beat (&host, START + SECOND);

  g_assert_false (malt_host_lease_echo (&host, 2, START + SECOND));
  g_assert_false (malt_host_lease_echo (&host, G_MAXUINT64, START + SECOND));
  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + LEASE);
}

static void
test_echo_of_what_is_forgotten (void)
{
  MaltHostLease host;

  g_test_summary ("Whoever beats faster than it should gets no time out of a place used twice.");

  malt_host_lease_init (&host, LEASE, START);
  for (gint64 i = 0; i <= MALT_LEASE_MAX_BEATS; i++)
    malt_host_lease_beat (&host, START + i * 1000);

  g_assert_true (malt_host_lease_echo (&host, 1, START + SECOND));
  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + LEASE);
  g_assert_true (malt_host_lease_echo (&host, 2, START + SECOND));
  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + 1000 + LEASE);
}

static void
test_frozen_host (void)
{
  MaltHostLease host;

  g_test_summary ("A host that wakes up late kills, even if an echo lay in its socket meanwhile.");

  malt_host_lease_init (&host, LEASE, START);
  malt_host_lease_beat (&host, START + SECOND);

  g_assert_true (malt_host_lease_echo (&host, 1, START + LEASE));
  g_assert_true (malt_host_lease_is_over (&host, START + LEASE));
  g_assert_cmpuint (malt_host_lease_beat (&host, START + LEASE), ==, 0);

  /* What is over stays over. */
  g_assert_true (malt_host_lease_is_over (&host, START));
  g_assert_true (malt_host_lease_echo (&host, 1, START));
  g_assert_true (malt_host_lease_is_over (&host, START));
}

static void
test_frozen_manager (void)
{
  MaltManagerLease manager;

  g_test_summary ("A manager that wakes up late echoes no beat that lay in its socket.");

  malt_manager_lease_init (&manager, LEASE, START);
  g_assert_true (malt_manager_lease_beat (&manager, 1, START));

  g_assert_false (malt_manager_lease_beat (&manager, 2, START + LEASE + MARGIN));
  g_assert_true (malt_manager_lease_is_over (&manager, START + SECOND));
  g_assert_false (malt_manager_lease_beat (&manager, 3, START + SECOND));
}

static void
test_repeated_and_reordered_beats (void)
{
  MaltManagerLease manager;

  malt_manager_lease_init (&manager, LEASE, START);
  g_assert_true (malt_manager_lease_beat (&manager, 2, START));

  g_assert_false (malt_manager_lease_beat (&manager, 2, START + SECOND));
  g_assert_false (malt_manager_lease_beat (&manager, 1, START + SECOND));
  g_assert_false (malt_manager_lease_beat (&manager, 0, START + SECOND));
  g_assert_cmpint (malt_manager_lease_get_deadline (&manager), ==, START + LEASE + MARGIN);
}

static void
test_one_way (void)
{
  MaltHostLease host;
  MaltManagerLease manager;

  g_test_summary ("Echoes are lost, beats are not: the host kills while the manager still hears "
                  "it, and the manager waits for longer than that.");

  malt_host_lease_init (&host, LEASE, START);
  malt_manager_lease_init (&manager, LEASE, START);

  for (gint64 now = START; !malt_host_lease_is_over (&host, now); now += SECOND)
    malt_manager_lease_beat (&manager, malt_host_lease_beat (&host, now), now);

  g_assert_cmpint (malt_host_lease_get_deadline (&host), ==, START + LEASE);
  g_assert_cmpint (malt_manager_lease_get_deadline (&manager), ==,
                   START + LEASE - SECOND + LEASE + MARGIN);
}

static void
test_time (void)
{
  gint64 before = malt_host_lease_get_time ();

  g_assert_cmpint (before, >, 0);
  g_assert_cmpint (malt_host_lease_get_time (), >=, before);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/distributed/lease/silence", test_silence);
  g_test_add_func ("/malt/distributed/lease/renewal", test_renewal);
  g_test_add_func ("/malt/distributed/lease/late-echo", test_late_echo);
  g_test_add_func ("/malt/distributed/lease/repeated-and-reordered-echoes",
                   test_repeated_and_reordered_echoes);
  g_test_add_func ("/malt/distributed/lease/echo-of-what-was-never-sent",
                   test_echo_of_what_was_never_sent);
  g_test_add_func ("/malt/distributed/lease/echo-of-what-is-forgotten",
                   test_echo_of_what_is_forgotten);
  g_test_add_func ("/malt/distributed/lease/frozen-host", test_frozen_host);
  g_test_add_func ("/malt/distributed/lease/frozen-manager", test_frozen_manager);
  g_test_add_func ("/malt/distributed/lease/repeated-and-reordered-beats",
                   test_repeated_and_reordered_beats);
  g_test_add_func ("/malt/distributed/lease/one-way", test_one_way);
  g_test_add_func ("/malt/distributed/lease/time", test_time);

  return g_test_run ();
}

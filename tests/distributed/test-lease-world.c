/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "tests/distributed/malt-lease-world.h"

/* The short form of simulate-leases. */
#define N_SEEDS 12

static const LeasePlan small_plan = {
  .n_hosts = 200,
  .n_managers = 10,
  .seconds = 200,
  .lease_ms = MALT_LEASE_DEFAULT_MSEC,
  .max_delay_ms = 50,
};

static void
assert_good (const LeaseResult *result)
{
  g_assert_cmpuint (result->n_two_lives, ==, 0);
  g_assert_cmpuint (result->n_late_wakes, ==, 0);
  g_assert_cmpuint (result->n_late_losses, ==, 0);
  g_assert_cmpuint (result->n_late_kills, ==, 0);
}

static void
test_faults (gconstpointer lease_ms)
{
  LeasePlan plan = small_plan;

  g_test_summary ("Networks and machines fail all the time; no worker that was given up lives on.");

  plan.lease_ms = GPOINTER_TO_UINT (lease_ms);
  for (plan.seed = 0; plan.seed < N_SEEDS; plan.seed++)
    {
      g_auto (LeaseResult) result = { 0 };

      lease_plan_run (&plan, &result);
      g_test_message ("seed %u: %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " workers lost",
                      plan.seed, result.n_events, result.n_lost);
      assert_good (&result);

      /* That it was tried. */
      g_assert_cmpuint (result.n_lost, >, 50);
      g_assert_cmpuint (result.n_frozen, >, 0);
      g_assert_cmpuint (result.losses->len, >, 0);
    }
}

static void
test_seed (void)
{
  g_auto (LeaseResult) one = { 0 };
  g_auto (LeaseResult) other = { 0 };
  LeasePlan plan = small_plan;

  g_test_summary ("What a seed has found can be looked at again.");

  plan.seed = 7;
  lease_plan_run (&plan, &one);
  lease_plan_run (&plan, &other);

  g_assert_cmpuint (one.n_events, ==, other.n_events);
  g_assert_cmpuint (one.n_lost, ==, other.n_lost);
}

static void
test_calm (void)
{
  LeasePlan plan = small_plan;

  g_test_summary ("No false alarm while a beat and its echo take less than the lease less a beat.");

  plan.is_calm = TRUE;
  plan.seconds = 600;
  plan.max_delay_ms = (MALT_LEASE_DEFAULT_MSEC - MALT_LEASE_BEAT_MSEC) / 2 - 40;
  for (plan.seed = 0; plan.seed < N_SEEDS; plan.seed++)
    {
      g_auto (LeaseResult) result = { 0 };

      lease_plan_run (&plan, &result);
      g_assert_cmpuint (result.n_kept, ==, plan.n_hosts);
      g_assert_cmpuint (result.n_killed, ==, 0);
      g_assert_cmpuint (result.n_lost, ==, 0);
    }
}

static void
test_too_slow (void)
{
  g_auto (LeaseResult) result = { 0 };
  LeasePlan plan = small_plan;

  g_test_summary ("Beyond that bound there are false alarms, and no two lives.");

  plan.is_calm = TRUE;
  plan.max_delay_ms = MALT_LEASE_DEFAULT_MSEC / 2;
  lease_plan_run (&plan, &result);

  g_assert_cmpuint (result.n_lost, >, 0);
  assert_good (&result);
}

static void
test_mutant (gconstpointer mutant)
{
  g_auto (LeaseResult) result = { 0 };
  LeasePlan plan = small_plan;

  g_test_summary ("Leases that are wrong are found out.");

  plan.mutant = GPOINTER_TO_UINT (mutant);
  plan.seconds = 600;
  lease_plan_run (&plan, &result);

  g_assert_cmpuint (result.n_two_lives + result.n_late_wakes, >, 0);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/malt/distributed/leases/faults",
                        GUINT_TO_POINTER (MALT_LEASE_DEFAULT_MSEC), test_faults);
  g_test_add_data_func ("/malt/distributed/leases/faults/shortest",
                        GUINT_TO_POINTER (MALT_LEASE_MIN_MSEC), test_faults);
  g_test_add_func ("/malt/distributed/leases/seed", test_seed);
  g_test_add_func ("/malt/distributed/leases/calm", test_calm);
  g_test_add_func ("/malt/distributed/leases/too-slow", test_too_slow);
  g_test_add_data_func ("/malt/distributed/leases/mutant/no-margin",
                        GUINT_TO_POINTER (LEASE_MUTANT_NO_MARGIN), test_mutant);
  g_test_add_data_func ("/malt/distributed/leases/mutant/from-echo",
                        GUINT_TO_POINTER (LEASE_MUTANT_FROM_ECHO), test_mutant);
  g_test_add_data_func ("/malt/distributed/leases/mutant/monotonic",
                        GUINT_TO_POINTER (LEASE_MUTANT_MONOTONIC), test_mutant);

  return g_test_run ();
}

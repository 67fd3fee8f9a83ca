/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-lease.h"
#include "tests/distributed/malt-lease-world.h"

#include <stdlib.h>

static LeasePlan plan = {
  .n_hosts = 10000,
  .n_managers = 100,
  .seconds = 600,
  .seed = 1,
  .lease_ms = MALT_LEASE_DEFAULT_MSEC,
  .max_delay_ms = 50,
};

static int n_seeds = 1;

static const GOptionEntry options[] = {
  { "hosts", 0, 0, G_OPTION_ARG_INT, &plan.n_hosts, "Hosts, and as many workers (10000)", "N" },
  { "managers", 0, 0, G_OPTION_ARG_INT, &plan.n_managers, "Managers (100)", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &plan.seconds, "Made up time (600)", "N" },
  { "lease", 0, 0, G_OPTION_ARG_INT, &plan.lease_ms, "Milliseconds (4000)", "N" },
  { "delay", 0, 0, G_OPTION_ARG_INT, &plan.max_delay_ms,
    "Most milliseconds one way, when nothing is wrong (50)", "N" },
  { "calm", 0, 0, G_OPTION_ARG_NONE, &plan.is_calm, "Nothing ever goes wrong", NULL },
  { "seed", 0, 0, G_OPTION_ARG_INT, &plan.seed, "The first (1)", "N" },
  { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "How many (1)", "N" },
  { "mutant", 0, 0, G_OPTION_ARG_INT, &plan.mutant,
    "1: no margin, 2: leases from the echo on, 3: clocks that stand still in a suspend", "N" },
  { NULL }
};

static double
get_loss (const LeaseResult *result,
          double             share)
{
  guint place = (guint) (share * (result->losses->len - 1));

  if (result->losses->len == 0)
    return 0;

  return (double) g_array_index (result->losses, gint64, place) / G_USEC_PER_SEC;
}

/* Whether all that was promised was kept. */
static gboolean
print_result (const LeaseResult *result,
              double             seconds)
{
  g_print ("seed %u: %u hosts, %u managers, %u s made up in %.1f s, %" G_GUINT64_FORMAT " events\n",
           plan.seed, plan.n_hosts, plan.n_managers, plan.seconds, seconds, result->n_events);
  g_print ("  faults: %" G_GUINT64_FORMAT " of the network, %" G_GUINT64_FORMAT " of machines\n",
           result->n_network_faults, result->n_machine_faults);
  g_print ("  workers: %" G_GUINT64_FORMAT " asked for, %" G_GUINT64_FORMAT
           " got, %" G_GUINT64_FORMAT " killed by their hosts, %" G_GUINT64_FORMAT " given up\n",
           result->n_spawned, result->n_kept, result->n_killed, result->n_lost);
  g_print ("  death of a host to notice, %u times: median %.2f s, 99 %% %.2f s, longest %.2f s\n",
           result->losses->len, get_loss (result, 0.5), get_loss (result, 0.99),
           get_loss (result, 1));
  g_print ("  given up alive because the host's program was stopped: %" G_GUINT64_FORMAT
           ", longest %.2f s; ran after a suspend: longest %.3f s\n",
           result->n_frozen, (double) result->longest_frozen / G_USEC_PER_SEC,
           (double) result->longest_resumed / G_USEC_PER_SEC);
  g_print ("  two lives %" G_GUINT64_FORMAT ", late wakes %" G_GUINT64_FORMAT ", late losses %"
           G_GUINT64_FORMAT ", late kills %" G_GUINT64_FORMAT "\n",
           result->n_two_lives, result->n_late_wakes, result->n_late_losses, result->n_late_kills);

  return result->n_two_lives + result->n_late_wakes + result->n_late_losses + result->n_late_kills
             == 0
         && (!plan.is_calm || result->n_lost == 0);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- leases in a made up network");
  g_autoptr (GError) error = NULL;
  gboolean is_kept = TRUE;

  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  for (int i = 0; i < n_seeds; i++, plan.seed++)
    {
      g_auto (LeaseResult) result = { 0 };
      gint64 start = g_get_monotonic_time ();
      gint64 spent;

      lease_plan_run (&plan, &result);
      spent = g_get_monotonic_time () - start;
      is_kept &= print_result (&result, (double) spent / G_USEC_PER_SEC);
    }

  return is_kept ? EXIT_SUCCESS : EXIT_FAILURE;
}

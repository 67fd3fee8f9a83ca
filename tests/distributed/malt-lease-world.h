/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Hosts, managers and their workers, with the state machines of malt-distributed-lease.h and made
 * up time. Nobody says goodbye: the end of a worker is never told, so that only leases tell. */

/* Ways to get leases wrong, to see that it is noticed. */
typedef enum
{
  LEASE_MUTANT_NONE,
  LEASE_MUTANT_NO_MARGIN, /* the manager waits no longer than the host */
  LEASE_MUTANT_FROM_ECHO, /* the host counts from the arrival of an echo */
  LEASE_MUTANT_MONOTONIC  /* the host's clock stands still while its machine is suspended */
} LeaseMutant;

typedef struct
{
  guint32      seed;
  guint        n_hosts;      /* and as many workers at a time */
  guint        n_managers;
  guint        seconds;      /* of made up time */
  guint        lease_ms;
  guint        max_delay_ms; /* of a message, one way, while nothing is wrong */
  gboolean     is_calm;      /* nothing ever is */
  LeaseMutant  mutant;
} LeasePlan;

typedef struct
{
  guint64  n_events;
  guint64  n_network_faults;
  guint64  n_machine_faults;
  guint64  n_spawned;
  guint64  n_kept;        /* workers that their manager had got; those below are of these */
  guint64  n_killed;      /* by their hosts */
  guint64  n_lost;        /* given up by their managers */

  /* None of these may be. */
  guint64  n_two_lives;   /* given up while they lived, on a host whose timer was in time */
  guint64  n_late_wakes;  /* lived on after that, although their host had woken up */
  guint64  n_late_losses; /* noticed later than lease + 1 s + one beat after the host had died */
  guint64  n_late_kills;  /* lived longer than the lease after their manager had died */

  /* Given up while they lived, because the host's program was stopped; and for how long after
   * that. */
  guint64  n_frozen;
  gint64   longest_frozen;
  /* The longest time for which one ran after its machine was suspended and it was given up. */
  gint64   longest_resumed;

  GArray  *losses;        /* gint64: from the death of a host to when the manager knows; sorted */
} LeaseResult;

void lease_plan_run     (const LeasePlan *plan,
                         LeaseResult     *result);
void lease_result_clear (LeaseResult     *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LeaseResult, lease_result_clear)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-lease-peer.h"

#include <math.h>

/* How far a clock may be from the true rate; quartz is within 100 ppm. */
#define PEER_DRIFT 200e-6

/* From the end of a stop until the program has run. */
#define PEER_MAX_WAKE_USEC (50 * G_TIME_SPAN_MILLISECOND)

#define PEER_MAX_UPTIME_USEC (365 * G_TIME_SPAN_DAY)

#define PEER_REBOOT_USEC (20 * G_USEC_PER_SEC)

gint64
lease_random (GRand  *rand,
              gint64  least,
              gint64  most)
{
  return (gint64) exp (g_rand_double_range (rand, log ((double) least), log ((double) most)));
}

void
lease_peer_init (LeasePeer *self,
                 GRand     *rand)
{
  *self = (LeasePeer) {
    .offset = lease_random (rand, G_USEC_PER_SEC, PEER_MAX_UPTIME_USEC),
    .rate = g_rand_double_range (rand, 1 - PEER_DRIFT, 1 + PEER_DRIFT),
    .sessions = g_ptr_array_new (),
  };
}

void
lease_peer_clear (LeasePeer *self)
{
  g_ptr_array_unref (self->sessions);
}

gint64
lease_peer_get_time (const LeasePeer *self,
                     gint64           now,
                     gboolean         counts_sleep)
{
  gint64 passed = now - (counts_sleep ? 0 : self->asleep);

  return self->offset + (gint64) ((double) passed * self->rate);
}

gint64
lease_peer_get_moment (const LeasePeer *self,
                       gint64           time,
                       gboolean         counts_sleep)
{
  gint64 passed = (gint64) ceil ((double) (time - self->offset) / self->rate);

  return passed + (counts_sleep ? 0 : self->asleep);
}

void
lease_peer_break_network (LeasePeer *self,
                          gint64     now,
                          GRand     *rand)
{
  self->network = (LeaseNetwork) g_rand_int_range (rand, LEASE_NETWORK_CUT, LEASE_N_NETWORKS);
  self->network_end = now + lease_random (rand, G_USEC_PER_SEC / 10, 30 * G_USEC_PER_SEC);
  self->period = lease_random (rand, G_USEC_PER_SEC / 20, 4 * G_USEC_PER_SEC);
  self->holds = g_rand_boolean (rand);
}

void
lease_peer_break_machine (LeasePeer *self,
                          gint64     now,
                          GRand     *rand)
{
  gint64 length = lease_random (rand, G_USEC_PER_SEC / 10, 20 * G_USEC_PER_SEC);

  self->machine = (LeaseMachine) g_rand_int_range (rand, 0, LEASE_N_MACHINES);
  if (self->machine == LEASE_MACHINE_DEAD)
    length = PEER_REBOOT_USEC;
  if (self->machine == LEASE_MACHINE_SUSPENDED)
    self->asleep += length;

  self->faulty_since = now;
  self->awake_at = now + length;
  self->late_until = self->awake_at + lease_random (rand, 1, PEER_MAX_WAKE_USEC);
}

static gboolean
is_cut (const LeasePeer *self,
        LeaseNetwork     one_way,
        gint64           now)
{
  if (now >= self->network_end)
    return FALSE;

  if (self->network == LEASE_NETWORK_FLAPPING)
    return (now / self->period) % 2 == 0;

  return self->network == LEASE_NETWORK_CUT || self->network == one_way;
}

gint64
lease_peer_send (const LeasePeer *self,
                 const LeasePeer *to,
                 gint64           now,
                 gint64           delay,
                 GRand           *rand)
{
  gboolean is_mute = is_cut (self, LEASE_NETWORK_MUTE, now);
  gboolean is_deaf = is_cut (to, LEASE_NETWORK_DEAF, now);
  gint64 leaves = now;

  if ((is_mute && !self->holds) || (is_deaf && !to->holds))
    return -1;

  if (is_mute)
    leaves = MAX (leaves, self->network_end);
  if (is_deaf)
    leaves = MAX (leaves, to->network_end);
  if ((self->network == LEASE_NETWORK_SLOW && now < self->network_end)
      || (to->network == LEASE_NETWORK_SLOW && now < to->network_end))
    leaves += lease_random (rand, G_USEC_PER_SEC / 10, 10 * G_USEC_PER_SEC);

  return leaves + delay;
}

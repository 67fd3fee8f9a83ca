/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A machine of the simulation, a host's or a manager's: its clock, its network and what befalls it.
 * Times without a further word are microseconds of the simulation, which no machine knows. */

typedef enum
{
  LEASE_NETWORK_GOOD,
  LEASE_NETWORK_CUT,      /* both ways */
  LEASE_NETWORK_DEAF,     /* nothing comes in */
  LEASE_NETWORK_MUTE,     /* nothing goes out */
  LEASE_NETWORK_FLAPPING, /* cut every other moment */
  LEASE_NETWORK_SLOW,     /* all comes, seconds later */
  LEASE_N_NETWORKS
} LeaseNetwork;

typedef enum
{
  LEASE_MACHINE_FROZEN,    /* the program is stopped, the clock goes on, a worker too */
  LEASE_MACHINE_SUSPENDED, /* the machine is, a worker too, and CLOCK_MONOTONIC stands still */
  LEASE_MACHINE_DEAD,      /* and a worker too */
  LEASE_N_MACHINES
} LeaseMachine;

typedef struct
{
  gint64        offset;      /* of its clock */
  double        rate;        /* of its clock; near 1 */
  gint64        asleep;      /* how long it was suspended in all */

  LeaseNetwork  network;
  gint64        network_end; /* then it is good again */
  gint64        period;      /* of flapping */
  gboolean      holds;       /* what cannot be sent now is sent later, as TCP does, or else lost */

  LeaseMachine  machine;     /* of the last fault */
  gint64        awake_at;    /* when that ends */
  gint64        late_until;  /* and when the program has come round to what it has missed */
  gint64        faulty_since;

  GPtrArray    *sessions;    /* of LeaseSession, borrowed: a host's living, a manager's wanted */
} LeasePeer;

void     lease_peer_init          (LeasePeer       *self,
                                   GRand           *rand);
void     lease_peer_clear         (LeasePeer       *self);

/* What its clock shows. */
gint64   lease_peer_get_time      (const LeasePeer *self,
                                   gint64           now,
                                   gboolean         counts_sleep);
/* When its clock will show that, if it does not sleep until then. */
gint64   lease_peer_get_moment    (const LeasePeer *self,
                                   gint64           time,
                                   gboolean         counts_sleep);

void     lease_peer_break_network (LeasePeer       *self,
                                   gint64           now,
                                   GRand           *rand);
void     lease_peer_break_machine (LeasePeer       *self,
                                   gint64           now,
                                   GRand           *rand);

/* When a message that is sent now comes; −1: it does not. */
gint64   lease_peer_send          (const LeasePeer *self,
                                   const LeasePeer *to,
                                   gint64           now,
                                   gint64           delay,
                                   GRand           *rand);

/* Microseconds between the two, each order of magnitude as likely as the other. */
gint64   lease_random             (GRand           *rand,
                                   gint64           least,
                                   gint64           most);

G_END_DECLS

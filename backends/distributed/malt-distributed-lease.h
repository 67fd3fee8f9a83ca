/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Who may count on a worker, and until when. The host sends numbered beats, the manager echoes
 * them, and the host kills a worker whose manager it does not hear. Its lease counts from the
 * moment at which it *sent* the last beat that was echoed, the manager's from the moment at which
 * it echoed that beat, which is later, and is longer by a margin. So the worker is dead before the
 * manager says that it is lost, whatever the network drops, delays, repeats or turns around, if the
 * host's timer is late by less than the margin and the clocks run alike to the margin's share of
 * the lease.
 *
 * Nothing here reads a clock or does I/O. Times are microseconds. A host passes those of
 * malt_host_lease_get_time(), which go on while the machine sleeps: it is late then, and has to
 * find that out before it does anything else; its timer is to be a timerfd of CLOCK_BOOTTIME, as
 * one of GLib's starts again where it was. A manager passes g_get_monotonic_time(), which stands
 * still: it then waits too long rather than too short. Both may be asked as late as it happens;
 * whoever wakes up asks is_over() first. */

/* Between two beats. */
#define MALT_LEASE_BEAT_MSEC 1000

/* By how much the manager waits longer than the host: for the host's timer, which may be late on a
 * busy machine, the killing itself, and clocks that do not run alike (60 s at 100 ppm are 6 ms). */
#define MALT_LEASE_MARGIN_MSEC 1000

/* Of the option “lease”. With less than two beats a single late one would end the worker; with more
 * than a minute a worker that nobody can reach keeps the place of others for no good. */
#define MALT_LEASE_MIN_MSEC 2000
#define MALT_LEASE_DEFAULT_MSEC 4000
#define MALT_LEASE_MAX_MSEC 60000

/* Beats that were sent in the longest lease; what was sent before them renews nothing. */
#define MALT_LEASE_MAX_BEATS 64

typedef struct
{
  gint64    lease_us;
  gint64    deadline;
  gint64    sent[MALT_LEASE_MAX_BEATS]; /* when; by the number of the beat */
  guint64   n_sent;                     /* and the number of the last one */
  guint64   n_echoed;                   /* the highest */
  gboolean  is_over;                    /* and stays so */
} MaltHostLease;

typedef struct
{
  gint64    lease_us;
  gint64    deadline;
  guint64   n_seen;  /* the highest number of a beat */
  gboolean  is_over; /* and stays so */
} MaltManagerLease;

/* Never goes back and counts the time in which the machine was suspended. Microseconds. */
gint64   malt_host_lease_get_time        (void);

/* `now`: the manager has proved its token. What the manager is answered is sent after this. */
void     malt_host_lease_init            (MaltHostLease    *self,
                                          gint64            lease_us,
                                          gint64            now);
/* The number of the beat that is sent after this, from 1 on. 0: the lease is over, kill the
 * worker. */
guint64  malt_host_lease_beat            (MaltHostLease    *self,
                                          gint64            now);
/* FALSE: the number is of a beat that was never sent, and the manager not to be trusted. */
gboolean malt_host_lease_echo            (MaltHostLease    *self,
                                          guint64           number,
                                          gint64            now);
/* When the worker is to be killed, unless an echo comes. */
gint64   malt_host_lease_get_deadline    (const MaltHostLease *self);
gboolean malt_host_lease_is_over         (MaltHostLease    *self,
                                          gint64            now);

/* `now`: the host has answered the opening of the stream, not earlier: the host's lease would count
 * from later on than this one. */
void     malt_manager_lease_init         (MaltManagerLease *self,
                                          gint64            lease_us,
                                          gint64            now);
/* Whether the number is to be echoed: not if it was before, and not when the lease is over. */
gboolean malt_manager_lease_beat         (MaltManagerLease *self,
                                          guint64           number,
                                          gint64            now);
/* When the host is given up, unless a beat comes. */
gint64   malt_manager_lease_get_deadline (const MaltManagerLease *self);
gboolean malt_manager_lease_is_over      (MaltManagerLease *self,
                                          gint64            now);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-lease.h"

#include <time.h>

/* Source: C. Gray and D. Cheriton, “Leases: an efficient fault-tolerant mechanism for distributed
 * file cache consistency”, 1989, with the roles of the two sides as above. */

gint64
malt_host_lease_get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);

  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

void
malt_host_lease_init (MaltHostLease *self,
                      gint64         lease_us,
                      gint64         now)
{
  g_assert (lease_us > 0 && lease_us <= MALT_LEASE_MAX_MSEC * G_TIME_SPAN_MILLISECOND);

  *self = (MaltHostLease) { .lease_us = lease_us, .deadline = now + lease_us };
}

guint64
malt_host_lease_beat (MaltHostLease *self,
                      gint64         now)
{
  if (malt_host_lease_is_over (self, now))
    return 0;

  self->n_sent++;
  self->sent[self->n_sent % MALT_LEASE_MAX_BEATS] = now;

  return self->n_sent;
}

gboolean
malt_host_lease_echo (MaltHostLease *self,
                      guint64        number,
                      gint64         now)
{
  if (number > self->n_sent)
    return FALSE;

  /* An echo that has lain in the socket while this process was stopped does not come in time. */
  if (malt_host_lease_is_over (self, now))
    return TRUE;

  if (number > self->n_echoed && self->n_sent - number < MALT_LEASE_MAX_BEATS)
    {
      self->n_echoed = number;
      self->deadline = self->sent[number % MALT_LEASE_MAX_BEATS] + self->lease_us;
    }

  return TRUE;
}

gint64
malt_host_lease_get_deadline (const MaltHostLease *self)
{
  return self->deadline;
}

gboolean
malt_host_lease_is_over (MaltHostLease *self,
                         gint64         now)
{
  self->is_over = self->is_over || now >= self->deadline;

  return self->is_over;
}

void
malt_manager_lease_init (MaltManagerLease *self,
                         gint64            lease_us,
                         gint64            now)
{
  g_assert (lease_us > 0 && lease_us <= MALT_LEASE_MAX_MSEC * G_TIME_SPAN_MILLISECOND);

  *self = (MaltManagerLease) {
    .lease_us = lease_us + MALT_LEASE_MARGIN_MSEC * G_TIME_SPAN_MILLISECOND,
  };
  self->deadline = now + self->lease_us;
}

gboolean
malt_manager_lease_beat (MaltManagerLease *self,
                         guint64           number,
                         gint64            now)
{
  if (malt_manager_lease_is_over (self, now) || number <= self->n_seen)
    return FALSE;

  self->n_seen = number;
  self->deadline = now + self->lease_us;

  return TRUE;
}

gint64
malt_manager_lease_get_deadline (const MaltManagerLease *self)
{
  return self->deadline;
}

gboolean
malt_manager_lease_is_over (MaltManagerLease *self,
                            gint64            now)
{
  self->is_over = self->is_over || now >= self->deadline;

  return self->is_over;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-lease-queue.h"

/* A binary heap. The event in the place of none says how many were put in. */

#define PLACE(i) g_array_index (self, LeaseEvent, i)

GArray *
lease_queue_new (void)
{
  GArray *self = g_array_new (FALSE, TRUE, sizeof (LeaseEvent));

  return g_array_set_size (self, 1);
}

static gboolean
is_before (const LeaseEvent *a,
           const LeaseEvent *b)
{
  return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void
lease_queue_put (GArray     *self,
                 LeaseEvent  event)
{
  guint place = self->len;

  event.order = ++PLACE (0).order;
  g_array_set_size (self, place + 1);
  for (; place > 1 && is_before (&event, &PLACE (place / 2)); place /= 2)
    PLACE (place) = PLACE (place / 2);
  PLACE (place) = event;
}

LeaseEvent
lease_queue_take (GArray *self)
{
  LeaseEvent first = PLACE (1);
  LeaseEvent last = PLACE (self->len - 1);
  guint n = self->len - 1;
  guint place = 1;

  for (guint child = 2; child < n; child = 2 * place)
    {
      if (child + 1 < n && is_before (&PLACE (child + 1), &PLACE (child)))
        child++;
      if (!is_before (&PLACE (child), &last))
        break;
      PLACE (place) = PLACE (child);
      place = child;
    }
  PLACE (place) = last;
  g_array_set_size (self, n);

  return first;
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is to happen in a simulation, earliest first; of two at one moment the one that was put in
 * first. */
typedef struct
{
  gint64    at;
  guint64   order;   /* set by lease_queue_put() */
  guint     kind;
  guint64   number;
  gpointer  subject;
} LeaseEvent;

GArray    *lease_queue_new  (void);
void       lease_queue_put  (GArray     *self,
                             LeaseEvent  event);
LeaseEvent lease_queue_take (GArray     *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt.h>

G_BEGIN_DECLS

/* Something that is under way while something else goes wrong. */
typedef struct
{
  gboolean            is_over;
  MaltAbstractWorker *worker; /* owned, nullable: that was created */
  GVariant           *value;  /* owned, nullable */
  GError             *error;  /* owned, nullable */
  gint64              end_us;
} MaltFaultCall;

void malt_fault_call_clear  (MaltFaultCall      *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltFaultCall, malt_fault_call_clear)

/* A call that lasts so many seconds. */
void malt_fault_begin_sleep (MaltFaultCall      *self,
                             MaltAbstractWorker *worker,
                             double              seconds);
void malt_fault_begin_spawn (MaltFaultCall      *self,
                             GVariant           *options);
/* Iterates the default main context, which must not stand still meanwhile. */
void malt_fault_wait        (MaltFaultCall      *self);
/* That it has ended as calls do that lose their worker. Says how long that took. */
void malt_fault_assert_lost (MaltFaultCall      *self,
                             gint64              since_us,
                             double              least_sec,
                             double              most_sec);
void malt_fault_assert_ping (MaltAbstractWorker *worker);

/* The longest time for which the main context has stood still, in milliseconds. */
double malt_fault_get_gap   (void);

G_END_DECLS

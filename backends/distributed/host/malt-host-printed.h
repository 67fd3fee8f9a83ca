/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-watch.h"

G_BEGIN_DECLS

/* What a worker prints, brought to its manager before the answers that belong after it. Reference
 * counted, for a bridge has one, too. Everything happens in the main context in which it was made,
 * but for hand_over(). */
typedef struct _MaltHostPrinted MaltHostPrinted;

/* `worker`: a MaltProcessWorker. */
MaltHostPrinted *malt_host_printed_new       (MaltAbstractWorker  *worker);
MaltHostPrinted *malt_host_printed_ref       (MaltHostPrinted     *self);
void             malt_host_printed_unref     (MaltHostPrinted     *self);
/* From here on it goes to the watch, which is borrowed until stop(). `done` is called when all of
 * one stream has been handed to it. */
void             malt_host_printed_start     (MaltHostPrinted     *self,
                                              MaltHostWatch       *watch,
                                              void               (*done) (gpointer user_data),
                                              gpointer             user_data);
void             malt_host_printed_stop      (MaltHostPrinted     *self);
/* The manager has taken some. */
void             malt_host_printed_resume    (MaltHostPrinted     *self);
/* Nobody is to wait in hand_over() who need not. */
void             malt_host_printed_wake      (MaltHostPrinted     *self);
/* Whether all has been handed to the watch. */
gboolean         malt_host_printed_is_done   (MaltHostPrinted     *self);

/* Waits until the manager has taken what has been printed by now, within reason. Any other
 * thread. */
void             malt_host_printed_hand_over (MaltHostPrinted     *self);

G_END_DECLS

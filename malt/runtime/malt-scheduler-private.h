/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-invocation-private.h"

G_BEGIN_DECLS

/* Cancels and interrupts that are remembered for calls that have not arrived yet. A manager that
 * floods its worker with more loses nothing but the work that the calls do in vain; 64 Ki of
 * them are 3 MiB. */
#define MALT_SCHEDULER_MAX_MARKS 65536u

MaltScheduler *malt_scheduler_new              (GMainContext    *watch_context);
/* Executing thread. Nothing is unfinished any more. */
void           malt_scheduler_free             (MaltScheduler   *self);

/* Executing thread. FALSE: it is not to run, but to be answered with the error. */
gboolean       malt_scheduler_add              (MaltScheduler   *self,
                                                MaltInvocation  *invocation,
                                                GError         **error);
/* Executing thread. Gives the reference back that add() took. */
void           malt_scheduler_remove           (MaltScheduler   *self,
                                                MaltInvocation  *invocation);
/* The thread in which it starts: its time-out begins. */
void           malt_scheduler_arm              (MaltScheduler   *self,
                                                MaltInvocation  *invocation);

/* Any thread. */
void           malt_scheduler_cancel           (MaltScheduler   *self,
                                                guint64          id);
void           malt_scheduler_interrupt        (MaltScheduler   *self,
                                                guint64          up_to);
void           malt_scheduler_interrupt_latest (MaltScheduler   *self);
void           malt_scheduler_stop             (MaltScheduler   *self);
guint          malt_scheduler_get_n_unfinished (MaltScheduler   *self);
int            malt_scheduler_get_call_state   (MaltScheduler   *self,
                                                guint64          id);
/* (transfer full) (nullable) */
char          *malt_scheduler_dup_callee       (MaltScheduler   *self,
                                                MaltInvocation  *invocation);
/* (transfer full) array of owned MaltInvocations. */
GPtrArray     *malt_scheduler_dup_unfinished   (MaltScheduler   *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-runtime.h"

G_BEGIN_DECLS

/* What is to happen at some time in the executing thread: as much as one likes, in one GSource. A
 * source of its own for each sleep would be looked at in each turn of the main loop. */
typedef struct _MaltAlarms MaltAlarms;

/* They ring in `context`. */
MaltAlarms *malt_alarms_new     (GMainContext     *context);
/* In the executing thread, as all but advance(). */
void        malt_alarms_free    (MaltAlarms       *self);

/* `destroy` (nullable): after `func`, or when it is removed. Never 0. */
guint64     malt_alarms_add     (MaltAlarms       *self,
                                 gint64            time_us,
                                 MaltAlarmFunc     func,
                                 gpointer          user_data,
                                 GDestroyNotify    destroy);
/* Nothing happens to one that has rung. */
void        malt_alarms_remove  (MaltAlarms       *self,
                                 guint64           id);
/* Any thread. It rings at the next turn, if it has not. */
void        malt_alarms_advance (MaltAlarms       *self,
                                 guint64           id);

G_END_DECLS

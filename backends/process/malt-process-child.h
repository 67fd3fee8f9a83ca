/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* The process of a worker: what the monitor thread keeps an eye on, whether or not the
 * MaltProcessWorker is still there. */
typedef struct _MaltProcessChild MaltProcessChild;

MaltProcessChild *malt_process_child_ref            (MaltProcessChild *self);
void              malt_process_child_unref          (MaltProcessChild *self);

const char       *malt_process_child_get_description (MaltProcessChild *self);
int               malt_process_child_get_pid        (MaltProcessChild *self);
MaltRelayOutput   *malt_process_child_get_output    (MaltProcessChild *self);
MaltRelayEvents   *malt_process_child_get_events    (MaltProcessChild *self);
/* (transfer none) (nullable): NULL while it runs. Any thread. */
MaltExitReport   *malt_process_child_get_report     (MaltProcessChild *self);
/* FALSE with MALT_ERROR_TERMINATED_WORKER when it has ended. Any thread. */
gboolean          malt_process_child_check_running  (MaltProcessChild  *self,
                                                     GError           **error);

/* Any thread. Errors: MALT_ERROR_TERMINATED_WORKER, G_IO_ERROR_INVALID_ARGUMENT for no signal's
 * number. */
gboolean          malt_process_child_kill           (MaltProcessChild  *self,
                                                     int                signum,
                                                     GError           **error);
/* Any thread. `task` (transfer full) gets 1, or 0 when the child had ended before, or −1 with an
 * error. */
void              malt_process_child_stop           (MaltProcessChild  *self,
                                                     guint              exit_timeout_ms,
                                                     guint              term_timeout_ms,
                                                     GTask             *task);
/* Any thread: nobody wants the worker any more. */
void              malt_process_child_abandon        (MaltProcessChild  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltProcessChild, malt_process_child_unref)

G_END_DECLS

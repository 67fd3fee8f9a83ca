/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-alarms-private.h"
#include "malt/runtime/malt-channels-private.h"
#include "malt/runtime/malt-runtime.h"
#include "malt/runtime/malt-scheduler-private.h"

G_BEGIN_DECLS

/* (transfer none) */
MaltScheduler  *malt_runtime_get_scheduler  (MaltRuntime  *self);
/* NULL when the worker has none. (transfer none) */
MaltEvaluator  *malt_runtime_get_evaluator  (MaltRuntime  *self);
/* "" for the evaluator's own. (transfer none) */
const char     *malt_runtime_get_default_module (MaltRuntime *self);
/* (transfer none) */
MaltChannels   *malt_runtime_get_channels   (MaltRuntime  *self);
/* (transfer none) */
MaltAlarms     *malt_runtime_get_alarms     (MaltRuntime  *self);
/* Every callable name, sorted. (transfer full) */
char          **malt_runtime_list_functions (MaltRuntime  *self);

G_END_DECLS

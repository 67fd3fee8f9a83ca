/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-alarms-private.h"
#include "malt/runtime/malt-channels-private.h"
#include "malt/runtime/malt-function-threads-private.h"
#include "malt/runtime/malt-runtime.h"
#include "malt/runtime/malt-scheduler-private.h"

G_BEGIN_DECLS

/* What runs code. The scheduler knows what is unfinished and may be asked in any thread, all
 * else belongs to the executing thread. Invocations borrow the runtime; at its end it answers
 * for those that have not been answered, so none of them looks for it afterwards. */
struct _MaltRuntime
{
  GObject              parent_instance;

  /* Immutable after construction. */
  GMainContext        *context;     /* owned */
  char               **module_path; /* owned */
  MaltScheduler       *scheduler;   /* owned; thread safe */

  /* Executing thread only. */
  MaltNamespace       *namespace;   /* owned */
  MaltEvaluator       *evaluator;   /* owned (nullable); open */
  MaltFunctionThreads *threads;     /* owned; NULL until a function needs them */
  MaltChannels        *channels;    /* owned; NULL until there is one */
  MaltAlarms          *alarms;      /* owned; NULL until there is one */
  MaltReportFunc       report_func; /* (nullable) */
  gpointer             report_data;
  char                *default_module; /* owned (nullable) */
};

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

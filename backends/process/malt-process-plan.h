/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-command.h"

G_BEGIN_DECLS

/* All that a worker comes from: its options, and what of the manager they are completed with at
 * the moment of the start. */
typedef struct
{
  MaltProcessCommand     command;
  GVariant              *setup;           /* owned; NULL until it is completed */
  MaltSandbox            profile;
  guint                  cpu_limit;       /* of the sandbox; seconds, 0: none */
  GVariant              *sandbox;         /* owned (nullable): what of it the worker applies */
  MaltConnectionLimits   limits;
  MaltRelayMode          output_modes[2];
  MaltProcessTransport   transport;
  gboolean               own_session;
  guint                  call_timeout_ms;
  guint                  start_timeout_ms;
  guint                  n_spares;

  /* If there are to be spares: which file the program is, and everything above that makes a worker
   * of it another one, as bytes. */
  guint64                program_id[5];
  GByteArray            *key;             /* owned */
} MaltProcessPlan;

/* In the thread of the caller, see malt_process_command_fill(). Errors:
 * MALT_ERROR_START_FAILED, MALT_ERROR_INVALID_CONFIG, MALT_ERROR_SANDBOX_UNAVAILABLE. */
MaltProcessPlan *malt_process_plan_new            (const MaltProcessOptions  *options,
                                                   GError                   **error);
/* Adds what is only needed when a process is started. In the same thread. */
void             malt_process_plan_complete       (MaltProcessPlan           *self,
                                                   const MaltProcessOptions  *options);
MaltProcessPlan *malt_process_plan_ref            (MaltProcessPlan           *self);
void             malt_process_plan_unref          (MaltProcessPlan           *self);

/* Of plans with spares: whether nobody could tell the workers of one from those of the other. */
gboolean         malt_process_plan_is_equal       (const MaltProcessPlan     *self,
                                                   const MaltProcessPlan     *other);
/* Whether the program was another file of the same path when `other` was made. */
gboolean         malt_process_plan_is_outdated_by (const MaltProcessPlan     *self,
                                                   const MaltProcessPlan     *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltProcessPlan, malt_process_plan_unref)

G_END_DECLS

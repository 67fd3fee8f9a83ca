/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_EXIT_REASON (malt_exit_reason_get_type ())
#define MALT_TYPE_EXIT_REPORT (malt_exit_report_get_type ())

typedef enum
{
  MALT_EXIT_REASON_STOPPED,
  MALT_EXIT_REASON_KILLED,
  MALT_EXIT_REASON_CRASHED,
  MALT_EXIT_REASON_EXITED,
  MALT_EXIT_REASON_LIMIT,
  MALT_EXIT_REASON_SANDBOX,
  MALT_EXIT_REASON_CONNECTION_LOST
} MaltExitReason;

MALT_AVAILABLE_IN_ALL
GType              malt_exit_reason_get_type           (void);
MALT_AVAILABLE_IN_ALL
GType              malt_exit_report_get_type           (void);

MALT_AVAILABLE_IN_ALL
MaltExitReport    *malt_exit_report_ref                (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
void               malt_exit_report_unref              (MaltExitReport *self);

MALT_AVAILABLE_IN_ALL
MaltExitReason     malt_exit_report_get_reason         (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
int                malt_exit_report_get_exit_status    (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
int                malt_exit_report_get_signal         (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
const char        *malt_exit_report_get_stderr_tail    (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
const char        *malt_exit_report_get_detail         (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
const char *const *malt_exit_report_get_running_calls  (MaltExitReport *self);
MALT_AVAILABLE_IN_ALL
char              *malt_exit_report_to_string          (MaltExitReport *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltExitReport, malt_exit_report_unref)

G_END_DECLS

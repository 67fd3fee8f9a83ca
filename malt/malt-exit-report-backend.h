/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-exit-report.h>

G_BEGIN_DECLS

/* Everything is copied. exit_status: -1 when a signal ended the worker (or the status is unknown);
 * signal: 0 when none did; stderr_tail: any bytes, made valid UTF-8; detail: nullable;
 * running_calls: nullable, function names, latest first. */
MALT_AVAILABLE_IN_ALL
MaltExitReport *malt_exit_report_new (MaltExitReason     reason,
                                      int                exit_status,
                                      int                signal,
                                      const char        *stderr_tail,
                                      const char        *detail,
                                      const char *const *running_calls);

G_END_DECLS

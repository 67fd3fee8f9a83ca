/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-call.h>

G_BEGIN_DECLS

/* How a call ended as a value, a{sv}, for backends that keep it or bring it to another process. All
 * members are optional but one of the first two:
 *
 *   value              what it answered, of any type
 *   error (sis)        domain, code and text of what it failed with
 *   worker s           whose error it is
 *   message s, type s, traceback s   of the error as it was raised there
 *   exit-report a{sv}  of the worker: reason s, exit-status i, signal i, stderr-tail s, detail s,
 *                      running-calls as
 *   run-time x         microseconds */

MALT_AVAILABLE_IN_ALL
GVariant *malt_call_dup_outcome      (MaltCall      *self,
                                      GVariant      *value,
                                      const GError  *error);
MALT_AVAILABLE_IN_ALL
GVariant *malt_call_end_with_outcome (MaltCall      *self,
                                      GVariant      *outcome,
                                      GError       **error);

G_END_DECLS

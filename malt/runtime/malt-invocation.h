/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_INVOCATION (malt_invocation_get_type ())

MALT_AVAILABLE_IN_ALL
GType           malt_invocation_get_type        (void);
MALT_AVAILABLE_IN_ALL
MaltInvocation *malt_invocation_ref             (MaltInvocation *self);
MALT_AVAILABLE_IN_ALL
void            malt_invocation_unref           (MaltInvocation *self);

MALT_AVAILABLE_IN_ALL
GCancellable   *malt_invocation_get_cancellable (MaltInvocation *self);
MALT_AVAILABLE_IN_ALL
void            malt_invocation_report_progress (MaltInvocation *self,
                                                 double          fraction,
                                                 const char     *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltInvocation, malt_invocation_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <gio/gio.h>

#include <malt/malt-visibility.h>

G_BEGIN_DECLS

/* How a blocking function runs its asynchronous form to its end. */
typedef struct _MaltOwnContext MaltOwnContext;

MALT_AVAILABLE_IN_ALL
MaltOwnContext *malt_own_context_new    (void);
MALT_AVAILABLE_IN_ALL
void            malt_own_context_free   (MaltOwnContext  *self);
MALT_AVAILABLE_IN_ALL
void            malt_own_context_return (GObject         *source,
                                         GAsyncResult    *result,
                                         gpointer         own_context);
MALT_AVAILABLE_IN_ALL
GAsyncResult   *malt_own_context_wait   (MaltOwnContext  *self);

/* GInitableIface.init of a type that has an init_async. */
MALT_AVAILABLE_IN_ALL
gboolean        malt_own_context_init   (GInitable       *initable,
                                         GCancellable    *cancellable,
                                         GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltOwnContext, malt_own_context_free)

G_END_DECLS

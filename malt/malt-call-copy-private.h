/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-call.h"

G_BEGIN_DECLS

/* A worker that is in front of another one sends it a call of its own for each that it is sent: the
 * caller's is on its way earlier and may end earlier, and its signals are emitted where it was
 * sent. */
MaltCall *malt_call_copy             (MaltCall     *self);

/* Whether a worker has taken it on, be it over or not. */
gboolean  malt_call_was_begun        (MaltCall     *copy);

/* As the copy has ended. */
void      malt_call_end_like         (MaltCall     *self,
                                      MaltCall     *copy,
                                      const GError *error);

/* Emits “progress” of the copy, which comes from any thread, again for `self` in `context`, in
 * order with what malt_delivery_send() brings there. */
void      malt_call_forward_progress (MaltCall     *self,
                                      MaltCall     *copy,
                                      GMainContext *context);
/* What is on its way still arrives. */
void      malt_call_stop_progress    (MaltCall     *copy);

G_END_DECLS

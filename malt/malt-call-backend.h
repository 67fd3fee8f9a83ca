/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-call.h>

G_BEGIN_DECLS

/* What a backend does with a call. begin() when it takes the call on (FALSE with an error when the
 * call is already on its way: nothing must be sent then), end() exactly once after a successful
 * begin(), before the caller gets the outcome. Both may be called in any thread.
 *
 * end(): `run_time_us` as the worker measured it, -1 if it never ran there; what is left of the
 * time since begin() is the queue time. `error`: what the call ends with, or NULL; its remote
 * details and exit report are copied into the call. */
MALT_AVAILABLE_IN_ALL
gboolean malt_call_begin              (MaltCall     *self,
                                       GError      **error);
MALT_AVAILABLE_IN_ALL
void     malt_call_end                (MaltCall     *self,
                                       gint64        run_time_us,
                                       const GError *error);

/* For bindings, which see it as end(). */
MALT_AVAILABLE_IN_ALL
void     malt_call_end_plain          (MaltCall     *self,
                                       gint64        run_time_us);

/* For errors of domains that cannot carry them (time-outs, cancellations). Before end(). */
MALT_AVAILABLE_IN_ALL
void     malt_call_set_remote_details (MaltCall     *self,
                                       const char   *message,
                                       const char   *type,
                                       const char   *traceback);

/* Emits "progress". Must run in the context (or, for a blocking call, the thread) of the sender. */
MALT_AVAILABLE_IN_ALL
void     malt_call_emit_progress      (MaltCall     *self,
                                       double        fraction,
                                       const char   *message);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/runtime/malt-invocation.h>

G_BEGIN_DECLS

/* For those who run calls (evaluators) and those who carry them (backends). An invocation is
 * answered exactly once, in the executing thread, with one of the two return functions; both may
 * be called before the function that was handed the invocation returns. */

/* How answers and progress leave a worker. `finished`: in the executing thread, exactly once;
 * `value` is NULL if and only if `error` is set, and the unit tuple when the result was discarded.
 * `progress`: in the executing or a pool thread, possibly at the same time as `finished`.
 * `timed_out` (nullable): in the watch thread, when the time is over and the function has been
 * told; it may still answer. `released` (nullable): in any thread, when nothing uses `user_data`
 * any more. */
typedef struct
{
  void (*finished) (MaltInvocation *invocation,
                    GVariant       *value,
                    const GError   *error,
                    gpointer        user_data);
  void (*progress) (MaltInvocation *invocation,
                    double          fraction,
                    const char     *message,
                    gpointer        user_data);
  void (*timed_out) (MaltInvocation *invocation,
                     gpointer        user_data);
  void (*released)  (gpointer        user_data);
} MaltCarrier;

/* Why an invocation is to end before its time. */
typedef enum
{
  MALT_CANCEL_REASON_NONE,
  MALT_CANCEL_REASON_CANCELLED,   /* the caller no longer wants it */
  MALT_CANCEL_REASON_INTERRUPTED,
  MALT_CANCEL_REASON_TIMED_OUT,
  MALT_CANCEL_REASON_STOPPED      /* the worker is leaving */
} MaltCancelReason;

/* Called in the cancelling thread, under the invocation's lock: it only posts (sets a flag, sends a
 * signal, wakes a context) and calls nothing of the invocation. It may come more than once: a second
 * interrupt calls it again, and one that arrives while it is being set calls it twice. */
typedef void (*MaltCancelFunc) (MaltInvocation *invocation,
                                gpointer        user_data);

/* `carrier` is static; `args` a tuple, `kwargs` an a{sv} or NULL. id 0: nobody can cancel it by
 * id. */
MALT_AVAILABLE_IN_ALL
MaltInvocation     *malt_invocation_new             (MaltRuntime         *runtime,
                                                     guint64              id,
                                                     const char          *function,
                                                     GVariant            *args,
                                                     GVariant            *kwargs,
                                                     const MaltCarrier   *carrier,
                                                     gpointer             user_data);
/* Before it is dispatched. timeout_ms: 0 for none. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_timeout        (MaltInvocation     *self,
                                                        guint               timeout_ms);
/* The type that the value has to be of, NULL for any; and whether it stays here. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_result_type    (MaltInvocation     *self,
                                                        const GVariantType *type);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_discard_result (MaltInvocation     *self,
                                                        gboolean            discard);

/* What it was made with; unchanged once it has been dispatched, so any thread may ask. */
MALT_AVAILABLE_IN_ALL
guint64             malt_invocation_get_id             (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_invocation_get_function       (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_invocation_get_args           (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_invocation_get_kwargs         (MaltInvocation     *self); /* (nullable) */
MALT_AVAILABLE_IN_ALL
const GVariantType *malt_invocation_get_result_type    (MaltInvocation     *self); /* (nullable) */
MALT_AVAILABLE_IN_ALL
gboolean            malt_invocation_get_discard_result (MaltInvocation     *self);
/* The function that runs on its behalf, the latest if there are several. Any thread. (transfer
 * full) (nullable) */
MALT_AVAILABLE_IN_ALL
char               *malt_invocation_dup_callee         (MaltInvocation     *self);
/* So far; 0 before its start. */
MALT_AVAILABLE_IN_ALL
gint64              malt_invocation_get_run_time_us    (MaltInvocation     *self);

/* Any thread, cheap: an atomic read. */
MALT_AVAILABLE_IN_ALL
MaltCancelReason    malt_invocation_get_cancel_reason  (MaltInvocation     *self);
/* One hook; NULL takes it away, and on return it does not run any more, nor does it once the
 * invocation is answered. When it is cancelled already, the hook runs at once. Cheaper than
 * connecting to the cancellable. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_cancel_func    (MaltInvocation     *self,
                                                        MaltCancelFunc      func,
                                                        gpointer            user_data);
/* The error that a cancelled invocation ends with, by its reason: MALT_ERROR_INTERRUPTED with
 * remote type "InterruptException", G_IO_ERROR_CANCELLED, G_IO_ERROR_TIMED_OUT,
 * MALT_ERROR_TERMINATED_WORKER. `traceback`: where it was, nullable; for the domains that cannot
 * carry it, it is appended to the text. */
MALT_AVAILABLE_IN_ALL
GError             *malt_invocation_new_cancel_error   (MaltInvocation     *self,
                                                        const char         *traceback);

/* `value` is consumed when floating; NULL is "nothing", the unit tuple. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_return_value       (MaltInvocation     *self,
                                                        GVariant           *value);
/* Takes `error`. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_return_error       (MaltInvocation     *self,
                                                        GError             *error);

G_END_DECLS

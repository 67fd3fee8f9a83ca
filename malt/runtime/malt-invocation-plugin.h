/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/runtime/malt-invocation.h>

G_BEGIN_DECLS

/* For those who run calls (evaluators) and those who carry them (backends). */

typedef void (*MaltCarrierFinishedFunc) (MaltInvocation *invocation,
                                         GVariant       *value,
                                         const GError   *error,
                                         gpointer        user_data);
typedef void (*MaltCarrierProgressFunc) (MaltInvocation *invocation,
                                         double          fraction,
                                         const char     *message,
                                         gpointer        user_data);
typedef void (*MaltCarrierTimedOutFunc) (MaltInvocation *invocation,
                                         gpointer        user_data);

typedef struct
{
  MaltCarrierFinishedFunc finished;
  MaltCarrierProgressFunc progress;
  MaltCarrierTimedOutFunc timed_out;
  GDestroyNotify          released;
} MaltCarrier;

typedef enum
{
  MALT_CANCEL_REASON_NONE,
  MALT_CANCEL_REASON_CANCELLED,
  MALT_CANCEL_REASON_INTERRUPTED,
  MALT_CANCEL_REASON_TIMED_OUT,
  MALT_CANCEL_REASON_STOPPED
} MaltCancelReason;

/* Called in the cancelling thread, under the invocation's lock, perhaps more than once: it only
 * posts. */
typedef void (*MaltCancelFunc) (MaltInvocation *invocation,
                                gpointer        user_data);

/* For carriers, before it is dispatched. */
MALT_AVAILABLE_IN_ALL
MaltInvocation     *malt_invocation_new             (MaltRuntime         *runtime,
                                                     guint64              id,
                                                     const char          *function,
                                                     GVariant            *args,
                                                     GVariant            *kwargs,
                                                     const MaltCarrier   *carrier,
                                                     gpointer             user_data);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_timeout        (MaltInvocation     *self,
                                                        guint               timeout_ms);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_result_type    (MaltInvocation     *self,
                                                        const GVariantType *type);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_discard_result (MaltInvocation     *self,
                                                        gboolean            discard);

/* Unchanged once it has been dispatched, so any thread may ask. */
MALT_AVAILABLE_IN_ALL
guint64             malt_invocation_get_id             (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_invocation_get_function       (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_invocation_get_args           (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_invocation_get_kwargs         (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
const GVariantType *malt_invocation_get_result_type    (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
gboolean            malt_invocation_get_discard_result (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
char               *malt_invocation_dup_callee         (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
gint64              malt_invocation_get_run_time_us    (MaltInvocation     *self);

MALT_AVAILABLE_IN_ALL
MaltCancelReason    malt_invocation_get_cancel_reason  (MaltInvocation     *self);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_set_cancel_func    (MaltInvocation     *self,
                                                        MaltCancelFunc      func,
                                                        gpointer            user_data);
MALT_AVAILABLE_IN_ALL
GError             *malt_invocation_new_cancel_error   (MaltInvocation     *self,
                                                        const char         *traceback);

/* Executing thread, one of them and once. */
MALT_AVAILABLE_IN_ALL
void                malt_invocation_return_value       (MaltInvocation     *self,
                                                        GVariant           *value);
MALT_AVAILABLE_IN_ALL
void                malt_invocation_return_error       (MaltInvocation     *self,
                                                        GError             *error);

G_END_DECLS

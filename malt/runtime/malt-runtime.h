/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-local-channel.h>
#include <malt/runtime/malt-evaluator.h>

G_BEGIN_DECLS

#define MALT_TYPE_RUNTIME (malt_runtime_get_type ())

/* The place where code runs: function modules, an evaluator, and the scheduler, behind one
 * dispatch.
 *
 * The thread that makes it is its own, and the thread-default context of that moment is where calls
 * that wait go on. The executing thread is its own one, unless a carrier has another thread execute
 * for a time, while its own sleeps: one at a time, each seeing what the one before has done, and
 * only for what malt_runtime_get_dispatch() allows. `watch_context` must be run by another thread:
 * it keeps the deadlines, so that a time-out works while the executing thread is in an endless
 * loop. */
MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltRuntime, malt_runtime, MALT, RUNTIME, GObject)

/* evaluator: name; evaluator_options: a{sv} or NULL. Modules in `modules` are imported at once. */
MALT_AVAILABLE_IN_ALL
MaltRuntime       *malt_runtime_new             (const char         *evaluator,
                                                 GVariant           *evaluator_options,
                                                 const char *const  *module_path,
                                                 const char *const  *modules,
                                                 GMainContext       *watch_context,
                                                 GError            **error);

/* Where calls that wait go on, and the folders that it was made with. (transfer none) */
MALT_AVAILABLE_IN_ALL
GMainContext      *malt_runtime_get_context     (MaltRuntime        *self);
MALT_AVAILABLE_IN_ALL
const char *const *malt_runtime_get_module_path (MaltRuntime        *self);

/* For carriers. */

/* Runs a call, in the executing thread: built-ins, functions of loaded modules, the evaluator's,
 * then those of a module that can be imported; else MALT_ERROR_UNKNOWN_FUNCTION. Answers through
 * the carrier. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_dispatch        (MaltRuntime        *self,
                                                 MaltInvocation     *invocation);
/* Where a call can be dispatched. */
typedef enum
{
  MALT_DISPATCH_OWN_THREAD, /* in the runtime's own thread only: the evaluator is bound to it */
  MALT_DISPATCH_ANY_THREAD,
  MALT_DISPATCH_AT_ONCE     /* in any thread, which has it back at once */
} MaltDispatch;

/* In the executing thread, or while there is none. */
MALT_AVAILABLE_IN_ALL
MaltDispatch       malt_runtime_get_dispatch    (MaltRuntime        *self,
                                                 const char         *function);
/* Any thread. Ids grow, and calls arrive in their order; what is meant for an id that has not been
 * dispatched yet is remembered for it, what is meant for one that is over does nothing. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_cancel          (MaltRuntime        *self,
                                                 guint64             id);
/* Interrupts the latest unfinished call with an id up to `up_to`, channel operations excepted. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_interrupt       (MaltRuntime        *self,
                                                 guint64             up_to);
/* The same among those that have been dispatched: for SIGINT. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_interrupt_latest (MaltRuntime       *self);
/* Cancels everything; what is dispatched later ends with MALT_ERROR_TERMINATED_WORKER without
 * running. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_stop            (MaltRuntime        *self);
/* Calls that have been dispatched and not been answered. */
MALT_AVAILABLE_IN_ALL
guint              malt_runtime_get_n_unfinished (MaltRuntime       *self);
/* 0: over or never seen; 1: not dispatched or not started yet; 2: running. */
MALT_AVAILABLE_IN_ALL
int                malt_runtime_get_call_state  (MaltRuntime        *self,
                                                 guint64             id);

/* Where the executing thread is in a program that does not heed its end, as a traceback, and the id
 * of the call. Any other thread. NULL: that cannot be told. (transfer full) */
MALT_AVAILABLE_IN_ALL
char              *malt_runtime_dup_position    (MaltRuntime        *self,
                                                 guint64            *id);

/* What evaluations in no module are in; NULL, and at first: the evaluator's own default. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_set_default_module (MaltRuntime     *self,
                                                 const char         *module);

typedef void (*MaltReportFunc) (const GError *error,
                                gpointer      user_data);

/* Where errors of things that nobody waits for go (posts, spawned tasks); in the executing
 * thread. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_set_report_func (MaltRuntime        *self,
                                                 MaltReportFunc      func,
                                                 gpointer            user_data);

/* For evaluators, in the executing thread. */

/* Exactly once, in the executing thread, possibly before malt_runtime_call() returns. */
typedef void (*MaltRuntimeCallback) (GVariant     *value,
                                     const GError *error,
                                     gpointer      user_data);

/* The short names of its functions. (transfer full) */
MALT_AVAILABLE_IN_ALL
char             **malt_runtime_import          (MaltRuntime         *self,
                                                 const char          *module,
                                                 GError             **error);
/* The type of the arguments that a function of a loaded module takes; NULL: any tuple, or not
 * known. A language with fewer types than GVariant makes its values fit. */
MALT_AVAILABLE_IN_ALL
const GVariantType *malt_runtime_get_signature  (MaltRuntime         *self,
                                                 const char          *function);
/* Calls a function of a module ("module.function") on behalf of `parent`, whose cancellation it
 * shares. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_call            (MaltRuntime         *self,
                                                 MaltInvocation      *parent,
                                                 const char          *function,
                                                 GVariant            *args,
                                                 GVariant            *kwargs,
                                                 MaltRuntimeCallback  callback,
                                                 gpointer             user_data);
/* The path that stands for the channel in values, "o"; valid as long as the channel lives, which
 * this does not prolong. (transfer none) */
MALT_AVAILABLE_IN_ALL
const char        *malt_runtime_export_channel  (MaltRuntime         *self,
                                                 MaltLocalChannel    *channel);
/* The channel that a path stands for, of a value or of a handle; NULL when there is none. (transfer
 * none) */
MALT_AVAILABLE_IN_ALL
MaltLocalChannel  *malt_runtime_lookup_channel  (MaltRuntime         *self,
                                                 const char          *path);

typedef void (*MaltAlarmFunc) (gpointer user_data);

/* Once, in the executing thread, when it is `time_us` (monotonic microseconds), and not before this
 * has returned. As many as one likes cost a turn of the main loop nothing, as sources would. The id
 * is never 0. */
MALT_AVAILABLE_IN_ALL
guint64            malt_runtime_add_alarm       (MaltRuntime         *self,
                                                 gint64               time_us,
                                                 MaltAlarmFunc        func,
                                                 gpointer             user_data);
/* Nothing happens to one that is over. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_remove_alarm    (MaltRuntime         *self,
                                                 guint64              id);
/* Hands an error that nobody waits for to the report function; without one it is logged. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_report          (MaltRuntime         *self,
                                                 const GError        *error);

G_END_DECLS

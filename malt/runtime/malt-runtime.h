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

/* Its own thread is the one that makes it; `watch_context` is run by another one. */
MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltRuntime, malt_runtime, MALT, RUNTIME, GObject)

MALT_AVAILABLE_IN_ALL
MaltRuntime       *malt_runtime_new             (const char         *evaluator,
                                                 GVariant           *evaluator_options,
                                                 const char *const  *module_path,
                                                 const char *const  *modules,
                                                 GMainContext       *watch_context,
                                                 GError            **error);

MALT_AVAILABLE_IN_ALL
GMainContext      *malt_runtime_get_context     (MaltRuntime        *self);
MALT_AVAILABLE_IN_ALL
const char *const *malt_runtime_get_module_path (MaltRuntime        *self);

/* For carriers. The first two in the executing thread, the others in any. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_dispatch        (MaltRuntime        *self,
                                                 MaltInvocation     *invocation);

typedef enum
{
  MALT_DISPATCH_OWN_THREAD,
  MALT_DISPATCH_ANY_THREAD,
  MALT_DISPATCH_AT_ONCE
} MaltDispatch;

MALT_AVAILABLE_IN_ALL
MaltDispatch       malt_runtime_get_dispatch    (MaltRuntime        *self,
                                                 const char         *function);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_cancel          (MaltRuntime        *self,
                                                 guint64             id);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_interrupt       (MaltRuntime        *self,
                                                 guint64             up_to);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_interrupt_latest (MaltRuntime       *self);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_stop            (MaltRuntime        *self);
MALT_AVAILABLE_IN_ALL
guint              malt_runtime_get_n_unfinished (MaltRuntime       *self);
MALT_AVAILABLE_IN_ALL
int                malt_runtime_get_call_state  (MaltRuntime        *self,
                                                 guint64             id);
MALT_AVAILABLE_IN_ALL
char              *malt_runtime_dup_position    (MaltRuntime        *self,
                                                 guint64            *id);

/* Again in the executing thread. */
MALT_AVAILABLE_IN_ALL
void               malt_runtime_set_default_module (MaltRuntime     *self,
                                                 const char         *module);

typedef void (*MaltReportFunc) (const GError *error,
                                gpointer      user_data);

MALT_AVAILABLE_IN_ALL
void               malt_runtime_set_report_func (MaltRuntime        *self,
                                                 MaltReportFunc      func,
                                                 gpointer            user_data);

/* For evaluators, in the executing thread. */

typedef void (*MaltRuntimeCallback) (GVariant     *value,
                                     const GError *error,
                                     gpointer      user_data);

MALT_AVAILABLE_IN_ALL
char             **malt_runtime_import          (MaltRuntime         *self,
                                                 const char          *module,
                                                 GError             **error);
MALT_AVAILABLE_IN_ALL
const GVariantType *malt_runtime_get_signature  (MaltRuntime         *self,
                                                 const char          *function);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_call            (MaltRuntime         *self,
                                                 MaltInvocation      *parent,
                                                 const char          *function,
                                                 GVariant            *args,
                                                 GVariant            *kwargs,
                                                 MaltRuntimeCallback  callback,
                                                 gpointer             user_data);
MALT_AVAILABLE_IN_ALL
const char        *malt_runtime_export_channel  (MaltRuntime         *self,
                                                 MaltLocalChannel    *channel);
MALT_AVAILABLE_IN_ALL
MaltLocalChannel  *malt_runtime_lookup_channel  (MaltRuntime         *self,
                                                 const char          *path);

typedef void (*MaltAlarmFunc) (gpointer user_data);

MALT_AVAILABLE_IN_ALL
guint64            malt_runtime_add_alarm       (MaltRuntime         *self,
                                                 gint64               time_us,
                                                 MaltAlarmFunc        func,
                                                 gpointer             user_data);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_remove_alarm    (MaltRuntime         *self,
                                                 guint64              id);
MALT_AVAILABLE_IN_ALL
void               malt_runtime_report          (MaltRuntime         *self,
                                                 const GError        *error);

G_END_DECLS

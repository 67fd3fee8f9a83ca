/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-types.h>

G_BEGIN_DECLS

#define MALT_TYPE_CALL (malt_call_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltCall, malt_call, MALT, CALL, GObject)

MALT_AVAILABLE_IN_ALL
MaltCall           *malt_call_new                  (const char         *function,
                                                    GVariant           *args,
                                                    GVariant           *kwargs)
                                                    G_GNUC_WARN_UNUSED_RESULT;
MALT_AVAILABLE_IN_ALL
MaltCall           *malt_call_new_eval             (const char         *module,
                                                    const char         *expression,
                                                    GVariant           *args)
                                                    G_GNUC_WARN_UNUSED_RESULT;

MALT_AVAILABLE_IN_ALL
const char         *malt_call_get_function         (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_call_get_args             (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
GVariant           *malt_call_get_kwargs           (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
void                malt_call_set_discard_result   (MaltCall           *self,
                                                    gboolean            discard);
MALT_AVAILABLE_IN_ALL
gboolean            malt_call_get_discard_result   (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
void                malt_call_set_timeout          (MaltCall           *self,
                                                    guint               timeout_ms);
MALT_AVAILABLE_IN_ALL
guint               malt_call_get_timeout          (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
void                malt_call_set_result_type      (MaltCall           *self,
                                                    const GVariantType *type);
MALT_AVAILABLE_IN_ALL
const GVariantType *malt_call_get_result_type      (MaltCall           *self);

MALT_AVAILABLE_IN_ALL
gint64              malt_call_get_queue_time_us    (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
gint64              malt_call_get_run_time_us      (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_call_get_remote_message   (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_call_get_remote_type      (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
const char         *malt_call_get_remote_traceback (MaltCall           *self);
MALT_AVAILABLE_IN_ALL
MaltExitReport     *malt_call_get_exit_report      (MaltCall           *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-backend.h>
#include <malt/runtime/malt-invocation-plugin.h>

G_BEGIN_DECLS

#define MALT_TYPE_EVALUATOR (malt_evaluator_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (MaltEvaluator, malt_evaluator, MALT, EVALUATOR, GObject)

/* The runtime calls them, in its own thread; the reference says what each owes. Required, but the
 * last one. */
struct _MaltEvaluatorInterface
{
  /*< private >*/
  GTypeInterface parent_iface;

  /*< public >*/
  gboolean (*open)           (MaltEvaluator   *self,
                              MaltRuntime     *runtime,
                              GVariant        *options,
                              GError         **error);
  void     (*close)          (MaltEvaluator   *self);
  gboolean (*has_function)   (MaltEvaluator   *self,
                              const char      *name);
  char   **(*list_functions) (MaltEvaluator   *self);
  void     (*eval)           (MaltEvaluator   *self,
                              MaltInvocation  *invocation,
                              const char      *module,
                              const char      *expression,
                              GVariant        *args);
  void     (*call)           (MaltEvaluator   *self,
                              MaltInvocation  *invocation,
                              const char      *name);
  /* In another thread. */
  char    *(*dup_position)   (MaltEvaluator   *self,
                              MaltInvocation **invocation);

  /*< private >*/
  gpointer _reserved[7];
};

MALT_AVAILABLE_IN_ALL
MaltEvaluator *malt_evaluator_new            (const char      *name,
                                              GError         **error);
/* The functions of the interface, for the runtime: a carrier calls none of them. */
MALT_AVAILABLE_IN_ALL
gboolean       malt_evaluator_open           (MaltEvaluator   *self,
                                              MaltRuntime     *runtime,
                                              GVariant        *options,
                                              GError         **error);
MALT_AVAILABLE_IN_ALL
void           malt_evaluator_close          (MaltEvaluator   *self);
MALT_AVAILABLE_IN_ALL
gboolean       malt_evaluator_has_function   (MaltEvaluator   *self,
                                              const char      *name);
MALT_AVAILABLE_IN_ALL
char         **malt_evaluator_list_functions (MaltEvaluator   *self);
MALT_AVAILABLE_IN_ALL
void           malt_evaluator_eval           (MaltEvaluator   *self,
                                              MaltInvocation  *invocation,
                                              const char      *module,
                                              const char      *expression,
                                              GVariant        *args);
MALT_AVAILABLE_IN_ALL
void           malt_evaluator_call           (MaltEvaluator   *self,
                                              MaltInvocation  *invocation,
                                              const char      *name);
MALT_AVAILABLE_IN_ALL
char          *malt_evaluator_dup_position   (MaltEvaluator   *self,
                                              MaltInvocation **invocation);

G_END_DECLS

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

/* A language in which a worker evaluates expressions and defines functions.
 *
 * All functions are called in the executing thread, the thread that owns the evaluator, whose
 * thread-default main context at open() drives whatever waits. Other threads reach it only through
 * the invocation: its cancel hook and its cancellable. There is therefore no interrupt function. */
MALT_AVAILABLE_IN_ALL
G_DECLARE_INTERFACE (MaltEvaluator, malt_evaluator, MALT, EVALUATOR, GObject)

struct _MaltEvaluatorInterface
{
  GTypeInterface parent_iface;

  /* Once, before anything else. `runtime` outlives the evaluator. `options` is an a{sv} of the
   * evaluator's own; an unknown key is an error. May start no thread: a sandbox closes later. */
  gboolean (*open)           (MaltEvaluator   *self,
                              MaltRuntime     *runtime,
                              GVariant        *options,
                              GError         **error);
  /* Ends: every unfinished invocation has been answered before. */
  void     (*close)          (MaltEvaluator   *self);
  /* Whether call() would find "function" or "module.function". Runs no user code. */
  gboolean (*has_function)   (MaltEvaluator   *self,
                              const char      *name);
  /* Every name that has_function() knows and that a user defined. (transfer full) */
  char   **(*list_functions) (MaltEvaluator   *self);
  /* Evaluates under `module`; "" is the default one. One that does not exist is created, its
   * parents too. `args` is a tuple. Answers the invocation, at once or later. */
  void     (*eval)           (MaltEvaluator   *self,
                              MaltInvocation  *invocation,
                              const char      *module,
                              const char      *expression,
                              GVariant        *args);
  /* Calls a function by name with the invocation's args, and its kwargs if there are any. */
  void     (*call)           (MaltEvaluator   *self,
                              MaltInvocation  *invocation,
                              const char      *name);
  /* Optional, and called in any other thread: where the executing thread is in a program that does
   * not heed its end, as tracebacks are written, and in which invocation (transfer full). NULL: in
   * none, or that cannot be told. (transfer full) (nullable) */
  char    *(*dup_position)   (MaltEvaluator   *self,
                              MaltInvocation **invocation);

  gpointer _reserved[7];
};

/* One of the type that a plugin has registered by this name, not open yet. Errors:
 * MALT_ERROR_START_FAILED if there is none, with the names there are, or if it is not complete.
 * (transfer full) */
MALT_AVAILABLE_IN_ALL
MaltEvaluator *malt_evaluator_new            (const char      *name,
                                              GError         **error);
/* The functions of the interface, for whoever has a runtime: a carrier calls none of them. */
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

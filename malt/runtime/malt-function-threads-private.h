/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-invocation-private.h"
#include "malt/runtime/malt-module-private.h"

G_BEGIN_DECLS

/* How many functions of a worker run beside each other. They read files and hash, so more than
 * the cores of a small machine keeps its disk busy as well; each has a stack of 8 MiB of address
 * space, and a worker whose limits allow fewer threads goes on with what it gets. */
#define MALT_FUNCTION_THREADS_MAX 16

/* The pool threads of a runtime, for functions that are MALT_FUNCTION_FLAGS_THREADED. */
typedef struct _MaltFunctionThreads MaltFunctionThreads;

/* Answers are given in `context`. Starts no thread yet. */
MaltFunctionThreads *malt_function_threads_new  (GMainContext              *context);
/* In the thread of the context, after everything in it has been cancelled. Waits for what runs, and
 * answers it. */
void                 malt_function_threads_free (MaltFunctionThreads       *self);

/* In the thread of the context. Answers the invocation, never before it returns. */
void                 malt_function_threads_push (MaltFunctionThreads       *self,
                                                 MaltInvocation            *invocation,
                                                 const MaltModuleFunction  *function);

G_END_DECLS

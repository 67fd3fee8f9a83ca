/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* What one call came to. */
typedef struct
{
  guint      n_finished;
  GVariant  *value;       /* owned (nullable) */
  GError    *error;       /* owned (nullable) */
  gint64     run_time_us; /* when it was finished */

  GMutex     lock;        /* progress may come from a pool thread */
  guint      n_progress;
  double     fraction;    /* the last */
  char      *message;     /* owned; the last */
} Outcome;

extern const MaltCarrier outcome_carrier;

Outcome *outcome_new  (void);
void     outcome_free (Outcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

/* A runtime in this thread, on a context of its own, with a thread that runs its watch context. */
typedef struct
{
  MaltRuntime  *runtime;
  GMainContext *context;
  GMainContext *watch_context;
  GThread      *watch_thread;
  gint          is_over; /* atomic */
  guint64       last_id;
} TestRuntime;

/* Both nullable; folder: where modules are found. */
TestRuntime *test_runtime_new_with_modules (const char  *evaluator,
                                            const char  *folder);
TestRuntime *test_runtime_new              (const char  *evaluator);
void         test_runtime_free             (TestRuntime *self);
/* Ends the runtime before the rest. */
void         test_runtime_end              (TestRuntime *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestRuntime, test_runtime_free)

/* args: NULL for (). The outcome is the invocation's carrier data. */
MaltInvocation *test_runtime_new_invocation (TestRuntime *self,
                                             const char  *function,
                                             GVariant    *args,
                                             Outcome     *outcome);
/* Dispatches it under the next id. */
guint64         test_runtime_start          (TestRuntime *self,
                                             const char  *function,
                                             GVariant    *args,
                                             Outcome     *outcome);
/* Runs the context until the call is answered. */
void            test_runtime_wait           (TestRuntime *self,
                                             Outcome     *outcome);
void            test_runtime_call           (TestRuntime *self,
                                             const char  *function,
                                             GVariant    *args,
                                             Outcome     *outcome);

/* Exactly one answer, a value that prints like this. */
void            assert_answered             (Outcome     *outcome,
                                             const char  *value);
/* Exactly one answer, an error; `text` (nullable) is part of its message. */
void            assert_failed               (Outcome     *outcome,
                                             GQuark       domain,
                                             int          code,
                                             const char  *text);

G_END_DECLS

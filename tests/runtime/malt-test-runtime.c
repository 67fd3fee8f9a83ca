/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "malt-test-runtime.h"

#include <string.h>

static void
on_finished (MaltInvocation *invocation,
             GVariant       *value,
             const GError   *error,
             gpointer        user_data)
{
  Outcome *self = user_data;

  g_assert_true ((value == NULL) == (error != NULL));

  self->n_finished++;
  if (self->n_finished > 1)
    return;
  self->value = value != NULL ? g_variant_ref (value) : NULL;
  self->error = error != NULL ? g_error_copy (error) : NULL;
  self->run_time_us = malt_invocation_get_run_time_us (invocation);
}

static void
on_progress (MaltInvocation *invocation,
             double          fraction,
             const char     *message,
             gpointer        user_data)
{
  Outcome *self = user_data;

  g_mutex_lock (&self->lock);
  self->n_progress++;
  self->fraction = fraction;
  g_free (self->message);
  self->message = g_strdup (message);
  g_mutex_unlock (&self->lock);
}

const MaltCarrier outcome_carrier = { on_finished, on_progress };

Outcome *
outcome_new (void)
{
  Outcome *self = g_new0 (Outcome, 1);

  g_mutex_init (&self->lock);

  return self;
}

void
outcome_free (Outcome *self)
{
  g_clear_pointer (&self->value, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self->message);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gpointer
run_watch_context (gpointer user_data)
{
  TestRuntime *self = user_data;

  while (!g_atomic_int_get (&self->is_over))
    g_main_context_iteration (self->watch_context, TRUE);

  return NULL;
}

TestRuntime *
test_runtime_new (const char *evaluator)
{
  return test_runtime_new_with_modules (evaluator, NULL);
}

TestRuntime *
test_runtime_new_with_modules (const char *evaluator,
                               const char *folder)
{
  const char *const module_path[] = { folder, NULL };
  TestRuntime *self = g_new0 (TestRuntime, 1);
  g_autoptr (GError) error = NULL;

  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->watch_context = g_main_context_new ();
  self->runtime = malt_runtime_new (evaluator, NULL, module_path, NULL, self->watch_context,
                                    &error);
  g_assert_no_error (error);
  self->watch_thread = g_thread_new ("watch", run_watch_context, self);

  return self;
}

void
test_runtime_end (TestRuntime *self)
{
  g_assert_finalize_object (g_steal_pointer (&self->runtime));
}

void
test_runtime_free (TestRuntime *self)
{
  if (self->runtime != NULL)
    test_runtime_end (self);

  g_atomic_int_set (&self->is_over, TRUE);
  g_main_context_wakeup (self->watch_context);
  g_thread_join (self->watch_thread);
  while (g_main_context_iteration (self->watch_context, FALSE))
    ;
  while (g_main_context_iteration (self->context, FALSE))
    ;

  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_main_context_unref (self->watch_context);
  g_free (self);
}

MaltInvocation *
test_runtime_new_invocation (TestRuntime *self,
                             const char  *function,
                             GVariant    *args,
                             Outcome     *outcome)
{
  return malt_invocation_new (self->runtime, ++self->last_id, function, args, NULL,
                              &outcome_carrier, outcome);
}

guint64
test_runtime_start (TestRuntime *self,
                    const char  *function,
                    GVariant    *args,
                    Outcome     *outcome)
{
  g_autoptr (MaltInvocation) invocation = NULL;

  invocation = test_runtime_new_invocation (self, function, args, outcome);
  malt_runtime_dispatch (self->runtime, invocation);

  return self->last_id;
}

void
test_runtime_wait (TestRuntime *self,
                   Outcome     *outcome)
{
  while (outcome->n_finished == 0)
    g_main_context_iteration (self->context, TRUE);
}

void
test_runtime_call (TestRuntime *self,
                   const char  *function,
                   GVariant    *args,
                   Outcome     *outcome)
{
  test_runtime_start (self, function, args, outcome);
  test_runtime_wait (self, outcome);
}

void
assert_answered (Outcome    *outcome,
                 const char *value)
{
  g_autofree char *printed = NULL;

  g_assert_cmpuint (outcome->n_finished, ==, 1);
  g_assert_no_error (outcome->error);
  printed = g_variant_print (outcome->value, TRUE);
  g_assert_cmpstr (printed, ==, value);
}

void
assert_failed (Outcome    *outcome,
               GQuark      domain,
               int         code,
               const char *text)
{
  g_assert_cmpuint (outcome->n_finished, ==, 1);
  g_assert_error (outcome->error, domain, code);
  if (text != NULL && strstr (outcome->error->message, text) == NULL)
    g_error ("“%s” is not in “%s”", text, outcome->error->message);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survey.h"

#include <signal.h>
#include <string.h>

/* Long enough that the loop runs when it is interrupted, short enough for people. */
#define LOOP_MSEC 100

/* What the end of an interrupted loop may take on a machine that does other things, too. */
#define INTERRUPT_MAX_MSEC 1000

/* Of the function module in broken.c. */
#define BROKEN_FUNCTION "broken.dereference"

static void
print_indented (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      if (*lines[i] != '\0')
        g_print ("    %s\n", lines[i]);
    }
}

/* Prints the value, and checks it: `expected` in GVariant text format. */
static void
evaluate_one (MaltAbstractWorker *worker,
              const char         *expression,
              GVariant           *args,
              const char         *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, args, NULL, &error);
  g_autofree char *text = value != NULL ? g_variant_print (value, FALSE) : NULL;

  survey_check (g_strcmp0 (text, expected) == 0, "%s: expected %s, got %s",
                expression, expected, text != NULL ? text : error->message);
  g_print ("  %s = %s\n", expression, text != NULL ? text : "(nothing)");
}

void
survey_evaluate (MaltAbstractWorker *worker)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  evaluate_one (worker, "6 * 7", NULL, "42");
  evaluate_one (worker, "(...):upper ()", g_variant_new ("(s)", "survey"), "'SURVEY'");
  evaluate_one (worker, "function mean (a, b) return (a + b) / 2 end", NULL, "()");

  value = malt_abstract_worker_remote_call_fetch (worker, "mean", g_variant_new ("(dd)", 3.0, 8.0),
                                                  NULL, NULL, &error);
  text = value != NULL ? g_variant_print (value, FALSE) : NULL;
  survey_check (g_strcmp0 (text, "5.5") == 0, "mean (3, 8): %s",
                text != NULL ? text : error->message);
  g_print ("  call of the function it defined: mean (3, 8) = %s\n", text != NULL ? text : "?");
}

void
survey_fail (MaltAbstractWorker *worker)
{
  const char *expression = "local function parse (s) error ('no number: ' .. s) end\n"
                           "local function sum (t) for _, s in ipairs (t) do parse (s) end end\n"
                           "total = sum { 'twelve' }";
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_fetch (worker, NULL, expression, NULL, NULL, &error);

  survey_check (value == NULL && g_error_matches (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION)
                  && malt_error_get_remote_traceback (error) != NULL,
                "an exception did not arrive");
  if (error != NULL)
    print_indented (error->message);
}

typedef struct
{
  GMainLoop          *loop;
  MaltAbstractWorker *worker;
  gint64              interrupted_us;
  gint64              ended_us;
  GError             *error;
} Interrupt;

static gboolean
on_time_to_interrupt (gpointer user_data)
{
  Interrupt *self = user_data;
  g_autoptr (GError) error = NULL;

  self->interrupted_us = g_get_monotonic_time ();
  survey_check (malt_abstract_worker_interrupt (self->worker, &error),
                "cannot interrupt: %s", error != NULL ? error->message : "");

  return G_SOURCE_REMOVE;
}

static void
on_loop_ended (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  Interrupt *self = user_data;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_eval_finish (self->worker, result, &self->error);

  self->ended_us = g_get_monotonic_time ();
  g_main_loop_quit (self->loop);
}

void
survey_interrupt (MaltAbstractWorker *worker)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Interrupt interrupt = { .loop = loop, .worker = worker };
  double latency_ms;

  malt_abstract_worker_remote_eval_async (worker, NULL, "while true do end", NULL, NULL,
                                          on_loop_ended, &interrupt);
  g_timeout_add (LOOP_MSEC, on_time_to_interrupt, &interrupt);
  g_main_loop_run (loop);

  latency_ms = (double) (interrupt.ended_us - interrupt.interrupted_us) / 1000.0;
  survey_check (g_error_matches (interrupt.error, MALT_ERROR, MALT_ERROR_INTERRUPTED),
                "the loop was not interrupted: %s",
                interrupt.error != NULL ? interrupt.error->message : "it came to an end");
  survey_check (latency_ms < INTERRUPT_MAX_MSEC, "the interrupt took %.1f ms", latency_ms);
  g_print ("  while true do end: ran %d ms, ended %.2f ms after the interrupt\n",
           LOOP_MSEC, latency_ms);
  g_clear_error (&interrupt.error);

  evaluate_one (worker, "mean (1, 2)", NULL, "1.5");
}

static void
on_crashed (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  GError **error = user_data;
  g_autoptr (GVariant) value =
    malt_abstract_worker_remote_call_finish (MALT_ABSTRACT_WORKER (source), result, error);
}

static void
print_report (const GError *error)
{
  MaltExitReport *report = malt_error_get_exit_report (error);
  const char *const *running;
  guint n_running;

  g_print ("  %s\n", error->message);
  survey_check (report != NULL, "there is no exit report");
  if (report == NULL)
    return;

  running = malt_exit_report_get_running_calls (report);
  n_running = g_strv_length ((char **) running);
  survey_check (malt_exit_report_get_reason (report) == MALT_EXIT_REASON_CRASHED
                  && malt_exit_report_get_signal (report) == SIGSEGV
                  && n_running > 0 && g_str_equal (running[n_running - 1], BROKEN_FUNCTION),
                "the exit report does not tell what happened");
  g_print ("  exit report: crashed by signal %d (%s); %u calls were running, the oldest %s\n",
           malt_exit_report_get_signal (report), g_strsignal (malt_exit_report_get_signal (report)),
           n_running, n_running > 0 ? running[n_running - 1] : "none");
}

/* One worker dies of a NULL pointer while all of them are at work. */
void
survey_crash (GPtrArray *workers,
              GPtrArray *files)
{
  MaltAbstractWorker *victim = g_ptr_array_index (workers, 0);
  g_autoptr (GError) error = NULL;
  guint n_answered;

  malt_abstract_worker_remote_call_async (victim, BROKEN_FUNCTION, NULL, NULL, NULL,
                                          on_crashed, &error);
  n_answered = survey_spread (workers, files);

  survey_check (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER),
                "the worker did not crash: %s", error != NULL ? error->message : "it answered");
  if (error != NULL)
    print_report (error);

  survey_check (n_answered == files->len * 2, "%u of %u calls were answered",
                n_answered, files->len * 2);
  g_print ("  meanwhile %u of %u calls were answered by the other %u workers\n",
           n_answered, files->len * 2, workers->len - 1);
}

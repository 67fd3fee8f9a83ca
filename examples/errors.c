/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can go wrong in a worker, told apart. */

#include <malt/malt.h>

#include <signal.h>

static void
explain (const GError *error)
{
  MaltExitReport *report = malt_error_get_exit_report (error);

  if (g_error_matches (error, MALT_ERROR, MALT_ERROR_REMOTE_EXCEPTION))
    g_print ("%s: %s\n", malt_error_get_remote_type (error), malt_error_get_remote_message (error));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_print ("It took too long\n");
  else if (g_error_matches (error, MALT_ERROR, MALT_ERROR_TERMINATED_WORKER) && report != NULL)
    g_print ("The worker ended: signal %d\n", malt_exit_report_get_signal (report));
  else
    g_print ("%s\n", error->message);
}

/* Each of these is an expression in Lua. The worker lives on after all but the last. */
static void
evaluate (MaltAbstractWorker *worker,
          const char         *expression)
{
  g_autoptr (GError) error = NULL;

  if (malt_abstract_worker_remote_eval_wait (worker, NULL, expression, NULL, NULL, &error))
    g_print ("Nothing went wrong\n");
  else
    explain (error);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltAbstractWorker) worker =
    malt_create_worker ("process", NULL, &error, "call-timeout", 500, NULL);

  if (worker == NULL)
    g_error ("%s", error->message);

  evaluate (worker, "return 6 * 7");
  evaluate (worker, "error (\"no such cog\")");
  evaluate (worker, "if then");
  evaluate (worker, "while true do end");
  if (!malt_abstract_worker_kill (worker, SIGKILL, &error))
    g_error ("%s", error->message);
  evaluate (worker, "return 6 * 7");

  return 0;
}

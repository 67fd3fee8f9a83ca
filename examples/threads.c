/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* One worker, two threads: one of them blocks in a call, the other ends it. */

#include <malt/malt.h>

typedef struct
{
  MaltAbstractWorker *worker;
  GCancellable       *cancellable;
} Job;

/* Runs in a thread of its own. Returns (transfer full): why the call ended. */
static gpointer
wait_for_ever (gpointer user_data)
{
  const Job *job = user_data;
  GError *error = NULL;

  malt_abstract_worker_remote_eval_wait (job->worker, NULL, "while true do end", NULL,
                                         job->cancellable, &error);

  return error;
}

int
main (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) cancelled = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (MaltAbstractWorker) worker = malt_create_worker ("process", NULL, &error, NULL);
  Job job = { worker, cancellable };
  GThread *thread;

  if (worker == NULL)
    g_error ("%s", error->message);

  thread = g_thread_new ("waits", wait_for_ever, &job);
  g_cancellable_cancel (cancellable);
  cancelled = g_thread_join (thread);
  if (g_error_matches (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_print ("The call has ended\n");

  value = malt_abstract_worker_remote_eval_fetch (worker, NULL, "6 * 7", NULL, NULL, &error);
  if (value == NULL)
    g_error ("%s", error->message);
  g_print ("The worker has not: %" G_GINT64_FORMAT "\n", g_variant_get_int64 (value));

  return 0;
}

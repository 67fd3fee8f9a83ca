/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/wire/malt-monitor.h"

static gpointer
monitor_thread (gpointer user_data)
{
  GMainContext *context = user_data;

  /* Kept for good: between two iterations nobody else gets to run what was meant for this thread.
   */
  g_main_context_acquire (context);
  g_main_context_push_thread_default (context);
  for (;;)
    g_main_context_iteration (context, TRUE);

  return NULL;
}

/**
 * malt_monitor_get_context: (skip)
 *
 * Gets the main context of the monitor, the one thread of a manager process that
 * does what must go on when nobody waits: child exit, output, writes that would
 * block, deadlines. Any thread.
 *
 * The thread is started by the first call and never ends, because
 * `PR_SET_PDEATHSIG` of the children it spawns is bound to it. What runs there
 * must not block: it would hold up every worker of the process.
 *
 * Returns: (transfer none): the context, which lives as long as the process
 *
 * Since: 0.1
 */
GMainContext *
malt_monitor_get_context (void)
{
  static GMainContext *monitor_context;

  if (g_once_init_enter (&monitor_context))
    {
      GMainContext *context = g_main_context_new ();

      g_thread_unref (g_thread_new ("malt-monitor", monitor_thread, context));
      g_once_init_leave (&monitor_context, context);
    }

  return monitor_context;
}

typedef struct
{
  MaltMonitorFunc  func;
  gpointer         user_data;
  GMutex           lock;
  GCond            cond;
  gboolean         is_done; /* protected by @lock */
} MonitorJob;

/* Runs in the monitor thread. */
static gboolean
run_job (gpointer user_data)
{
  MonitorJob *job = user_data;

  job->func (job->user_data);

  g_mutex_lock (&job->lock);
  job->is_done = TRUE;
  g_cond_signal (&job->cond);
  g_mutex_unlock (&job->lock);

  return G_SOURCE_REMOVE;
}

/**
 * MaltMonitorFunc: (skip)
 * @user_data: what it is to work on
 *
 * Does something in the monitor thread. It must not block: it would hold up every
 * worker of the process.
 *
 * Since: 0.1
 */

/**
 * malt_monitor_run: (skip)
 * @func: (scope call): what to run
 * @user_data: passed to @func
 *
 * Runs @func in the monitor thread and waits until it has returned. Called in
 * the monitor thread it runs @func directly.
 *
 * The caller must hold no lock that anything in the monitor takes.
 *
 * Since: 0.1
 */
void
malt_monitor_run (MaltMonitorFunc func,
                  gpointer        user_data)
{
  GMainContext *context = malt_monitor_get_context ();
  MonitorJob job = { .func = func, .user_data = user_data };
  g_autoptr (GSource) source = NULL;

  g_return_if_fail (func != NULL);

  if (g_main_context_is_owner (context))
    {
      func (user_data);
      return;
    }

  g_mutex_init (&job.lock);
  g_cond_init (&job.cond);

  /* Before what the monitor does for others. */
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, run_job, &job, NULL);
  g_source_attach (source, context);

  g_mutex_lock (&job.lock);
  while (!job.is_done)
    g_cond_wait (&job.cond, &job.lock);
  g_mutex_unlock (&job.lock);

  g_mutex_clear (&job.lock);
  g_cond_clear (&job.cond);
}

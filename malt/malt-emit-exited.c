/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-emit-exited.h"

#include "malt/malt-exit-report.h"

/* What holds the source on the worker, so that it goes with it: the context may not come round for
 * long, if ever. */
#define SOURCE_KEY "malt-exited-source"

static gboolean
on_exited (gpointer user_data)
{
  g_autoptr (MaltAbstractWorker) worker = g_weak_ref_get (user_data);

  if (worker != NULL)
    g_signal_emit_by_name (worker, "exited", malt_abstract_worker_get_exit_report (worker));

  return G_SOURCE_REMOVE;
}

static void
free_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static void
drop_source (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

/**
 * malt_emit_exited:
 * @worker: a worker that has ended, and has its exit report
 * @context: (nullable): what was the thread-default main context where it was
 *   made; %NULL for the default one
 *
 * Has [signal@Malt.AbstractWorker::exited] emitted in a main context, later, unless
 * the worker has been let go of by then. Once for each worker. Any thread.
 *
 * Since: 0.1
 */
void
malt_emit_exited (MaltAbstractWorker *worker,
                  GMainContext       *context)
{
  GSource *source;
  GWeakRef *weak;

  g_return_if_fail (MALT_IS_ABSTRACT_WORKER (worker));
  g_return_if_fail (malt_abstract_worker_get_exit_report (worker) != NULL);

  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, worker);
  source = g_idle_source_new ();
  g_source_set_static_name (source, "malt exited");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_exited, weak, free_weak_ref);
  g_source_attach (source, context);
  g_object_set_data_full (G_OBJECT (worker), SOURCE_KEY, source, drop_source);
}

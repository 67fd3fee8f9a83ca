/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "malt/malt-mark-ended-private.h"

#include "malt/malt-emit-exited.h"
#include "malt/malt-exit-report.h"
#include "malt/malt-running-workers-backend.h"

static G_DEFINE_QUARK (malt-mark-ended, malt_mark_ended)

static void
unref_report (gpointer data)
{
  malt_exit_report_unref (data);
}

/**
 * malt_abstract_worker_mark_ended:
 * @self: a worker that has ended, or ends now
 * @report: how
 * @context: (nullable): what was the thread-default main context where it was
 *   made; %NULL for the default one
 *
 * Does what belongs to the end of a worker, in the right order: it has the
 * report, for as long as it lives, and runs no more; it leaves the list of running
 * workers; [signal@Malt.AbstractWorker::exited] is emitted in @context, later. The
 * errors of its calls come after that, and are the caller's business.
 *
 * For backends, any thread. One that implements `get_exit_report()` does it
 * itself; other languages cannot, for it only lends a report, which a binding
 * would have let go of.
 *
 * Returns: whether it had not ended before; nothing changes if it had
 *
 * Since: 0.1
 */
gboolean
malt_abstract_worker_mark_ended (MaltAbstractWorker *self,
                                 MaltExitReport     *report,
                                 GMainContext       *context)
{
  g_return_val_if_fail (MALT_IS_ABSTRACT_WORKER (self), FALSE);
  g_return_val_if_fail (report != NULL, FALSE);

  if (!g_object_replace_qdata (G_OBJECT (self), malt_mark_ended_quark (), NULL,
                               malt_exit_report_ref (report), unref_report, NULL))
    {
      malt_exit_report_unref (report);
      return FALSE;
    }

  malt_running_workers_remove (self);
  malt_emit_exited (self, context);

  return TRUE;
}

MaltExitReport *
malt_mark_ended_get_report (MaltAbstractWorker *worker)
{
  return g_object_get_qdata (G_OBJECT (worker), malt_mark_ended_quark ());
}

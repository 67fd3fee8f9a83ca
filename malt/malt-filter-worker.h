/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-abstract-worker.h>

G_BEGIN_DECLS

#define MALT_TYPE_FILTER_WORKER (malt_filter_worker_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (MaltFilterWorker, malt_filter_worker, MALT, FILTER_WORKER, GObject)

struct _MaltFilterWorkerClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  /**
   * MaltFilterWorkerClass::prepare:
   * @self: the worker
   * @options: options for the inner worker, which wins over those of the profile; empty at first
   * @cancellable: (nullable): ends the start
   * @error: return location for an error
   *
   * Gets ready before the inner worker is started. Optional. Called in the thread that starts the
   * worker, once more if a start has failed before.
   *
   * Errors: any; the start ends with it.
   *
   * Returns: whether to go on; %FALSE with an error ends the start
   *
   * Since: 0.1
   */
  gboolean (*prepare)    (MaltFilterWorker  *self,
                          GVariantDict      *options,
                          GCancellable      *cancellable,
                          GError           **error);

  /**
   * MaltFilterWorkerClass::call_ended:
   * @self: the worker
   * @call: the call, which knows its times and the details of its error
   * @value: (nullable): what it answered
   * @error: (nullable): what it failed with
   *
   * Looks at a call of the inner worker that has ended. Optional. Called before the sender of the
   * call gets its outcome, in the context of the sender, or for a blocking call its thread; so
   * several threads may do so at a time, and the sender waits.
   *
   * Since: 0.1
   */
  void     (*call_ended) (MaltFilterWorker  *self,
                          MaltCall          *call,
                          GVariant          *value,
                          const GError      *error);

  /**
   * MaltFilterWorkerClass::admit:
   * @self: the worker
   * @call: the call or post
   * @error: return location for an error
   *
   * Decides whether the inner worker gets a call or a post. Optional: without it, it gets all of
   * them. Called in the thread of the sender, so several threads may do so at a time; does not
   * block. A call that is refused ends with the error, and call_ended() sees that.
   *
   * It sees what the program sends, and not which functions the worker calls by itself: an
   * evaluation is one call, of “malt.eval”, whatever is in its text.
   *
   * Errors: any; the call ends with it, or the post is refused with it.
   *
   * Returns: whether to send it; %FALSE with an error refuses it
   *
   * Since: 0.1
   */
  gboolean (*admit)      (MaltFilterWorker  *self,
                          MaltCall          *call,
                          GError           **error);

  /*< private >*/
  gpointer padding[5];
};

MALT_AVAILABLE_IN_ALL
MaltAbstractWorker *malt_filter_worker_get_inner (MaltFilterWorker *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-options.h"
#include "backends/distributed/malt-distributed-spawn.h"

G_BEGIN_DECLS

#define MALT_TYPE_DISTRIBUTED_LAUNCHER (malt_distributed_launcher_get_type ())

/* How a worker is come by: it finds an address and a token, and nothing else. One for each worker,
 * in the monitor thread. Before the last reference is dropped launch() has returned. */
G_DECLARE_INTERFACE (MaltDistributedLauncher, malt_distributed_launcher, MALT, DISTRIBUTED_LAUNCHER,
                     GObject)

struct _MaltDistributedLauncherInterface
{
  GTypeInterface parent_iface;

  /* Once. `options` need not live longer than this. The caller keeps the deadline, which is the
   * option “spawn-timeout”: when that has passed, it cancels, and wants the error to say what it
   * waited for. One that is cancelled may still return a worker, which is let go then. */
  void             (*launch_async)  (MaltDistributedLauncher      *self,
                                     const MaltDistributedOptions *options,
                                     const MaltSpawnRequest       *request,
                                     GCancellable                 *cancellable,
                                     GAsyncReadyCallback           callback,
                                     gpointer                      user_data);
  /* `id` (transfer full): of the worker, where the launcher could not have it use that of the
   * request; otherwise NULL. Errors: MALT_ERROR, G_IO_ERROR_CANCELLED. */
  MaltSpawnReply * (*launch_finish) (MaltDistributedLauncher      *self,
                                     GAsyncResult                 *result,
                                     char                        **id,
                                     GError                      **error);
  /* What it waits for, for the error of a start that took too long. `code`: of that error,
   * MALT_ERROR_START_FAILED unless it is set. (transfer full) */
  char *           (*describe)      (MaltDistributedLauncher      *self,
                                     MaltError                    *code);
  /* The worker has ended, or nobody wants it: lets go of what it needed. Any number of times.
   * Optional. */
  void             (*stop)          (MaltDistributedLauncher      *self);
};

void            malt_distributed_launcher_launch_async  (MaltDistributedLauncher       *self,
                                                         const MaltDistributedOptions  *options,
                                                         const MaltSpawnRequest        *request,
                                                         GCancellable                  *cancellable,
                                                         GAsyncReadyCallback            callback,
                                                         gpointer                       user_data);
MaltSpawnReply *malt_distributed_launcher_launch_finish (MaltDistributedLauncher       *self,
                                                         GAsyncResult                  *result,
                                                         char                         **id,
                                                         GError                       **error);
char           *malt_distributed_launcher_describe      (MaltDistributedLauncher       *self,
                                                         MaltError                     *code);
void            malt_distributed_launcher_stop          (MaltDistributedLauncher       *self);

G_END_DECLS

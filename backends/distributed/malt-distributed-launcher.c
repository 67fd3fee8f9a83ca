/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-launcher.h"

G_DEFINE_INTERFACE (MaltDistributedLauncher, malt_distributed_launcher, G_TYPE_OBJECT)

static void
malt_distributed_launcher_default_init (MaltDistributedLauncherInterface *iface)
{
}

void
malt_distributed_launcher_launch_async (MaltDistributedLauncher      *self,
                                        const MaltDistributedOptions *options,
                                        const MaltSpawnRequest       *request,
                                        GCancellable                 *cancellable,
                                        GAsyncReadyCallback           callback,
                                        gpointer                      user_data)
{
  MALT_DISTRIBUTED_LAUNCHER_GET_IFACE (self)->launch_async (self, options, request, cancellable,
                                                            callback, user_data);
}

MaltSpawnReply *
malt_distributed_launcher_launch_finish (MaltDistributedLauncher  *self,
                                         GAsyncResult             *result,
                                         char                    **id,
                                         GError                  **error)
{
  *id = NULL;
  return MALT_DISTRIBUTED_LAUNCHER_GET_IFACE (self)->launch_finish (self, result, id, error);
}

char *
malt_distributed_launcher_describe (MaltDistributedLauncher *self,
                                    MaltError               *code)
{
  *code = MALT_ERROR_START_FAILED;
  return MALT_DISTRIBUTED_LAUNCHER_GET_IFACE (self)->describe (self, code);
}

void
malt_distributed_launcher_stop (MaltDistributedLauncher *self)
{
  if (MALT_DISTRIBUTED_LAUNCHER_GET_IFACE (self)->stop != NULL)
    MALT_DISTRIBUTED_LAUNCHER_GET_IFACE (self)->stop (self);
}

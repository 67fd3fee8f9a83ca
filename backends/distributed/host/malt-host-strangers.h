/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-workers.h"

G_BEGIN_DECLS

/* How many may be there at once, who have not said yet which worker they come for. All managers of
 * a host that open their streams in the same moment find room: three streams a worker. */
#define MALT_HOST_MAX_STRANGERS 64u

/* Those who have connected, until they are known. Everything happens in the thread-default main
 * context in which it was made. */
typedef struct _MaltHostStrangers MaltHostStrangers;

/* `config`: whose certificate they are shown; NULL: there is no TLS. */
MaltHostStrangers *malt_host_strangers_new    (MaltHostConfig     *config,
                                               MaltHostWorkers    *workers);
/* Turns all of them away. */
void               malt_host_strangers_free   (MaltHostStrangers  *self);
/* FALSE: nobody can be let in now. */
gboolean           malt_host_strangers_make_room (MaltHostStrangers *self);
void               malt_host_strangers_let_in (MaltHostStrangers  *self,
                                               GSocket            *socket);

G_END_DECLS

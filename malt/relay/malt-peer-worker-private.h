/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/relay/malt-peer-worker.h"

G_BEGIN_DECLS

/* `peer` and `connection` are set once, before the initialisation returns; NULL when it failed or
 * has not been done. The peer knows this only through `events`, which hold no reference: it goes on
 * ending when this is gone. */
typedef struct
{
  GMainContext    *context;    /* immutable; owned, for signals */
  MaltRelayEvents *events;     /* immutable after initialisation; owned, NULL before it */
  MaltPeer        *peer;       /* immutable after initialisation; owned */
  MaltConnection  *connection; /* immutable after initialisation; owned */
} MaltPeerWorkerPrivate;

MaltPeerWorkerPrivate *malt_peer_worker_get_private   (gpointer                     worker);
/* NULL with an error: it has not been started. */
MaltPeerWorkerPrivate *malt_peer_worker_get_started   (gpointer                     worker,
                                                       GError                     **error);
/* All of the interface, over the connection. */
void                   malt_peer_verbs_init_interface (MaltAbstractWorkerInterface  *iface);

G_END_DECLS

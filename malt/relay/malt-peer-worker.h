/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/relay/malt-peer.h>

G_BEGIN_DECLS

#define MALT_TYPE_PEER_WORKER (malt_peer_worker_get_type ())

/* Has the signals of a peer emitted by this worker: before the peer says anything, in each attempt
 * to start one. */
/* Gives it its peer, which is started, and lists it among those that run. Takes both. Any thread;
 * once. */
MALT_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (MaltPeerWorker, malt_peer_worker, MALT, PEER_WORKER, GObject)

struct _MaltPeerWorkerClass
{
  GObjectClass parent_class;

  /* Starts a peer: malt_peer_worker_bind() and malt_peer_worker_take(), or an error. Takes `task`,
   * which has the caller's cancellable, and returns 1 with it. In the thread of the caller;
   * mandatory. */
  void (*start) (MaltPeerWorker *self,
                 GTask          *task);

  /*< private >*/
  gpointer padding[5];
};

MALT_AVAILABLE_IN_ALL
void      malt_peer_worker_bind     (MaltPeerWorker  *self,
                                     MaltRelayEvents *events);
MALT_AVAILABLE_IN_ALL
void      malt_peer_worker_take     (MaltPeerWorker  *self,
                                     MaltPeer        *peer,
                                     MaltConnection  *connection);
/* (transfer none) (nullable): NULL before the start. Any thread. */
MALT_AVAILABLE_IN_ALL
MaltPeer *malt_peer_worker_get_peer (MaltPeerWorker  *self);
/* Gives the worker away, to somebody who greets it anew over both sockets, which are the caller's
 * from now on. */
MALT_AVAILABLE_IN_ALL
gboolean  malt_peer_worker_detach   (MaltPeerWorker  *self,
                                     int             *data_fd,
                                     int             *control_fd,
                                     GError         **error);

G_END_DECLS

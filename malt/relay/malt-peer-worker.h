/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/relay/malt-peer.h>

G_BEGIN_DECLS

#define MALT_TYPE_PEER_WORKER (malt_peer_worker_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (MaltPeerWorker, malt_peer_worker, MALT, PEER_WORKER, GObject)

struct _MaltPeerWorkerClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  /**
   * MaltPeerWorkerClass::start: (skip)
   * @self: a worker that has no peer
   * @task: (transfer full): returns 1 when the worker runs, or the error; it has the
   *   caller's cancellable, and does not look at it by itself
   *
   * Starts a peer: [method@Malt.PeerWorker.bind] first, then, when it is started,
   * [method@Malt.PeerWorker.take], then the return of @task. Mandatory. Called in the
   * thread that starts the worker; does not block, and goes on in the monitor thread or
   * wherever it likes. Once more if a start has failed before.
   *
   * Errors: %MALT_ERROR_START_FAILED, %G_IO_ERROR_CANCELLED, or what is more precise;
   * the start ends with it.
   *
   * Since: 0.1
   */
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
MALT_AVAILABLE_IN_ALL
MaltPeer *malt_peer_worker_get_peer (MaltPeerWorker  *self);
MALT_AVAILABLE_IN_ALL
gboolean  malt_peer_worker_detach   (MaltPeerWorker  *self,
                                     int             *data_fd,
                                     int             *control_fd,
                                     GError         **error);

G_END_DECLS

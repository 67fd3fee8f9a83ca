/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/relay/malt-relay-log.h>
#include <malt/relay/malt-relay-output.h>
#include <malt/wire/malt-connection.h>

G_BEGIN_DECLS

/* As in Malt.jl. Only a process that is stuck in the kernel takes longer. */
#define MALT_PEER_KILL_TIMEOUT_MSEC 20000

/* As G_DECLARE_DERIVABLE_TYPE has them, which leaves no room for fields. */
#define MALT_TYPE_PEER (malt_peer_get_type ())
#ifndef __GI_SCANNER__
#define MALT_PEER(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), MALT_TYPE_PEER, MaltPeer))
#define MALT_PEER_CLASS(klass) (G_TYPE_CHECK_CLASS_CAST ((klass), MALT_TYPE_PEER, MaltPeerClass))
#define MALT_PEER_GET_CLASS(object) \
  (G_TYPE_INSTANCE_GET_CLASS ((object), MALT_TYPE_PEER, MaltPeerClass))
#define MALT_IS_PEER(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), MALT_TYPE_PEER))
#endif

typedef struct _MaltPeer MaltPeer;
typedef struct _MaltPeerClass MaltPeerClass;

/* For what derives from it to read; the monitor thread's, what has no rule of its own. */
struct _MaltPeer
{
  /*< private >*/
  GObject          parent_instance;

  /*< public >*/
  /* Immutable once it is set up; owned. */
  char            *description;
  int              pid;
  MaltRelayEvents *events;
  MaltRelayOutput *output;

  MaltConnection  *connection;  /* owned; NULL before connect() and after the end */
  gboolean         is_lost;     /* that it lost its connection is why it was killed */
  char            *detail;      /* owned (nullable); why it is being ended */

  /*< private >*/
  gboolean         is_started;
  MaltRelayLog    *log;         /* owned; NULL before the first record */
  GSource         *lost_source; /* the grace of one that lost its connection */
  char            *lost_text;   /* owned (nullable); what became of that */
  GPtrArray       *stops;       /* of owned MaltPeerStop */
  GMutex           lock;
  MaltExitReport  *report;      /* protected by @lock; owned, set once */
};

/* What only the backend knows. */
struct _MaltPeerClass
{
  /*< private >*/
  GObjectClass parent_class;

  /*< public >*/
  /**
   * MaltPeerClass::is_ending: (skip)
   * @self: a peer
   *
   * Tells whether nothing that the peer does is of interest any more: it has ended, or was
   * sent SIGKILL. Mandatory. Monitor thread; does not block.
   *
   * Returns: whether what is found out about it now is no reason to end it
   *
   * Since: 0.1
   */
  gboolean (*is_ending) (MaltPeer      *self);

  /**
   * MaltPeerClass::kill_now: (skip)
   * @self: a peer
   *
   * Has the peer ended by SIGKILL, for a reason that its @detail says already. Mandatory.
   * Monitor thread; does not block, and does not wait for the end. May be called again.
   *
   * Since: 0.1
   */
  void     (*kill_now)  (MaltPeer      *self);

  /**
   * MaltPeerClass::climb: (skip)
   * @self: a peer
   * @exit_timeout_ms: what it has to leave when it is asked to, in milliseconds
   * @term_timeout_ms: what it has to end of SIGTERM after that, in milliseconds
   *
   * Has the peer ended, as [method@Malt.AbstractWorker.stop_async] promises: it is asked
   * to leave, then gets SIGTERM, then SIGKILL. Mandatory. Monitor thread; does not block:
   * [method@Malt.Peer.end] tells of the end, or [method@Malt.Peer.give_up] that there is
   * none. Called for each who wants the end; a later call may only hurry the ladder of an
   * earlier one.
   *
   * Since: 0.1
   */
  void     (*climb)     (MaltPeer      *self,
                         guint          exit_timeout_ms,
                         guint          term_timeout_ms);

  /**
   * MaltPeerClass::kill: (skip)
   * @self: a peer
   * @signum: a signal, 1 to 64, as Linux numbers them
   * @error: return location for an error
   *
   * Sends the peer a signal. Mandatory. Any thread, several at a time; does not block.
   * Not called any more when the peer has its report, but it may have ended all the same.
   *
   * Errors: the backend's.
   *
   * Returns: %FALSE with @error set if it cannot be sent
   *
   * Since: 0.1
   */
  gboolean (*kill)      (MaltPeer      *self,
                         int            signum,
                         GError       **error);

  /**
   * MaltPeerClass::drain: (skip)
   * @self: a peer
   *
   * Shows what the peer had written before an answer that is about to be handed over. By
   * default what is in the pipes. Any thread, which the answer waits for; it may wait for
   * the monitor thread.
   *
   * Since: 0.1
   */
  void     (*drain)     (MaltPeer      *self);

  /**
   * MaltPeerClass::lost: (skip)
   * @self: a peer
   * @error: of the domain `MALT_ERROR` if it broke the protocol
   *
   * Is told that the connection of the peer is gone. By default the peer is killed: at once
   * if it broke the protocol, else if it lives on for three seconds; not while it starts.
   * Monitor thread, once; does not block.
   *
   * Since: 0.1
   */
  void     (*lost)      (MaltPeer      *self,
                         const GError  *error);

  /**
   * MaltPeerClass::closed: (skip)
   * @self: a peer
   *
   * Is told that the connection has been closed; who waits for the end has not been told
   * yet. Optional. Monitor thread, once; does not block.
   *
   * Since: 0.1
   */
  void     (*closed)    (MaltPeer      *self);

  /*< private >*/
  gpointer padding[5];
};

MALT_AVAILABLE_IN_ALL
GType           malt_peer_get_type      (void);

MALT_AVAILABLE_IN_ALL
void            malt_peer_set_up        (MaltPeer                   *self,
                                         char                       *description,
                                         int                         pid,
                                         MaltRelayEvents            *events,
                                         MaltRelayOutput            *output);
MALT_AVAILABLE_IN_ALL
void            malt_peer_connect       (MaltPeer                   *self,
                                         int                         data_fd,
                                         int                         control_fd,
                                         const MaltConnectionLimits *limits);
MALT_AVAILABLE_IN_ALL
void            malt_peer_set_started   (MaltPeer                   *self);
MALT_AVAILABLE_IN_ALL
GSource        *malt_peer_attach        (MaltPeer                   *self,
                                         GSource                    *source,
                                         GSourceFunc                 func);
MALT_AVAILABLE_IN_ALL
void            malt_peer_set_detail    (MaltPeer                   *self,
                                         const char                 *format,
                                         ...) G_GNUC_PRINTF (2, 3);
MALT_AVAILABLE_IN_ALL
MaltExitReport *malt_peer_get_report    (MaltPeer                   *self);
MALT_AVAILABLE_IN_ALL
gboolean        malt_peer_check_running (MaltPeer                   *self,
                                         GError                    **error);

MALT_AVAILABLE_IN_ALL
void            malt_peer_ask_to_leave  (MaltPeer                   *self,
                                         guint                       exit_timeout_ms);
MALT_AVAILABLE_IN_ALL
void            malt_peer_give_up       (MaltPeer                   *self);
MALT_AVAILABLE_IN_ALL
void            malt_peer_abandon       (MaltPeer                   *self);
MALT_AVAILABLE_IN_ALL
void            malt_peer_close         (MaltPeer                   *self,
                                         const GError               *error);
MALT_AVAILABLE_IN_ALL
void            malt_peer_end           (MaltPeer                   *self,
                                         MaltExitReport             *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPeer, g_object_unref)

G_END_DECLS

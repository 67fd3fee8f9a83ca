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

/* After SIGKILL, in milliseconds; as in Malt.jl. Only a process that is stuck in the kernel takes
 * longer. */
#define MALT_PEER_KILL_TIMEOUT_MSEC 20000

#define MALT_TYPE_PEER (malt_peer_get_type ())
#define MALT_PEER(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), MALT_TYPE_PEER, MaltPeer))
#define MALT_PEER_CLASS(klass) (G_TYPE_CHECK_CLASS_CAST ((klass), MALT_TYPE_PEER, MaltPeerClass))
#define MALT_PEER_GET_CLASS(object) \
  (G_TYPE_INSTANCE_GET_CLASS ((object), MALT_TYPE_PEER, MaltPeerClass))
#define MALT_IS_PEER(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), MALT_TYPE_PEER))

typedef struct _MaltPeer MaltPeer;
typedef struct _MaltPeerClass MaltPeerClass;

/* For what derives from it to read; the monitor thread's, what has no rule of its own. */
struct _MaltPeer
{
  GObject          parent_instance;

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

/* What only the backend knows. In the monitor thread, but for kill() and drain(). */
struct _MaltPeerClass
{
  GObjectClass parent_class;

  /* Whether nothing that it does is of interest any more: it has ended, or was sent SIGKILL. */
  gboolean (*is_ending) (MaltPeer      *self);
  /* Has it ended by SIGKILL; `detail` says why. */
  void     (*kill_now)  (MaltPeer      *self);
  /* Has it ended, as malt_abstract_worker_stop_async() promises. A later climb may only hurry an
   * earlier one. */
  void     (*climb)     (MaltPeer      *self,
                         guint          exit_timeout_ms,
                         guint          term_timeout_ms);
  /* Sends it a signal, which is one, while it runs. Any thread. Errors: the backend's. */
  gboolean (*kill)      (MaltPeer      *self,
                         int            signum,
                         GError       **error);
  /* Shows what it had written before an answer. Any thread. By default what is in the pipes. */
  void     (*drain)     (MaltPeer      *self);
  /* Its connection is gone. By default it is killed: at once if it broke the protocol, else if it
   * lives on for three seconds. */
  void     (*lost)      (MaltPeer      *self,
                         const GError  *error);
  /* Its connection has been closed; who waits for the end has not been told yet. Optional. */
  void     (*closed)    (MaltPeer      *self);

  /*< private >*/
  gpointer padding[5];
};

MALT_AVAILABLE_IN_ALL
GType           malt_peer_get_type      (void);

/* In the monitor thread, what says nothing else. */

/* What never changes: first of all, once. Takes `description`. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_set_up        (MaltPeer                   *self,
                                         char                       *description,
                                         int                         pid,
                                         MaltRelayEvents            *events,
                                         MaltRelayOutput            *output);
/* Makes the connection, whose hooks are the peer's. Takes the descriptors. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_connect       (MaltPeer                   *self,
                                         int                         data_fd,
                                         int                         control_fd,
                                         const MaltConnectionLimits *limits);
/* From here on the loss of its connection is its end. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_set_started   (MaltPeer                   *self);
/* Attaches `source` (transfer full) to the monitor, with a reference on the peer. Returns it. Any
 * thread. */
MALT_AVAILABLE_IN_ALL
GSource        *malt_peer_attach        (MaltPeer                   *self,
                                         GSource                    *source,
                                         GSourceFunc                 func);
/* Why it is being ended, for its report. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_set_detail    (MaltPeer                   *self,
                                         const char                 *format,
                                         ...) G_GNUC_PRINTF (2, 3);
/* (transfer none) (nullable): NULL while it runs. Any thread. */
MALT_AVAILABLE_IN_ALL
MaltExitReport *malt_peer_get_report    (MaltPeer                   *self);
/* FALSE with MALT_ERROR_TERMINATED_WORKER when it has ended. Any thread. */
MALT_AVAILABLE_IN_ALL
gboolean        malt_peer_check_running (MaltPeer                   *self,
                                         GError                    **error);

/* The first rung of a ladder: over the connection. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_ask_to_leave  (MaltPeer                   *self,
                                         guint                       exit_timeout_ms);
/* It has not ended of SIGKILL in time: nobody waits any longer. It may still end. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_give_up       (MaltPeer                   *self);
/* Nobody wants it any more. Any thread. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_abandon       (MaltPeer                   *self);
/* Without a report, for a start that has failed. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_close         (MaltPeer                   *self,
                                         const GError               *error);
/* It has ended: tells everybody, in the order that they are promised. Once. */
MALT_AVAILABLE_IN_ALL
void            malt_peer_end           (MaltPeer                   *self,
                                         MaltExitReport             *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltPeer, g_object_unref)

G_END_DECLS

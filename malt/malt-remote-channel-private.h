/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"
#include "malt/malt-local-channel-private.h"

G_BEGIN_DECLS

#define MALT_TYPE_REMOTE_CHANNEL (malt_remote_channel_get_type ())
G_DECLARE_FINAL_TYPE (MaltRemoteChannel, malt_remote_channel, MALT, REMOTE_CHANNEL, GObject)

/* A channel that lives in a worker.
 *
 * Who takes waits on @inbox, who puts waits on @outbox, both local channels. The channel thread,
 * one a process, moves the values: at most one malt.channel.take_many and one put_many are on their
 * way, each for all who wait. So whoever waits needs no main context that runs, and one that is
 * cancelled just leaves: what a request brings for nobody is given back.
 *
 * After a streak of takes that found something, a request asks for more than is waited for. The
 * rest is on loan: it lies in @inbox, and goes back when malt.channel.recall is answered, which
 * says that somebody else asks for it. The next take_many tells the worker that the loan has
 * been used. */
struct _MaltRemoteChannel
{
  GObject             parent_instance;

  /* Immutable after construction. */
  MaltAbstractWorker *worker;       /* owned */
  char               *path;         /* owned */
  MaltLocalChannel   *inbox;        /* owned; thread safe */
  MaltLocalChannel   *outbox;       /* owned; likewise */
  GCancellable       *cancellable;  /* owned; of what waits as long as we live */

  int                 is_scheduled; /* atomic */

  /* Channel thread only. A request holds a reference. */
  GCancellable       *put_cancellable; /* owned; of the put on its way, without put_many */
  gboolean            is_taking;
  gboolean            is_putting;
  gboolean            is_take_withdrawn;
  gboolean            is_put_withdrawn;
  guint               n_withdrawing;
  gboolean            is_plain;     /* the worker has malt.channel.take and put only … */
  gboolean            is_take_plain; /* … and that is what the take on its way asks for */
  guint               n_wanted;     /* of the take on its way */
  guint               n_asked;      /* by it, with those ahead */
  guint               n_ahead;      /* to ask for beside those that are wanted */
  guint               n_streak;
  guint               n_streak_needed;
  guint               n_put_at_once; /* to try */
  gboolean            is_lent;
  gboolean            is_recalling; /* malt.channel.recall is on its way */
  gboolean            is_recalled;  /* what the take on its way brings is to go back */
};

/* To be asked before a worker is asked for a channel. */
gboolean     malt_remote_channel_start_thread  (GError              **error);
/* Takes on the handle that malt.channel.open has answered, and drops it in the end. */
MaltChannel *malt_remote_channel_new           (MaltAbstractWorker   *worker,
                                                const char           *path);

/* malt-remote-channel-requests.c, in the channel thread but for the first. */
void         malt_remote_channel_init_requests (MaltRemoteChannel    *self);
/* Sends what there is to send; also what waits for nobody any more is told. */
void         malt_remote_channel_pump          (MaltRemoteChannel    *self);
/* Sends a call of a built-in function about this channel; takes `args`. `result_type`
 * (nullable): what it answers. */
void         malt_remote_channel_send          (MaltRemoteChannel    *self,
                                                const char           *function,
                                                GVariant             *args,
                                                const char           *result_type,
                                                GCancellable         *cancellable,
                                                GAsyncReadyCallback   callback,
                                                gpointer              user_data);

G_END_DECLS

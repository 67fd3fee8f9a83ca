/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-local-channel-backend.h"

G_BEGIN_DECLS

typedef void (*MaltLocalChannelFunc) (gpointer user_data);

/* Any thread. Whoever waits is in one of three queues: @takers (takes, and what asks for values
 * while they are lent), @waits, @putters. What can go on is moved to a queue of the caller's under
 * @lock, and told after it.
 *
 * While values are lent, the borrower has the oldest ones and nobody else gets any: who asks for
 * one waits, and @recall is called, once. The borrower settles by saying what it did not use. */
struct _MaltLocalChannel
{
  GObject               parent_instance;

  guint                 capacity; /* immutable after construction */
  GMutex                lock;

  /* All below is protected by @lock. */
  GQueue                values;   /* owned GVariants, the oldest first */
  GQueue                takers;   /* not owned MaltChannelWaiters, by their @link, as … */
  GQueue                waits;    /* … these … */
  GQueue                putters;  /* … and these; claimed ones are at the front */
  GQueue                over;     /* those that are to be told, in the order of what they got … */
  gboolean              is_telling; /* … which one thread does at a time */
  gboolean              is_closed;
  MaltLocalChannelFunc  recall;   /* NULL: nothing is lent */
  gpointer              recall_data;
  gboolean              is_recalled;
  MaltLocalChannelFunc  demand_func; /* (nullable); of one end of a remote channel */
  gpointer              demand_data;
};

/* For who answers takes of the manager: hands out values that may come back. FALSE while others
 * wait for one, or when values are lent already. */
gboolean   malt_local_channel_lend           (MaltLocalChannel      *self,
                                              MaltLocalChannelFunc   recall,
                                              gpointer               user_data);
/* `unused` (nullable, av) are the oldest again, in this order. */
void       malt_local_channel_settle         (MaltLocalChannel      *self,
                                              GVariant              *unused);

/* malt-local-channel-verbs.c: MaltChannel on top of begin() and withdraw(). */
void       malt_local_channel_add_verbs      (MaltChannelInterface  *iface);
gboolean   malt_local_channel_block          (MaltLocalChannel      *self,
                                              MaltChannelVerb        verb,
                                              GVariant              *value,
                                              GCancellable          *cancellable,
                                              GVariant             **taken,
                                              GError               **error);
void       malt_local_channel_start          (MaltLocalChannel      *self,
                                              MaltChannelVerb        verb,
                                              GVariant              *value,
                                              GTask                 *task);

/* malt-channel-end.c: a local channel as one end of a remote one. `func` is called, in any
 * thread and without the lock, when somebody begins or stops to wait. */
void       malt_channel_end_set_demand_func  (MaltLocalChannel      *self,
                                              MaltLocalChannelFunc   func,
                                              gpointer               user_data);
/* How many wait to take. */
guint      malt_channel_end_get_n_takers     (MaltLocalChannel      *self);
gboolean   malt_channel_end_has_values       (MaltLocalChannel      *self);
/* Puts the items of an av, beyond the capacity, for the takers. */
void       malt_channel_end_feed             (MaltLocalChannel      *self,
                                              GVariant              *values);
/* Takes out everything: an av, or NULL when there is nothing. (transfer full) */
GVariant  *malt_channel_end_drain            (MaltLocalChannel      *self);
/* Those who wait to take fail with a copy of `error`. */
void       malt_channel_end_fail_takers      (MaltLocalChannel      *self,
                                              const GError          *error);
/* The values of the putters at the front, up to so many and so large: an av, or NULL when nobody
 * waits. They cannot be withdrawn until they are settled. (transfer full) */
GVariant  *malt_channel_end_claim_putters    (MaltLocalChannel      *self,
                                              guint                  max_items,
                                              gsize                  max_bytes);
/* Whether one that is claimed was cancelled. */
gboolean   malt_channel_end_has_cancelled    (MaltLocalChannel      *self);
/* The first `n_put` that are claimed are done; `error` (nullable) is what the others fail with,
 * else those that were cancelled end and the others wait on. */
void       malt_channel_end_settle_putters   (MaltLocalChannel      *self,
                                              guint                  n_put,
                                              const GError          *error);

/* malt-local-channel-waiters.c: as begin(), but `func` is always called, in the order in which the
 * operations ended. */
void       malt_local_channel_begin_and_tell (MaltLocalChannel      *self,
                                              MaltChannelWaiter     *waiter);

/* malt-local-channel.c: what the other files use of it. Moves those who can go on to `over`. */
void       malt_local_channel_serve_locked   (MaltLocalChannel      *self,
                                              GQueue                *over);
/* The oldest value: one that is inside, else one that is being put. (transfer full) (nullable) */
GVariant  *malt_local_channel_pop_locked     (MaltLocalChannel      *self,
                                              GQueue                *over);
gboolean   malt_local_channel_can_take_locked (MaltLocalChannel     *self);
/* Moves one out of its queue to `over`. */
void       malt_local_channel_end_locked     (MaltChannelWaiter     *waiter,
                                              GQueue                *over);
void       malt_channel_waiter_set_closed    (MaltChannelWaiter     *waiter);
/* Releases the lock and tells those in `over`; recalls what has to be. */
void       malt_local_channel_unlock         (MaltLocalChannel      *self,
                                              GQueue                *over);

G_END_DECLS

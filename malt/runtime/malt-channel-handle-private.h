/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/runtime/malt-channels-private.h"
#include "malt/runtime/malt-invocation-private.h"

G_BEGIN_DECLS

/* Which path stands for which channel, and the operations that wait.
 *
 * A handle is what malt.channel.open answers: it keeps its channel. What a handle has been sent
 * more than it waits for is lent, and comes back when somebody else asks for it;
 * docs/decisions.md has the rules. Operations that are cancelled are ended by @source: a cancel
 * hook only wakes it. */
struct _MaltChannels
{
  MaltRuntime *runtime; /* not owned: outlives us */
  GSource     *source;  /* owned; its ready time is set in any thread */
  GHashTable  *handles; /* path, in the handle → owned MaltChannelHandle */
  GQueue       waiting; /* Operations, by their @link; owned */
  guint64      last_number;
};

typedef struct
{
  MaltChannels     *channels; /* not owned */
  char             *path;     /* owned */
  MaltLocalChannel *channel;  /* owned if it is open: else the channel owns us */
  gboolean          is_open;
  gboolean          is_lent;   /* the manager may have values that it has not used */
  gboolean          is_wanted; /* … and somebody asks for them */
  GPtrArray        *recalls;   /* owned MaltInvocations, to be answered when that is so */
} MaltChannelHandle;

/* The handle that the first argument names, or NULL after the invocation has been answered. */
MaltChannelHandle *malt_channels_find_handle         (MaltRuntime        *runtime,
                                                      MaltInvocation     *invocation,
                                                      GVariant           *args);
/* Executing thread: somebody else wants what the handle has been lent. */
void               malt_channel_handle_recall        (gpointer            handle);
/* A cancel hook, with the channels as its data: what is cancelled is ended soon. */
void               malt_channels_on_cancelled        (MaltInvocation     *invocation,
                                                      gpointer            user_data);
gboolean           malt_channels_answer_if_cancelled (MaltInvocation     *invocation);

/* malt-channel-operations.c */
void               malt_channel_operations_end_cancelled (MaltChannels      *channels);
/* The handle is about to go; its operations go on. */
void               malt_channel_operations_forget        (MaltChannelHandle *handle);
/* Without an answer. */
void               malt_channel_operations_free_all      (MaltChannels      *channels);

G_END_DECLS

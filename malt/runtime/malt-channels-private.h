/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-local-channel.h"
#include "malt/runtime/malt-runtime.h"

G_BEGIN_DECLS

/* The channels of one worker that somebody outside knows by a path: those that a value has
 * named, as long as they live, and the handles of the manager, which keep theirs alive.
 * Executing thread. */
typedef struct _MaltChannels MaltChannels;

MaltChannels     *malt_channels_new       (MaltRuntime       *runtime);
/* When nobody is answered any more. */
void              malt_channels_free      (MaltChannels      *self);

/* The same one each time, valid as long as the channel. (transfer none) */
const char       *malt_channels_export    (MaltChannels      *self,
                                           MaltLocalChannel  *channel);
/* NULL when there is none. (transfer none) */
MaltLocalChannel *malt_channels_lookup    (MaltChannels      *self,
                                           const char        *path);

/* The built-in functions: as MaltBuiltinFunc. */
void              malt_channels_open      (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_put       (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_put_many  (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_take      (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_take_many (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_is_ready  (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_wait      (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_close     (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_withdraw  (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_recall    (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_give_back (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);
void              malt_channels_drop      (MaltRuntime       *runtime,
                                           MaltInvocation    *invocation,
                                           GVariant          *args);

G_END_DECLS

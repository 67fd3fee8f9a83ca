/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/malt-abstract-worker.h"
#include "malt/malt-channel.h"

G_BEGIN_DECLS

#define MALT_TYPE_REMOTE_CHANNEL (malt_remote_channel_get_type ())
G_DECLARE_FINAL_TYPE (MaltRemoteChannel, malt_remote_channel, MALT, REMOTE_CHANNEL, GObject)

/* Takes on the handle that malt.channel.open has answered, and drops it in the end. */
MaltChannel *malt_remote_channel_new (MaltAbstractWorker  *worker,
                                      const char          *path);

G_END_DECLS

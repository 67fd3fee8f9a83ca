/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (MALT_INSIDE) && !defined (MALT_COMPILATION)
#error "Only <malt/malt.h> can be included directly."
#endif

#include <malt/malt-channel.h>

G_BEGIN_DECLS

#define MALT_TYPE_LOCAL_CHANNEL (malt_local_channel_get_type ())

MALT_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (MaltLocalChannel, malt_local_channel, MALT, LOCAL_CHANNEL, GObject)

MALT_AVAILABLE_IN_ALL
MaltLocalChannel *malt_local_channel_new (guint capacity) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS

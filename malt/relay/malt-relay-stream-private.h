/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MALT_TYPE_RELAY_STREAM (malt_relay_stream_get_type ())
G_DECLARE_FINAL_TYPE (MaltRelayStream, malt_relay_stream, MALT, RELAY_STREAM, GInputStream)

MaltRelayStream *malt_relay_stream_new         (void);

/* For the one who fills it. Any thread. */

/* Its reader does not go away, and is given any time. */
void             malt_relay_stream_hold        (MaltRelayStream *self);
/* Whether a reader that was there a moment ago had better be given time, rather than lose bytes. */
gboolean         malt_relay_stream_wants_pause (MaltRelayStream *self);
/* Returns the number of older bytes that had to go. */
gsize            malt_relay_stream_push        (MaltRelayStream *self,
                                                const char      *bytes,
                                                gsize            length);
void             malt_relay_stream_end         (MaltRelayStream *self);

G_END_DECLS

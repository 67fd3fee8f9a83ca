/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* Bytes on their way out: small frames one after the other in a buffer, big values where they lie.
 * Not locked. A part of a MaltStream, embedded. */
typedef struct
{
  GArray   *segments;     /* owned; of MaltOutboxSegment */
  guint     first;        /* the first segment that has something left */
  gsize     offset;       /* how much of it is written */
  gsize     queued_bytes;
  gboolean  is_broken;    /* the peer is gone: what is pushed is dropped */
} MaltOutbox;

void             malt_outbox_init  (MaltOutbox        *self);
void             malt_outbox_clear (MaltOutbox        *self);
/* size: that of the frame, from malt_message_get_frame_size(). */
void             malt_outbox_push  (MaltOutbox        *self,
                                    const MaltMessage *message,
                                    gsize              size);
/* As malt_stream_flush(); errno says more about MALT_STREAM_ERROR. */
MaltStreamStatus malt_outbox_write (MaltOutbox        *self,
                                    int                fd);

G_END_DECLS

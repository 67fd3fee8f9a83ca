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
  guint     n_passed;     /* values in memory that left as descriptors, or are to */
  gsize     passed_bytes; /* of them */
} MaltOutbox;

void             malt_outbox_init  (MaltOutbox        *self);
void             malt_outbox_clear (MaltOutbox        *self);
/* Whether a value of so many bytes may leave as a descriptor of memory. What the peer has not read
 * yet is bounded: the kernel keeps it for us, and neither side would notice. */
gboolean         malt_outbox_may_pass (MaltOutbox     *self,
                                    int                fd,
                                    gsize              size);
/* size: that of the frame, from malt_message_get_frame_size(), its value included. */
void             malt_outbox_push  (MaltOutbox        *self,
                                    const MaltMessage *message,
                                    gsize              size);
/* The same, with the value as a descriptor of message->memory, when it may be passed. */
void             malt_outbox_push_with_memory (MaltOutbox *self,
                                    const MaltMessage *message,
                                    gsize              size);
/* As malt_stream_flush(); errno says more about MALT_STREAM_ERROR. */
MaltStreamStatus malt_outbox_write (MaltOutbox        *self,
                                    int                fd);

G_END_DECLS

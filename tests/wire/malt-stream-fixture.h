/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* More than every value of these tests takes. */
#define STREAM_LIMIT_BYTES (4u * 1024 * 1024)

/* Both ends of a Unix socket. */
typedef struct
{
  MaltStream *a;
  MaltStream *b;
} StreamPair;

StreamPair stream_pair_new             (gsize        limit);
/* Ends that were told what the other one knows of descriptors. */
StreamPair stream_pair_new_descriptors (gboolean     a_knows,
                                        gboolean     b_knows);
void       stream_pair_clear           (StreamPair  *pair);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StreamPair, stream_pair_clear)

/* One message from a to b, moving bytes as they go. */
void       stream_pair_transfer        (StreamPair  *pair,
                                        MaltMessage *message);

/* An ay. (transfer floating) */
GVariant  *stream_new_blob             (gsize        size,
                                        guint8       fill);

/* Queues and flushes it as a manager or a worker does; how many bytes it took on the socket. */
gsize      stream_send_value           (MaltStream  *stream,
                                        guint64      id,
                                        GVariant    *value);

guint      stream_count_open_files     (void);
/* Some are closed in a thread. */
void       stream_wait_for_open_files  (guint        n);

G_END_DECLS

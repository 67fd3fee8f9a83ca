/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-message-private.h"

G_BEGIN_DECLS

/* Frames on one non-blocking socket. Used by both sides.
 *
 * Reading: by one thread at a time (the caller arranges that). malt_stream_fill() does one read,
 * malt_stream_next() takes the frames that are complete. Bodies of MALT_STREAM_BIG_BYTES and more
 * are read straight into a buffer of their own, which grows with the bytes received.
 *
 * Writing: thread safe. malt_stream_queue() encodes (big values are kept by reference),
 * malt_stream_flush() writes what the socket takes. */
#define MALT_STREAM_BIG_BYTES (64u * 1024)

typedef struct _MaltStream MaltStream;

/* Whether anybody wants the message. What nobody wants is passed over: its body is neither kept nor
 * looked at, which costs what the sender chooses. */
typedef gboolean (*MaltStreamFilter) (const MaltFrameHeader *header,
                                      gpointer               data);

typedef enum
{
  MALT_STREAM_OK,          /* fill: bytes came; flush: nothing is left to write */
  MALT_STREAM_WOULD_BLOCK, /* fill: none yet; flush: something is left */
  MALT_STREAM_EOF,
  MALT_STREAM_ERROR
} MaltStreamStatus;

MaltStream      *malt_stream_new                  (int                 fd, /* owned */
                                                   gsize               max_message_bytes);
void             malt_stream_free                 (MaltStream         *self);
int              malt_stream_get_fd               (MaltStream         *self);
/* Ends both directions, for both sides; the descriptor stays until it is freed. Any thread. */
void             malt_stream_shut_down            (MaltStream         *self);
/* Whether nothing lies here between the socket and its user, either way. By the reader. */
gboolean         malt_stream_is_empty             (MaltStream         *self);
/* Gives away the connected socket of a stream that is empty; the stream goes on with one whose
 * other side is closed. −1 on error. By the reader. */
int              malt_stream_steal_fd             (MaltStream         *self,
                                                   GError            **error);
void             malt_stream_set_max_message_bytes (MaltStream        *self,
                                                   gsize               max_message_bytes);
gsize            malt_stream_get_max_message_bytes (MaltStream        *self);
/* SETUP and HELLO set it by themselves: for a stream that carries neither. */
void             malt_stream_set_swap             (MaltStream         *self,
                                                   gboolean            swap);

/* Asked by the reader, in malt_stream_next(), once for a frame or more often. */
void             malt_stream_set_filter           (MaltStream         *self,
                                                   MaltStreamFilter    filter,
                                                   gpointer            data);

/* The `features` of SETUP or HELLO: what can be done over this kind of socket, unless they have
 * been dropped. (transfer floating) */
GVariant        *malt_stream_new_features         (MaltStream         *self);
/* What the peer has said, an a{sv}, together with what we say: from now on frames may bring and
 * take descriptors. Until then one that comes breaks the protocol. By the reader. */
void             malt_stream_use_features         (MaltStream         *self,
                                                   GVariant           *peer);
/* From now on neither side passes descriptors: somebody in between would lose them. By the
 * reader. */
void             malt_stream_drop_features        (MaltStream         *self);

MaltStreamStatus malt_stream_fill                 (MaltStream         *self,
                                                   GError            **error);
/* The same, asked again and again for some microseconds: a thread that sleeps takes longer to wake
 * than a short call takes. Answers MALT_STREAM_WOULD_BLOCK at once when that would be of no use
 * here, or has been of none lately. */
MaltStreamStatus malt_stream_fill_spinning        (MaltStream         *self,
                                                   GError            **error);
/* TRUE and a message; FALSE without an error: no complete frame; FALSE with MALT_ERROR_PROTOCOL:
 * the stream is unusable. A SERIALIZATION or LIMIT error of a single message comes back in
 * `message_error` with TRUE. */
gboolean         malt_stream_next                 (MaltStream         *self,
                                                   MaltMessage        *message,
                                                   GError            **message_error,
                                                   GError            **error);

/* What takes long with a big value, for callers who hold a lock when they queue: serializes it, and
 * puts it into memory of its own where it can be passed on. may_come_again: the same value may be
 * sent again soon, by this stream or another. */
void             malt_stream_prepare              (MaltStream         *self,
                                                   MaltMessage        *message,
                                                   gboolean            may_come_again);
/* Errors: MALT_ERROR_LIMIT when the message alone is larger than max_message_bytes. */
gboolean         malt_stream_queue                (MaltStream         *self,
                                                   const MaltMessage  *message,
                                                   GError            **error);
MaltStreamStatus malt_stream_flush                (MaltStream         *self,
                                                   GError            **error);
gsize            malt_stream_get_queued_bytes     (MaltStream         *self);

G_END_DECLS

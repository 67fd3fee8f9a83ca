/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <malt/malt-plugin.h>

G_BEGIN_DECLS

/* What a manager and the host of its worker say to each other, as bytes: how a stream is opened,
 * and the frames of *watch*. docs/distributed-protocol.md has the format. Neither side trusts the
 * other. Nothing here reads or writes. */

#define MALT_HOST_ID_BYTES 16u
#define MALT_HOST_TOKEN_BYTES 32u

typedef enum
{
  MALT_HOST_STREAM_DATA,
  MALT_HOST_STREAM_CONTROL,
  MALT_HOST_STREAM_WATCH
} MaltHostStream;

#define MALT_HOST_N_STREAMS 3u

/* The first bytes of each stream, from the manager. */
#define MALT_HOST_OPENING_BYTES 64u

typedef struct
{
  MaltHostStream stream;
  guint8         id[MALT_HOST_ID_BYTES];
  guint8         token[MALT_HOST_TOKEN_BYTES];
} MaltHostOpening;

/* The one byte that the host answers. What is wrong has no answer: the stream is closed. */
#define MALT_HOST_ACCEPTED 1u

void             malt_host_opening_encode (const MaltHostOpening *self,
                                           guint8                 bytes[MALT_HOST_OPENING_BYTES]);
/* Errors: MALT_ERROR_PROTOCOL. */
gboolean         malt_host_opening_decode (MaltHostOpening       *self,
                                           const guint8           bytes[MALT_HOST_OPENING_BYTES],
                                           GError               **error);
/* In a time that tells nothing about either. */
gboolean         malt_host_token_is_equal (const guint8           a[MALT_HOST_TOKEN_BYTES],
                                           const guint8           b[MALT_HOST_TOKEN_BYTES]);

/* Lower-case digits, two a byte. The other way it must be exactly so many, of any case. */
char            *malt_host_to_hex         (const guint8          *bytes,
                                           gsize                  size);
gboolean         malt_host_from_hex       (const char            *hex,
                                           guint8                *bytes,
                                           gsize                  size);

typedef enum
{
  MALT_WATCH_BEAT,   /* both ways */
  MALT_WATCH_STOP,   /* manager to host */
  MALT_WATCH_KILL,
  MALT_WATCH_TAKEN,
  MALT_WATCH_OUTPUT, /* host to manager */
  MALT_WATCH_EXITED
} MaltWatchType;

/* Output that a host sends ahead of what the manager says it has taken, in bytes: so a terminal
 * that is slow holds the worker up, and not the beats. Four pipes' worth. */
#define MALT_WATCH_OUTPUT_WINDOW_BYTES (256u * 1024)

typedef struct
{
  MaltWatchType   type;
  guint64         number;           /* of a beat; of bytes of output that have been taken */
  guint           exit_timeout_ms;  /* of a stop */
  guint           term_timeout_ms;
  int             signum;           /* of a kill */
  int             fd;               /* of output: 1 or 2 */
  GBytes         *output;
  MaltExitReport *report;           /* of the end; of running calls it knows nothing */
} MaltWatchFrame;

void             malt_watch_frame_clear   (MaltWatchFrame        *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MaltWatchFrame, malt_watch_frame_clear)

/* These append frames. Output of any size becomes as many as it takes, none of none. */
void             malt_watch_append_beat   (GByteArray            *bytes,
                                           guint64                number);
void             malt_watch_append_stop   (GByteArray            *bytes,
                                           guint                  exit_timeout_ms,
                                           guint                  term_timeout_ms);
void             malt_watch_append_kill   (GByteArray            *bytes,
                                           int                    signum);
void             malt_watch_append_taken  (GByteArray            *bytes,
                                           guint32                n_bytes);
void             malt_watch_append_output (GByteArray            *bytes,
                                           int                    fd,
                                           const guint8          *data,
                                           gsize                  size);
void             malt_watch_append_exited (GByteArray            *bytes,
                                           MaltExitReport        *report);

typedef enum
{
  MALT_WATCH_FROM_MANAGER,
  MALT_WATCH_FROM_HOST
} MaltWatchDirection;

/* Takes frames from what arrives, piece by piece. Holds what was fed and not taken: whoever feeds
 * it takes what is complete before the next piece, and it holds less than one frame then. */
typedef struct _MaltWatchReader MaltWatchReader;

MaltWatchReader *malt_watch_reader_new    (MaltWatchDirection     direction);
void             malt_watch_reader_free   (MaltWatchReader       *self);
void             malt_watch_reader_feed   (MaltWatchReader       *self,
                                           const guint8          *data,
                                           gsize                  size);
/* TRUE and a frame; FALSE without an error: none is complete; FALSE with MALT_ERROR_PROTOCOL: the
 * stream is of no use any more. */
gboolean         malt_watch_reader_next   (MaltWatchReader       *self,
                                           MaltWatchFrame        *frame,
                                           GError               **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltWatchReader, malt_watch_reader_free)

G_END_DECLS

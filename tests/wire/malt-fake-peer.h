/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-stream-private.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* The other end of a connection, in a thread: greets, and answers calls by the name of their
 * function:
 *
 *   echo         its first argument
 *   nothing      a result without a value
 *   hold         nothing, until malt_fake_peer_release(); a probe says that it is running
 *   queue        nothing; a probe says that it is queued
 *   lose         nothing; a probe says that it is unknown
 *   mute         nothing, not even to a probe
 *   late         nothing; its answer comes when a probe asks, before the status
 *   raise        (uss): a failure with this wire code, message and type
 *   progress     (u): so many reports, then the number
 *   raw          (ay): these bytes, whatever they are, on the data connection
 *   raw-control  (ay): the same on the control connection
 *   slowly       (v): its argument as the answer, one byte a write
 *   twice        (v): the answer two times
 *   stranger     (v): an answer to a call that was never made, then the answer
 *   last-words   (u): a traceback so long, cut short, and nothing more; a probe says that it is
 *                running, and where
 *   log          (uss): a record of this level, domain and text, then ()
 *   leave        ends its side of both connections
 */
typedef struct _MaltFakePeer MaltFakePeer;

/* What it does instead of greeting. */
typedef enum
{
  MALT_FAKE_GREETING_HELLO,
  MALT_FAKE_GREETING_FAILURE,
  MALT_FAKE_GREETING_OTHER_MAJOR,
  MALT_FAKE_GREETING_OTHER_MAGIC,
  MALT_FAKE_GREETING_OTHER_MINOR,
  MALT_FAKE_GREETING_OTHER_TYPE,
  MALT_FAKE_GREETING_GARBAGE,
  MALT_FAKE_GREETING_HUGE,
  MALT_FAKE_GREETING_TRUNCATED,
  MALT_FAKE_GREETING_TOO_MUCH,
  MALT_FAKE_GREETING_LEAVE,
  MALT_FAKE_GREETING_SILENCE
} MaltFakeGreeting;

MaltFakePeer *malt_fake_peer_new         (int               data_fd,
                                          int               control_fd,
                                          MaltFakeGreeting  greeting);
void          malt_fake_peer_free        (MaltFakePeer     *self);
/* Answers everything that is held. */
void          malt_fake_peer_release     (MaltFakePeer     *self);
/* While paused it reads neither connection. */
void          malt_fake_peer_set_paused  (MaltFakePeer     *self,
                                          gboolean          paused);
/* Waits until it has seen `n` messages of a type; the id of the last one. */
guint64       malt_fake_peer_wait_for    (MaltFakePeer     *self,
                                          MaltMessageType   type,
                                          guint             n);
guint         malt_fake_peer_count       (MaltFakePeer     *self,
                                          MaltMessageType   type);

G_END_DECLS

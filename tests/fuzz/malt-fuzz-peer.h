/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Of the first byte of an input. */
enum
{
  FUZZ_PEER_PIECES = 3 << 0,     /* 0: all at once; else 1, 7 or 31 bytes at a time, at first */
  FUZZ_PEER_CONTROL = 1 << 2,    /* which socket, for the target */
  FUZZ_PEER_SWAP = 1 << 3,       /* byte order, for the target */
  FUZZ_PEER_DESCRIPTOR = 1 << 4, /* comes with the first byte: memory of as many bytes as the second
                                    byte says, which follow it */
  FUZZ_PEER_UNSEALED = 1 << 5,
  FUZZ_PEER_ZEROS = 1 << 6       /* at the end, enough for a big body, 64 KiB at a time */
};

/* The other end of a socket, which sends what an input says. */
typedef struct
{
  int           fd;      /* owned */
  int           memory;  /* owned; -1: none */
  guint8        options;
  const guint8 *bytes;   /* not owned */
  gsize         size;
  guint         n_sent;  /* pieces */
  guint         n_zeros; /* pieces of them */
} FuzzPeer;

/* The end for the target, owned; the input has at least one byte. */
int      fuzz_peer_init  (FuzzPeer     *self,
                          const guint8 *data,
                          gsize         size);
void     fuzz_peer_clear (FuzzPeer     *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FuzzPeer, fuzz_peer_clear)

/* The next piece; FALSE: all has been sent, and no more comes. */
gboolean fuzz_peer_send  (FuzzPeer     *self);

G_END_DECLS

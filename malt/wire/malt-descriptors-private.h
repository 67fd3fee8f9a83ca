/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-memory-private.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* Descriptors that have come and whose frame is not complete: one of it, and one of the next frame
 * if the read that completes it brings that as well. */
#define MALT_DESCRIPTORS_MAX 2u

/* The descriptors that came over a Unix socket with frames, in that order. Whatever a peer
 * attaches, no more than these stay open. A part of a MaltStream, embedded. */
typedef struct
{
  gboolean are_taken;                 /* whether a frame may bring one at all */
  int      fds[MALT_DESCRIPTORS_MAX]; /* owned; oldest first; −1 for one without room */
  guint    n_fds;
  gboolean has_excess;                /* the peer attached more than it may */
} MaltDescriptors;

void     malt_descriptors_clear   (MaltDescriptors  *self);
/* As recv() without waiting, from a Unix socket. */
ssize_t  malt_descriptors_receive (MaltDescriptors  *self,
                                   int               fd,
                                   guint8           *target,
                                   gsize             room);
/* As malt_memory_map(), of the oldest, which may be lost (LIMIT); NULL without an error when there
 * is none. (transfer full) */
GBytes  *malt_descriptors_map     (MaltDescriptors  *self,
                                   gsize             max_bytes,
                                   GError          **error);

/* Closes the oldest, if there is one. */
void     malt_descriptors_drop    (MaltDescriptors  *self);

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-block-private.h"
#include "malt/wire/malt-descriptors-private.h"
#include "malt/wire/malt-outbox-private.h"
#include "malt/wire/malt-stream-private.h"

G_BEGIN_DECLS

/* Reading: bytes arrive in `buffer`, frames are taken from it at `start`. The header of a big body
 * moves the rest to `body`, where the next reads go until it is complete (`body` is not NULL
 * meanwhile); then it belongs to `taken`, which keeps the strings of the last message alive. Only
 * the reading thread touches these. */
struct _MaltStream
{
  int              fd;                /* owned; immutable, as is */
  gboolean         is_unix;           /* its socket can pass descriptors */
  gsize            max_message_bytes; /* atomic: set by the reader, asked by writers */
  gboolean         swap;              /* reader only, as is everything below up to the outbox */
  gboolean         is_broken;
  gboolean         has_no_features;   /* they have been dropped */

  guint8          *buffer;            /* owned; NULL before the first read */
  gsize            start;
  gsize            end;

  MaltFrameHeader  header;            /* of `body` */
  MaltBlock       *body;              /* owned (nullable) */
  gsize            body_filled;
  gsize            unwanted_bytes;    /* to come of a body that is passed over */
  GBytes          *taken;             /* owned (nullable) */

  MaltStreamFilter filter;            /* nullable; immutable once something is read */
  gpointer         filter_data;

  MaltDescriptors  descriptors;

  guint            spin_pause;        /* so many times not to spin, doubled by each in vain */
  guint            spin_pause_left;

  GMutex           lock;
  MaltOutbox       outbox;            /* protected by @lock */
  int              gives_descriptors; /* atomic */
};

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-value-private.h"

G_BEGIN_DECLS

/* Memory for the body of one big frame, which is taken from the system as the body comes, not as
 * its length claims. Large blocks that come and go cost no page faults: the last one that was let
 * go of is used again. Not locked; what is taken as GBytes may end in any thread. */
typedef struct _MaltBlock MaltBlock;

/* Errors: MALT_ERROR_LIMIT when there is no room for so many bytes. */
MaltBlock *malt_block_new        (gsize        length,
                                  GError     **error);
void       malt_block_free       (MaltBlock   *self);
/* Valid until room is made. */
guint8    *malt_block_get_data   (MaltBlock   *self);
/* More room behind the first `filled` bytes, which have come; answers how many of `length` there is
 * room for, at least one more than `filled`, or 0. Errors: MALT_ERROR_LIMIT when there is no
 * memory. */
gsize      malt_block_make_room  (MaltBlock   *self,
                                  gsize        filled,
                                  GError     **error);
/* All `length` bytes have come. Behind them lie MALT_VALUE_SLACK_BYTES of zeros. Frees the block
 * with the bytes. (transfer full) */
GBytes    *malt_block_take_bytes (MaltBlock   *self);

G_END_DECLS

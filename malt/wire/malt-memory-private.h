/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/wire/malt-value-private.h"

G_BEGIN_DECLS

/* Big values that travel over a Unix socket as a descriptor, not as bytes: a file in memory (memfd)
 * that holds the serialized value and MALT_VALUE_SLACK_BYTES more, and is sealed, so that neither
 * side can change it any more. The receiver maps it. A value that came that way and is sent on
 * leaves as the same file. Any thread. */
typedef struct _MaltMemory MaltMemory;

/* Below it, making a file and mapping it costs more than copying twice. */
#define MALT_MEMORY_MIN_BYTES (256u * 1024)

/* NULL when that is not to be had here, for which there are many reasons (a sandbox, a limit of the
 * process, no descriptor left) and one answer: the bytes themselves. (nullable) (transfer full) */
MaltMemory *malt_memory_new     (const guint8  *data,
                                 gsize          size);
/* The same for a value of a manager's, which may send it to many workers, or many times: of the
 * last one the file is kept for a second. (nullable) (transfer full) */
MaltMemory *malt_memory_new_for_value (GVariant *serialized);
/* The file that these bytes are a mapping of, all of it. (nullable) (transfer full) */
MaltMemory *malt_memory_find    (const guint8  *data,
                                 gsize          size);
MaltMemory *malt_memory_ref     (MaltMemory    *self);
void        malt_memory_unref   (MaltMemory    *self);
int         malt_memory_get_fd  (MaltMemory    *self);

/* The value of at most `max_bytes` in a file that somebody sent, who may be an enemy. Takes the
 * descriptor. With the slack behind it. Errors: MALT_ERROR_PROTOCOL when it is not what it must be;
 * MALT_ERROR_LIMIT when there is no room for it here. (transfer full) */
GBytes     *malt_memory_map     (int            fd,
                                 gsize          max_bytes,
                                 GError       **error);
/* Closes descriptors that may be of anything, -1 among them, or have such in their queue. */
void        malt_memory_discard (const int     *fds,
                                 guint          n_fds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltMemory, malt_memory_unref)

G_END_DECLS

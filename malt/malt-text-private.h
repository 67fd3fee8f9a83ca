/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a call reports about its progress, in bytes: several lines of a terminal, and little beside
 * the 64 KiB that a control message may have. A longer text is cut, by the worker when it sends it
 * and by the manager when it comes. */
#define MALT_PROGRESS_MAX_MESSAGE_BYTES 1024u

/* Where a worker says that a call was, in bytes: what luaL_traceback() writes of 22 frames with
 * long names is less. */
#define MALT_TRACEBACK_MAX_BYTES 8192u

/* Each text of an exception, in bytes: more than anybody reads, and than an honest worker writes.
 * The error of a call holds it four times. */
#define MALT_FAILURE_MAX_TEXT_BYTES (1024u * 1024)

/* `text` (nullable, any bytes) as UTF-8, what is none replaced by U+FFFD, and cut before a
 * character when it is longer than `max_bytes`; an ellipsis says so. (transfer full), never NULL */
char *malt_text_dup_valid (const char *text,
                           gsize       max_bytes);

G_END_DECLS

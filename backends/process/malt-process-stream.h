/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/process/malt-process-types.h"

G_BEGIN_DECLS

#define MALT_TYPE_PROCESS_STREAM (malt_process_stream_get_type ())
G_DECLARE_FINAL_TYPE (MaltProcessStream, malt_process_stream, MALT, PROCESS_STREAM, GInputStream)

MaltProcessStream *malt_process_stream_new         (void);

/* For the one who fills it. Any thread. */

/* Whether a reader that was there a moment ago had better be given time, rather than lose bytes. */
gboolean           malt_process_stream_wants_pause (MaltProcessStream *self);
/* Returns the number of older bytes that had to go. */
gsize              malt_process_stream_push        (MaltProcessStream *self,
                                                    const char        *bytes,
                                                    gsize              length);
void               malt_process_stream_end         (MaltProcessStream *self);

G_END_DECLS

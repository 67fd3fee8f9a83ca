/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The manager's stdout or stderr, shared by all workers that relay to it. */
typedef struct _MaltRelaySink MaltRelaySink;

/* `fd`: 1 or 2. Never freed. */
MaltRelaySink *malt_relay_sink_get           (int            fd);
int            malt_relay_sink_get_fd        (MaltRelaySink *self);
/* Whether a line would be written now. Any thread. */
gboolean       malt_relay_sink_is_ready      (MaltRelaySink *self);
/* Shows one line of process `pid`. Does not block: what the descriptor does not take is kept for
 * the monitor, within bounds. Returns a ticket for it. Any thread. */
guint64        malt_relay_sink_write_line    (MaltRelaySink *self,
                                              int            pid,
                                              const char    *line,
                                              gsize          length);
/* The same of bytes as they are, but that a terminal does not act on them. */
guint64        malt_relay_sink_write         (MaltRelaySink *self,
                                              const char    *bytes,
                                              gsize          length);
/* Wait until a line would be written, or until that of the ticket has been; not long for a
 * descriptor that takes nothing. Not in the monitor thread. */
void           malt_relay_sink_wait_for_room (MaltRelaySink *self);
void           malt_relay_sink_wait          (MaltRelaySink *self,
                                              guint64        ticket);

G_END_DECLS

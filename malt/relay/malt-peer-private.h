/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "malt/relay/malt-peer.h"

G_BEGIN_DECLS

/* Any thread. `task` (transfer full) gets 1, or 0 when the worker had ended before, or −1 with an
 * error. */
void     malt_peer_stop      (MaltPeer  *self,
                              guint      exit_timeout_ms,
                              guint      term_timeout_ms,
                              GTask     *task);
/* Any thread. Errors: MALT_ERROR_TERMINATED_WORKER, G_IO_ERROR_INVALID_ARGUMENT for no signal's
 * number, and those of the backend. */
gboolean malt_peer_kill      (MaltPeer  *self,
                              int        signum,
                              GError   **error);
/* The stops that wait have their answer. Monitor thread. */
void     malt_peer_end_stops (MaltPeer  *self);

G_END_DECLS

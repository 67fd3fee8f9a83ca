/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The servers of a cluster: which is tried next, and when. */
typedef struct _MaltNatsServers MaltNatsServers;

/* At least one, “nats://HOST:PORT”, or without the scheme or the port. MALT_ERROR_INVALID_CONFIG
 * for one that is no address. */
MaltNatsServers    *malt_nats_servers_new           (const char *const  *servers,
                                                     GError            **error);
void                malt_nats_servers_free          (MaltNatsServers    *self);

/* One that another has named, of which some are kept. */
void                malt_nats_servers_learn         (MaltNatsServers    *self,
                                                     const char         *server);
/* The one to try. (transfer none) */
GSocketConnectable *malt_nats_servers_next          (MaltNatsServers    *self);
/* How long to wait before that, after the last one has failed with `error`. */
guint               malt_nats_servers_get_delay_ms  (MaltNatsServers    *self,
                                                     const GError       *error);
/* One has taken us on. */
void                malt_nats_servers_set_connected (MaltNatsServers    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltNatsServers, malt_nats_servers_free)

G_END_DECLS

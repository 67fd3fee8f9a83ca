/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/host/malt-host-strangers.h"

G_BEGIN_DECLS

/* Takes what connects, and hands it to the workers when it has said which one it is for. Whoever
 * does not say so is a stranger: few of them are let in at once, and for a short time. In the
 * thread-default main context in which it was made. */
typedef struct _MaltHostListener MaltHostListener;

/* A listening socket. `port`: 0 for any. Errors: those of GIO. (transfer full) */
GSocket          *malt_host_listener_bind      (const char          *address,
                                                guint16              port,
                                                GError             **error);
/* Of a Unix socket that nobody but this user reaches. */
GSocket          *malt_host_listener_bind_path (const char          *path,
                                                GError             **error);

/* `config`: of whose TLS use is made; NULL: of none. */
MaltHostListener *malt_host_listener_new       (GSocket             *socket,
                                                MaltHostConfig      *config,
                                                MaltHostWorkers     *workers);
void              malt_host_listener_free      (MaltHostListener    *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostListener, malt_host_listener_free)

G_END_DECLS

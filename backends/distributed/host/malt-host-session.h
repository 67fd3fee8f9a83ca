/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-distributed-frames.h"

G_BEGIN_DECLS

/* One worker and the manager that it is handed on to. Everything happens in the thread-default main
 * context in which it was made. */
typedef struct _MaltHostSession MaltHostSession;

/* Once: nothing is left of it. It is to be freed, now or later. */
typedef void (*MaltHostSessionFunc) (MaltHostSession *session,
                                     gpointer         user_data);

/* `worker`: a MaltProcessWorker that has been started, and is the session's from now on. The
 * manager has a few seconds to open all streams. Errors: those of
 * malt_peer_worker_detach(). */
MaltHostSession *malt_host_session_new    (MaltAbstractWorker          *worker,
                                           const guint8                *token,
                                           guint                        lease_ms,
                                           MaltHostSessionFunc          over,
                                           gpointer                     user_data,
                                           GError                     **error);
/* Kills the worker, if it is still there. */
void             malt_host_session_free   (MaltHostSession             *self);

/* FALSE: the token is wrong, or has been used for this kind of stream. */
gboolean         malt_host_session_accept (MaltHostSession             *self,
                                           const MaltHostOpening       *opening,
                                           GIOStream                   *stream);
/* The host leaves. */
void             malt_host_session_stop   (MaltHostSession             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltHostSession, malt_host_session_free)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Who this side is, and whose word it takes for who the other is. Both sides show a certificate,
 * and either checks that the other's is of the authorities; a name in it means nothing here, for
 * hosts are found by their addresses, and known by their fingerprint. Immutable; any thread. */
typedef struct _MaltDistributedTls MaltDistributedTls;

/* Absolute paths of PEM files. Errors: MALT_ERROR_INVALID_CONFIG, which names the option (“tls-”
 * and what it is) and the file. */
MaltDistributedTls *malt_distributed_tls_new             (const char           *certificate,
                                                          const char           *key,
                                                          const char           *authorities,
                                                          GError              **error);
MaltDistributedTls *malt_distributed_tls_ref             (MaltDistributedTls   *self);
void                malt_distributed_tls_unref           (MaltDistributedTls   *self);

GTlsCertificate    *malt_distributed_tls_get_certificate (MaltDistributedTls   *self);
GTlsDatabase       *malt_distributed_tls_get_authorities (MaltDistributedTls   *self);
/* The file. */
const char         *malt_distributed_tls_get_key         (MaltDistributedTls   *self);
/* SHA-256 of the certificate, in lower-case hex, as a spawn reply has it. */
const char         *malt_distributed_tls_get_fingerprint (MaltDistributedTls   *self);

/* The handshake over `base`, by the side that has connected, with the host of that fingerprint. The
 * caller keeps the deadline. Errors: G_TLS_ERROR; those of GIO. */
void                malt_distributed_tls_connect_async   (MaltDistributedTls   *self,
                                                          GSocketConnection    *base,
                                                          const char           *fingerprint,
                                                          GCancellable         *cancellable,
                                                          GAsyncReadyCallback   callback,
                                                          gpointer              user_data);
/* The same by the side that was connected to. */
void                malt_distributed_tls_accept_async    (MaltDistributedTls   *self,
                                                          GSocketConnection    *base,
                                                          GCancellable         *cancellable,
                                                          GAsyncReadyCallback   callback,
                                                          gpointer              user_data);
/* Of either. (transfer full) */
GIOStream          *malt_distributed_tls_finish          (GAsyncResult         *result,
                                                          GError              **error);

/* Below a GSocketConnection, or a GTlsConnection over one. (transfer none) */
GSocket            *malt_distributed_get_socket          (GIOStream            *stream);
/* Whether a stream may go there without: to a loopback address or a Unix socket. */
gboolean            malt_distributed_is_local            (GSocketAddress       *address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaltDistributedTls, malt_distributed_tls_unref)

G_END_DECLS

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backends/distributed/malt-nats-parser.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* A connection to a NATS cluster, for what hosts and managers have to say to each other: small
 * messages, none of which is worth anything once a connection is lost. It connects again by itself,
 * to another server if there is one, and takes its subscriptions along.
 *
 * Everything happens in the main context that was the thread-default one when it was created, and
 * only from there may it be used. */
#define MALT_TYPE_NATS_CLIENT (malt_nats_client_get_type ())

G_DECLARE_FINAL_TYPE (MaltNatsClient, malt_nats_client, MALT, NATS_CLIENT, GObject)

typedef void (*MaltNatsFunc) (MaltNatsClient          *client,
                              const MaltNatsOperation *message,
                              gpointer                 user_data);

/* `servers`: “nats://HOST:PORT”, or without the scheme or the port. Without a database of
 * authorities there is no TLS, and only servers on the loopback interface are spoken to. `name` is
 * what the server's monitoring shows; answers to requests come to subjects below `inbox`.
 * MALT_ERROR_INVALID_CONFIG for a server that is no address. */
MaltNatsClient *malt_nats_client_new            (const char *const   *servers,
                                                 GTlsDatabase        *authorities,
                                                 GTlsCertificate     *certificate,
                                                 const char          *name,
                                                 const char          *inbox,
                                                 GError             **error);
/* What is used from the next connection on; not for a client without TLS. */
void            malt_nats_client_set_tls        (MaltNatsClient      *self,
                                                 GTlsDatabase        *authorities,
                                                 GTlsCertificate     *certificate);
/* Begins to connect, and does not stop until it is closed. */
void            malt_nats_client_open           (MaltNatsClient      *self);
void            malt_nats_client_close          (MaltNatsClient      *self);

/* Property “connected”. Signals, each with a GError: “failed”, a server could not be connected to
 * or was lost; “refused”, what a server that is connected does not let us send or hear, in its
 * words. */
gboolean        malt_nats_client_is_connected   (MaltNatsClient      *self);
/* Why it is not connected, in words; NULL before the first attempt has failed. */
const GError   *malt_nats_client_get_last_error (MaltNatsClient      *self);

/* `queue`: nullable; each message goes to one of those with the same. Never 0. */
guint64         malt_nats_client_subscribe      (MaltNatsClient      *self,
                                                 const char          *subject,
                                                 const char          *queue,
                                                 MaltNatsFunc         func,
                                                 gpointer             user_data);
/* While it is not active the server sends nothing for it, but for what is on its way already. */
void            malt_nats_client_set_active     (MaltNatsClient      *self,
                                                 guint64              sid,
                                                 gboolean             is_active);
void            malt_nats_client_unsubscribe    (MaltNatsClient      *self,
                                                 guint64              sid);

/* G_IO_ERROR_NOT_CONNECTED; MALT_ERROR_LIMIT for a message that is too large, or when too much
 * waits for the server. Nobody knows whether it arrives. */
gboolean        malt_nats_client_publish        (MaltNatsClient      *self,
                                                 const char          *subject,
                                                 const char          *reply,
                                                 GBytes              *payload,
                                                 GError             **error);

/* One question, and the first answer to it. While there is no connection it waits for one. Errors:
 * G_IO_ERROR_HOST_NOT_FOUND when nobody has subscribed to the subject, G_IO_ERROR_TIMED_OUT,
 * G_IO_ERROR_CANCELLED, those of publish(). */
void            malt_nats_client_request_async  (MaltNatsClient      *self,
                                                 const char          *subject,
                                                 GBytes              *payload,
                                                 guint                timeout_ms,
                                                 GCancellable        *cancellable,
                                                 GAsyncReadyCallback  callback,
                                                 gpointer             user_data);
GBytes         *malt_nats_client_request_finish (MaltNatsClient      *self,
                                                 GAsyncResult        *result,
                                                 GError             **error);

G_END_DECLS

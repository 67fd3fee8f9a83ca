/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-tls.h"

#include <malt/malt-plugin.h>

#include <string.h>

/* Reference counted. */
struct _MaltDistributedTls
{
  GTlsCertificate *certificate; /* owned */
  GTlsDatabase    *authorities; /* owned */
  char            *key;         /* owned; the file */
  char            *fingerprint; /* owned */
};

static char *
dup_fingerprint (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) bytes = NULL;

  g_object_get (certificate, "certificate", &bytes, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, bytes->data, bytes->len);
}

static gboolean
check_path (const char  *option,
            const char  *path,
            GError     **error)
{
  if (path != NULL && g_path_is_absolute (path))
    return TRUE;

  g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
               "Cannot use “%s” for option “%s”: expected an absolute path",
               path != NULL ? path : "", option);
  return FALSE;
}

/* Takes what went wrong. A program that has no descriptors left has no wrong option. */
static void
set_file_error (GError     **error,
                const char  *option,
                const char  *path,
                GError      *reason)
{
  gboolean is_full = g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_MFILE)
                     || g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);

  g_set_error (error, MALT_ERROR, is_full ? MALT_ERROR_START_FAILED : MALT_ERROR_INVALID_CONFIG,
               "Cannot use “%s” for option “%s”: %s", path, option, reason->message);
  g_error_free (reason);
}

static gboolean
load (MaltDistributedTls  *self,
      const char          *certificate,
      const char          *key,
      const char          *authorities,
      GError             **error)
{
  g_autoptr (GTlsCertificate) alone = NULL;
  GError *reason = NULL;

  /* By itself first, so that it is clear which of the two is wrong. */
  alone = g_tls_certificate_new_from_file (certificate, &reason);
  if (alone == NULL)
    {
      set_file_error (error, "tls-certificate", certificate, reason);
      return FALSE;
    }

  self->certificate = g_tls_certificate_new_from_files (certificate, key, &reason);
  if (self->certificate == NULL)
    {
      set_file_error (error, "tls-key", key, reason);
      return FALSE;
    }

  self->authorities = g_tls_file_database_new (authorities, &reason);
  if (self->authorities == NULL)
    {
      set_file_error (error, "tls-ca", authorities, reason);
      return FALSE;
    }

  self->key = g_strdup (key);
  self->fingerprint = dup_fingerprint (self->certificate);
  return TRUE;
}

MaltDistributedTls *
malt_distributed_tls_new (const char  *certificate,
                          const char  *key,
                          const char  *authorities,
                          GError     **error)
{
  g_autoptr (MaltDistributedTls) self = NULL;

  if (!check_path ("tls-certificate", certificate, error)
      || !check_path ("tls-key", key, error)
      || !check_path ("tls-ca", authorities, error))
    return NULL;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                           "Cannot use the option “tls-certificate”: GLib has no TLS, "
                           "glib-networking is not installed");
      return NULL;
    }

  self = g_atomic_rc_box_new0 (MaltDistributedTls);
  return load (self, certificate, key, authorities, error) ? g_steal_pointer (&self) : NULL;
}

MaltDistributedTls *
malt_distributed_tls_ref (MaltDistributedTls *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  MaltDistributedTls *self = data;

  g_clear_object (&self->certificate);
  g_clear_object (&self->authorities);
  g_free (self->key);
  g_free (self->fingerprint);
}

void
malt_distributed_tls_unref (MaltDistributedTls *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

GTlsCertificate *
malt_distributed_tls_get_certificate (MaltDistributedTls *self)
{
  return self->certificate;
}

GTlsDatabase *
malt_distributed_tls_get_authorities (MaltDistributedTls *self)
{
  return self->authorities;
}

const char *
malt_distributed_tls_get_key (MaltDistributedTls *self)
{
  return self->key;
}

const char *
malt_distributed_tls_get_fingerprint (MaltDistributedTls *self)
{
  return self->fingerprint;
}

/* A server is asked in any case, a client when something is wrong. Nobody is known by name here. */
static gboolean
on_accept_certificate (GTlsConnection       *connection,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       gpointer              user_data)
{
  return (errors & ~(guint) G_TLS_CERTIFICATE_BAD_IDENTITY) == 0;
}

static gboolean
check_fingerprint (GTlsConnection  *connection,
                   const char      *expected,
                   GError         **error)
{
  g_autofree char *fingerprint =
    dup_fingerprint (g_tls_connection_get_peer_certificate (connection));

  if (expected == NULL || strcmp (fingerprint, expected) == 0)
    return TRUE;

  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
               "Another host answers: its certificate is “%s”, expected %s", fingerprint, expected);
  return FALSE;
}

static void
on_handshake (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  GTlsConnection *connection = G_TLS_CONNECTION (source);
  GError *error = NULL;

  if (g_tls_connection_handshake_finish (connection, result, &error)
      && check_fingerprint (connection, g_task_get_task_data (task), &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

/* Takes `connection`, NULL with `error`. */
static void
shake_hands (MaltDistributedTls *self,
             GIOStream          *connection,
             GError             *error,
             const char         *fingerprint,
             GTask              *task)
{
  g_autoptr (GIOStream) owned = connection;

  if (connection == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }

  g_task_set_task_data (task, g_strdup (fingerprint), g_free);
  g_signal_connect (connection, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);
  /* A side that is killed says no farewell, and lengths are told by what is carried. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (connection), FALSE);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (connection), G_PRIORITY_DEFAULT,
                                    g_task_get_cancellable (task), on_handshake, task);
}

void
malt_distributed_tls_connect_async (MaltDistributedTls  *self,
                                    GSocketConnection   *base,
                                    const char          *fingerprint,
                                    GCancellable        *cancellable,
                                    GAsyncReadyCallback  callback,
                                    gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  /* Without a database from the start it reads all authorities of the machine first: 15 ms. */
  gpointer connection = g_initable_new (type, NULL, &error, "base-io-stream", base, "database",
                                        self->authorities, "certificate", self->certificate, NULL);

  g_task_set_source_tag (task, malt_distributed_tls_finish);
  shake_hands (self, connection, error, fingerprint, task);
}

void
malt_distributed_tls_accept_async (MaltDistributedTls  *self,
                                   GSocketConnection   *base,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  GType type = g_tls_backend_get_server_connection_type (g_tls_backend_get_default ());
  gpointer connection = g_initable_new (type, NULL, &error, "base-io-stream", base, "database",
                                        self->authorities, "certificate", self->certificate,
                                        "authentication-mode", G_TLS_AUTHENTICATION_REQUIRED, NULL);

  g_task_set_source_tag (task, malt_distributed_tls_finish);
  shake_hands (self, connection, error, NULL, task);
}

GIOStream *
malt_distributed_tls_finish (GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, malt_distributed_tls_finish), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

GSocket *
malt_distributed_get_socket (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  if (G_IS_SOCKET_CONNECTION (stream))
    return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  /* The stream keeps it. */
  g_object_get (stream, "base-io-stream", &base, NULL);
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
}

gboolean
malt_distributed_is_local (GSocketAddress *address)
{
  if (G_IS_INET_SOCKET_ADDRESS (address))
    return g_inet_address_get_is_loopback (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));

  return g_socket_address_get_family (address) == G_SOCKET_FAMILY_UNIX;
}

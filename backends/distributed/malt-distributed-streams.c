/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-streams.h"

#include <gio/gunixsocketaddress.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* All three streams, while they are being opened. The task is returned when none is on its way any
 * more; the first error counts, and cancels the others. */
typedef struct
{
  MaltSpawnReply         *reply;       /* owned */
  guint8                  id[MALT_HOST_ID_BYTES];
  MaltDistributedTls     *tls;         /* owned (nullable) */
  guint                   silence_ms;
  GCancellable           *cancellable; /* owned */
  gulong                  cancelled_handler;
  GCancellable           *outer;       /* owned (nullable): the caller's */
  guint                   n_left;
  GError                 *error;       /* owned (nullable) */
  MaltDistributedStreams *streams;     /* owned */
} Opening;

/* One of them. */
typedef struct
{
  GTask          *task;   /* owned */
  MaltHostStream  kind;
  GIOStream      *stream; /* owned (nullable) */
  guint8          bytes[MALT_HOST_OPENING_BYTES];
} OpeningStream;

void
malt_distributed_streams_free (MaltDistributedStreams *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->fds); i++)
    {
      if (self->fds[i] >= 0)
        close (self->fds[i]);
      if (self->bridges[i] != NULL)
        malt_bridge_close (self->bridges[i]);
      g_clear_pointer (&self->bridges[i], malt_bridge_unref);
    }
  g_clear_object (&self->watch);
  g_free (self);
}

static void
opening_free (Opening *opening)
{
  if (opening->outer != NULL)
    g_cancellable_disconnect (opening->outer, opening->cancelled_handler);
  g_clear_object (&opening->outer);
  g_clear_object (&opening->cancellable);
  g_clear_pointer (&opening->reply, malt_spawn_reply_free);
  g_clear_pointer (&opening->tls, malt_distributed_tls_unref);
  g_clear_pointer (&opening->streams, malt_distributed_streams_free);
  g_clear_error (&opening->error);
  g_free (opening);
}

static char *
show_address (const MaltSpawnReply *reply)
{
  return reply->port != 0 ? g_strdup_printf ("%s:%u", reply->address, reply->port)
                          : g_strdup (reply->address);
}

static void
end_stream (OpeningStream *stream)
{
  g_autoptr (GTask) task = g_steal_pointer (&stream->task);
  Opening *opening = g_task_get_task_data (task);

  g_clear_object (&stream->stream);
  g_free (stream);
  if (--opening->n_left > 0)
    return;

  if (opening->error != NULL)
    g_task_return_error (task, g_steal_pointer (&opening->error));
  else
    g_task_return_pointer (task, g_steal_pointer (&opening->streams),
                           (GDestroyNotify) malt_distributed_streams_free);
}

/* Takes the error. */
static void
fail_stream (OpeningStream *stream,
             GError        *error)
{
  Opening *opening = g_task_get_task_data (stream->task);
  g_autofree char *address = show_address (opening->reply);
  g_autoptr (GError) owned = error;

  if (opening->error == NULL && (error->domain == MALT_ERROR
                                 || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)))
    opening->error = g_steal_pointer (&owned);
  else if (opening->error == NULL)
    opening->error = g_error_new (MALT_ERROR, MALT_ERROR_START_FAILED,
                                  "Cannot reach the host “%s” at %s: %s", opening->reply->host,
                                  address, error->message);
  g_cancellable_cancel (opening->cancellable);
  end_stream (stream);
}

static gboolean
make_pair (int      fds[2],
           GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Cannot make a pair of sockets: %s", g_strerror (errno));
  return FALSE;
}

/* A descriptor whose bytes are those of the stream: its own, or one end of a bridge. */
static gboolean
take_stream (OpeningStream  *stream,
             GError        **error)
{
  Opening *opening = g_task_get_task_data (stream->task);
  MaltDistributedStreams *streams = opening->streams;
  int fds[2];

  if (stream->kind == MALT_HOST_STREAM_WATCH)
    {
      streams->watch = g_steal_pointer (&stream->stream);
      streams->watch_time = g_get_monotonic_time ();
      return TRUE;
    }

  if (G_IS_SOCKET_CONNECTION (stream->stream))
    {
      int fd = g_socket_get_fd (malt_distributed_get_socket (stream->stream));

      streams->fds[stream->kind] = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (streams->fds[stream->kind] >= 0)
        return TRUE;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      return FALSE;
    }

  if (!make_pair (fds, error))
    return FALSE;
  streams->fds[stream->kind] = malt_raise_fd (fds[0]);
  streams->bridges[stream->kind] = malt_bridge_new (stream->stream, fds[1], NULL, NULL, NULL,
                                                     error);
  return streams->bridges[stream->kind] != NULL;
}

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  OpeningStream *stream = user_data;
  Opening *opening = g_task_get_task_data (stream->task);
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (n == 0)
    g_set_error (&error, MALT_ERROR, MALT_ERROR_START_FAILED,
                 "The host “%s” does not know the worker that it has been asked for, or any more",
                 opening->reply->host);
  else if (n == 1 && stream->bytes[0] != MALT_HOST_ACCEPTED)
    g_set_error (&error, MALT_ERROR, MALT_ERROR_PROTOCOL,
                 "The host “%s” answered %u to the opening of a stream", opening->reply->host,
                 stream->bytes[0]);
  if (error != NULL || !take_stream (stream, &error))
    fail_stream (stream, error);
  else
    end_stream (stream);
}

static void
on_opening_written (GObject      *source,
                    GAsyncResult *result,
                    gpointer      user_data)
{
  OpeningStream *stream = user_data;
  Opening *opening = g_task_get_task_data (stream->task);
  GError *error = NULL;

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    fail_stream (stream, error);
  else
    g_input_stream_read_async (g_io_stream_get_input_stream (stream->stream), stream->bytes, 1,
                               G_PRIORITY_DEFAULT, opening->cancellable, on_answered, stream);
}

static void
write_opening (OpeningStream *stream)
{
  Opening *opening = g_task_get_task_data (stream->task);
  MaltHostOpening message = { .stream = stream->kind };

  memcpy (message.id, opening->id, sizeof message.id);
  memcpy (message.token, opening->reply->token, sizeof message.token);
  malt_host_opening_encode (&message, stream->bytes);
  g_output_stream_write_all_async (g_io_stream_get_output_stream (stream->stream), stream->bytes,
                                   sizeof stream->bytes, G_PRIORITY_DEFAULT, opening->cancellable,
                                   on_opening_written, stream);
}

static void
on_tls (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  OpeningStream *stream = user_data;
  GError *error = NULL;

  stream->stream = malt_distributed_tls_finish (result, &error);
  if (stream->stream == NULL)
    fail_stream (stream, error);
  else
    write_opening (stream);
}

/* The token goes to nobody before it is known who that is. */
static gboolean
check_secrecy (Opening        *opening,
               GSocketAddress *address,
               GError        **error)
{
  const char *host = opening->reply->host;
  gboolean is_unix = G_IS_UNIX_SOCKET_ADDRESS (address);

  if (opening->tls == NULL && opening->reply->fingerprint != NULL)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "The host “%s” wants TLS: expected the options tls-certificate, tls-key and "
                 "tls-ca",
                 host);
  else if (opening->tls != NULL && opening->reply->fingerprint == NULL && !is_unix)
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "The host “%s” has no TLS, which the option “tls-ca” wants", host);
  else if (opening->tls == NULL && !malt_distributed_is_local (address))
    g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                 "The host “%s” is on another machine and has no TLS: expected it, and the options "
                 "tls-certificate, tls-key and tls-ca", host);
  else
    return TRUE;

  return FALSE;
}

/* A short call must not wait for the one before it to be acknowledged; and what nobody acknowledges
 * for as long as a lease is lost. */
static void
tune (GSocket *socket,
      guint    silence_ms)
{
  if (g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX)
    return;

  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, (int) silence_ms, NULL);
  g_socket_set_keepalive (socket, TRUE);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  OpeningStream *stream = user_data;
  Opening *opening = g_task_get_task_data (stream->task);
  GError *error = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketConnection) connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection != NULL)
    address = g_socket_connection_get_remote_address (connection, &error);
  if (address == NULL || !check_secrecy (opening, address, &error))
    {
      fail_stream (stream, error);
      return;
    }

  tune (g_socket_connection_get_socket (connection), opening->silence_ms);
  if (opening->reply->fingerprint != NULL)
    malt_distributed_tls_connect_async (opening->tls, connection, opening->reply->fingerprint,
                                        opening->cancellable, on_tls, stream);
  else
    {
      stream->stream = G_IO_STREAM (g_steal_pointer (&connection));
      write_opening (stream);
    }
}

static GSocketConnectable *
new_address (const MaltSpawnReply *reply)
{
  if (g_str_has_prefix (reply->address, MALT_SPAWN_UNIX_PREFIX))
    return G_SOCKET_CONNECTABLE (
        g_unix_socket_address_new (reply->address + strlen (MALT_SPAWN_UNIX_PREFIX)));
  return g_network_address_new (reply->address, reply->port);
}

static void
connect_stream (GTask          *task,
                MaltHostStream  kind)
{
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GSocketConnectable) address = new_address (opening->reply);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  OpeningStream *stream = g_new0 (OpeningStream, 1);

  stream->task = g_object_ref (task);
  stream->kind = kind;
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, address, opening->cancellable, on_connected, stream);
}

static void
on_outer_cancelled (GCancellable *outer,
                    GCancellable *inner)
{
  g_cancellable_cancel (inner);
}

void
malt_distributed_streams_open_async (const MaltSpawnReply *reply,
                                     const char           *id,
                                     MaltDistributedTls   *tls,
                                     guint                 silence_ms,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Opening *opening = g_new0 (Opening, 1);

  g_task_set_source_tag (task, malt_distributed_streams_open_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, opening, (GDestroyNotify) opening_free);
  opening->reply = malt_spawn_reply_copy (reply);
  opening->tls = tls != NULL ? malt_distributed_tls_ref (tls) : NULL;
  opening->silence_ms = silence_ms;
  opening->streams = g_new0 (MaltDistributedStreams, 1);
  opening->streams->fds[0] = opening->streams->fds[1] = -1;
  if (!malt_host_from_hex (id, opening->id, sizeof opening->id))
    {
      g_task_return_new_error (task, MALT_ERROR, MALT_ERROR_PROTOCOL, "A worker has the id “%s”",
                               id);
      return;
    }

  opening->cancellable = g_cancellable_new ();
  opening->outer = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  if (cancellable != NULL)
    opening->cancelled_handler = g_cancellable_connect (
        cancellable, G_CALLBACK (on_outer_cancelled), g_object_ref (opening->cancellable),
        g_object_unref);
  opening->n_left = MALT_HOST_N_STREAMS;
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    connect_stream (task, (MaltHostStream) i);
}

MaltDistributedStreams *
malt_distributed_streams_open_finish (GAsyncResult  *result,
                                      GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-link-private.h"

#include <malt/malt-plugin.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

/* Milliseconds until a server has greeted, shown its certificate and taken us on. */
#define NATS_CONNECT_TIMEOUT_MSEC 5000u

/* Bytes that may wait for a server that does not read. */
#define NATS_MAX_QUEUED_BYTES (8u * 1024 * 1024)

/* Bytes of one read, and how many reads others wait for. */
#define NATS_READ_BYTES (16u * 1024)
#define NATS_MAX_READS_IN_A_ROW 16

static void
clear (gpointer data)
{
  MaltNatsLink *self = data;

  g_object_unref (self->server);
  g_clear_object (&self->authorities);
  g_clear_object (&self->certificate);
  g_clear_object (&self->stream);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->context);
  malt_nats_parser_free (self->parser);
  g_byte_array_unref (self->queued);
  g_free (self->name);
}

void
malt_nats_link_unref (MaltNatsLink *self)
{
  g_rc_box_release_full (self, clear);
}

/* The socket is closed at once: the other side is to know, whatever waits in TLS. */
static void
end (MaltNatsLink *self)
{
  self->is_over = TRUE;
  g_cancellable_cancel (self->cancellable);
  malt_clear_source (&self->reading);
  malt_clear_source (&self->writing);
  malt_clear_source (&self->timer);
  if (self->stream != NULL)
    g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

void
malt_nats_link_free (MaltNatsLink *self)
{
  end (self);
  malt_nats_link_unref (self);
}

/* Takes the error. The link may be freed when this returns, if the caller has no reference. */
static void
lose (MaltNatsLink *self,
      GError       *error)
{
  g_autoptr (GError) owned = error;
  g_autofree char *server = g_socket_connectable_to_string (self->server);

  if (self->is_over)
    return;

  end (self);
  g_prefix_error (&owned, "%s: ", server);
  self->funcs->lost (owned, self->user_data);
}

void
malt_nats_link_fail (MaltNatsLink *self,
                     GQuark        domain,
                     int           code,
                     const char   *format,
                     ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (domain, code, format, args);
  va_end (args);
  lose (self, error);
}

static GSource *
attach (MaltNatsLink *self,
        GSource      *source,
        GSourceFunc   func)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);

  return source;
}

void
malt_nats_link_set_timer (MaltNatsLink *self,
                          GSource      *source,
                          GSourceFunc   func)
{
  malt_clear_source (&self->timer);
  self->timer = attach (self, source, func);
}

static gboolean on_writable (GObject  *stream,
                             gpointer  user_data);

static void
wait_until_writable (MaltNatsLink *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);
  GSource *source =
    g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output), NULL);

  self->writing = attach (self, source, G_SOURCE_FUNC (on_writable));
}

static void
flush (MaltNatsLink *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);
  g_autoptr (GError) error = NULL;
  gssize n_written;

  while (!self->is_mute && self->queued->len > 0 && self->writing == NULL)
    {
      n_written = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output),
                                                              self->queued->data,
                                                              self->queued->len, NULL, &error);
      if (n_written >= 0)
        g_byte_array_remove_range (self->queued, 0, (guint) n_written);
      else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        wait_until_writable (self);
      else if (self->reading != NULL)
        self->is_mute = TRUE;
      else
        {
          lose (self, g_steal_pointer (&error));
          return;
        }
    }

  if (self->is_mute)
    g_byte_array_set_size (self->queued, 0);
}

static gboolean
on_writable (GObject  *stream,
             gpointer  user_data)
{
  g_autoptr (MaltNatsLink) self = g_rc_box_acquire (user_data);

  malt_clear_source (&self->writing);
  flush (self);

  return G_SOURCE_REMOVE;
}

static void
queue (MaltNatsLink *self,
       const char   *text)
{
  g_byte_array_append (self->queued, (const guint8 *) text, (guint) strlen (text));
}

gboolean
malt_nats_link_send (MaltNatsLink  *self,
                     const char    *line,
                     GBytes        *payload,
                     GError       **error)
{
  g_autoptr (MaltNatsLink) held = g_rc_box_acquire (self);
  gsize size = 0;
  const guint8 *data = payload != NULL ? g_bytes_get_data (payload, &size) : NULL;

  if (self->queued->len + strlen (line) + size > NATS_MAX_QUEUED_BYTES)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_LIMIT,
                   "More than %u bytes wait for the NATS server", NATS_MAX_QUEUED_BYTES);
      return FALSE;
    }

  queue (self, line);
  queue (self, "\r\n");
  if (payload != NULL)
    {
      g_byte_array_append (self->queued, data, (guint) size);
      queue (self, "\r\n");
    }
  flush (self);

  return TRUE;
}

static gboolean
on_not_greeted (gpointer user_data)
{
  g_autoptr (MaltNatsLink) self = g_rc_box_acquire (user_data);

  lose (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "The NATS server has not taken the connection within %u ms",
                           NATS_CONNECT_TIMEOUT_MSEC));

  return G_SOURCE_REMOVE;
}

static gboolean on_readable (GObject  *stream,
                             gpointer  user_data);

static void
use_stream (MaltNatsLink *self,
            GIOStream    *stream)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  GSource *source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);

  g_set_object (&self->stream, stream);
  self->reading = attach (self, source, G_SOURCE_FUNC (on_readable));
}

static void
on_shaken_hands (GObject      *source,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  g_autoptr (MaltNatsLink) self = user_data;
  GError *error = NULL;

  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, &error))
    {
      lose (self, error);
      return;
    }
  if (self->is_over)
    return;

  use_stream (self, G_IO_STREAM (source));
  malt_nats_talk_begin (self);
}

/* What came in plain text behind the greeting could be anybody's. */
void
malt_nats_link_start_tls (MaltNatsLink *self)
{
  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());
  g_autoptr (GTlsConnection) tls = NULL;
  GError *error = NULL;

  if (malt_nats_parser_has_more (self->parser))
    {
      lose (self, g_error_new_literal (MALT_ERROR, MALT_ERROR_PROTOCOL,
                                       "The NATS server went on before TLS had begun"));
      return;
    }

  /* Without a database from the start it reads all authorities of the machine first: 15 ms. */
  tls = g_initable_new (type, NULL, &error, "base-io-stream", self->stream, "server-identity",
                        self->server, "database", self->authorities, "certificate",
                        self->certificate, NULL);
  if (tls == NULL)
    {
      lose (self, error);
      return;
    }

  malt_clear_source (&self->reading);
  g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, self->cancellable,
                                    on_shaken_hands, g_rc_box_acquire (self));
}

/* FALSE: nothing is left to read, or nobody to read it for. */
static gboolean
read_once (MaltNatsLink *self)
{
  GInputStream *input = g_io_stream_get_input_stream (self->stream);
  GIOStream *stream = self->stream;
  guint8 bytes[NATS_READ_BYTES];
  GError *error = NULL;
  gssize n_read = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), bytes,
                                                            sizeof bytes, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_error_free (error);
      return FALSE;
    }
  if (n_read <= 0)
    {
      lose (self, error != NULL
                      ? error
                      : g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                             "The NATS server has closed the connection"));
      return FALSE;
    }

  malt_nats_parser_feed (self->parser, bytes, (gsize) n_read);
  while (!self->is_over)
    {
      g_auto (MaltNatsOperation) operation = { 0 };

      if (!malt_nats_parser_next (self->parser, &operation, &error))
        break;
      malt_nats_talk_take (self, &operation);
    }
  if (error != NULL)
    lose (self, error);

  return !self->is_over && self->reading != NULL && self->stream == stream;
}

static gboolean
on_readable (GObject  *stream,
             gpointer  user_data)
{
  g_autoptr (MaltNatsLink) self = g_rc_box_acquire (user_data);

  for (int i = 0; i < NATS_MAX_READS_IN_A_ROW; i++)
    if (!read_once (self))
      break;

  return G_SOURCE_CONTINUE;
}

/* Without TLS everybody on the way could read and write. */
static gboolean
check_address (MaltNatsLink       *self,
               GSocketConnection  *connection,
               GError            **error)
{
  g_autoptr (GSocketAddress) address = g_socket_connection_get_remote_address (connection, error);

  if (address == NULL)
    return FALSE;

  if (self->authorities != NULL || !G_IS_INET_SOCKET_ADDRESS (address)
      || g_inet_address_get_is_loopback (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))))
    return TRUE;

  g_set_error_literal (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG,
                       "The NATS server is on another machine: expected an option tls-ca");
  return FALSE;
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr (MaltNatsLink) self = user_data;
  GError *error = NULL;
  g_autoptr (GSocketConnection) connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (self->is_over)
    {
      g_clear_error (&error);
      return;
    }
  if (connection == NULL || !check_address (self, connection, &error))
    {
      lose (self, error);
      return;
    }

  g_socket_set_option (g_socket_connection_get_socket (connection), IPPROTO_TCP, TCP_NODELAY, 1,
                       NULL);
  use_stream (self, G_IO_STREAM (connection));
}

MaltNatsLink *
malt_nats_link_new (GSocketConnectable      *server,
                    GTlsDatabase            *authorities,
                    GTlsCertificate         *certificate,
                    const char              *name,
                    const MaltNatsLinkFuncs *funcs,
                    gpointer                 user_data)
{
  MaltNatsLink *self = g_rc_box_new0 (MaltNatsLink);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  self->server = g_object_ref (server);
  g_set_object (&self->authorities, authorities);
  g_set_object (&self->certificate, certificate);
  self->name = g_strdup (name);
  self->funcs = funcs;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  self->cancellable = g_cancellable_new ();
  self->parser = malt_nats_parser_new ();
  self->queued = g_byte_array_new ();
  malt_nats_link_set_timer (self, g_timeout_source_new (NATS_CONNECT_TIMEOUT_MSEC), on_not_greeted);

  /* The modules of proxies take longer to load than everything else here. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, self->server, self->cancellable, on_connected,
                                 g_rc_box_acquire (self));

  return self;
}

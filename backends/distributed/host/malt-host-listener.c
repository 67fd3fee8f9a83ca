/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-listener.h"

#include "backends/distributed/malt-distributed-frames.h"

#include <gio/gunixsocketaddress.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

/* For a stranger to shake hands and to say what it wants, in milliseconds. */
#define STRANGER_TIMEOUT_MSEC 5000u

/* Before trying again when no descriptor is left, in milliseconds. */
#define RETRY_MSEC 100u

/* Who waits to be accepted, in the kernel. */
#define BACKLOG 128

struct _MaltHostListener
{
  GSocket             *socket;    /* owned */
  MaltDistributedTls  *tls;       /* owned (nullable) */
  MaltHostWorkers     *workers;   /* owned */
  GMainContext        *context;   /* owned */
  GSource             *source;    /* owned: it waits for somebody, or until it tries again */
  GPtrArray           *strangers; /* owned; of Stranger, the oldest first, each of which ends by itself */
};

/* What is under way owns it, and nothing else. */
typedef struct
{
  MaltHostListener *listener;     /* (nullable): it is gone */
  GIOStream        *stream;       /* owned */
  GCancellable     *cancellable;  /* owned */
  GSource          *deadline;     /* owned */
  GSource          *silence;      /* owned (nullable): it has not said anything, and nothing is under way */
  guint8            opening[MALT_HOST_OPENING_BYTES];
} Stranger;

static void
end_silence (Stranger *stranger)
{
  if (stranger->silence != NULL)
    g_source_destroy (stranger->silence);
  g_clear_pointer (&stranger->silence, g_source_unref);
}

static void
stranger_free (Stranger *stranger)
{
  if (stranger->listener != NULL)
    g_ptr_array_remove (stranger->listener->strangers, stranger);
  end_silence (stranger);
  g_source_destroy (stranger->deadline);
  g_source_unref (stranger->deadline);
  g_object_unref (stranger->cancellable);
  g_object_unref (stranger->stream);
  g_free (stranger);
}

static void
turn_away (Stranger *stranger)
{
  g_socket_close (malt_distributed_get_socket (stranger->stream), NULL);
  stranger_free (stranger);
}

static void
on_opening (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  Stranger *stranger = user_data;
  gsize n_read = 0;

  if (g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &n_read, NULL)
      && n_read == MALT_HOST_OPENING_BYTES && stranger->listener != NULL
      && malt_host_workers_accept (stranger->listener->workers, stranger->opening,
                                   stranger->stream))
    stranger_free (stranger);
  else
    turn_away (stranger);
}

static void
read_opening (Stranger *stranger)
{
  g_input_stream_read_all_async (g_io_stream_get_input_stream (stranger->stream), stranger->opening,
                                 MALT_HOST_OPENING_BYTES, G_PRIORITY_DEFAULT, stranger->cancellable,
                                 on_opening, stranger);
}

static void
on_tls (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  Stranger *stranger = user_data;
  GIOStream *stream = malt_distributed_tls_finish (result, NULL);

  if (stream == NULL)
    {
      turn_away (stranger);
      return;
    }

  g_object_unref (stranger->stream);
  stranger->stream = stream;
  read_opening (stranger);
}

static gboolean
on_too_late (gpointer user_data)
{
  Stranger *stranger = user_data;

  if (stranger->silence != NULL)
    turn_away (stranger);
  else
    g_cancellable_cancel (stranger->cancellable);
  return G_SOURCE_REMOVE;
}

static gboolean
on_first_byte (GSocket      *socket,
               GIOCondition  condition,
               gpointer      user_data)
{
  Stranger *stranger = user_data;

  end_silence (stranger);
  if (stranger->listener->tls != NULL)
    malt_distributed_tls_accept_async (stranger->listener->tls,
                                       G_SOCKET_CONNECTION (stranger->stream),
                                       stranger->cancellable, on_tls, stranger);
  else
    read_opening (stranger);
  return G_SOURCE_REMOVE;
}

/* A handshake takes one of few threads of GIO, so it waits until there is somebody to shake hands with. */
static void
wait_for_first_byte (Stranger *stranger)
{
  GSocket *socket = malt_distributed_get_socket (stranger->stream);

  stranger->silence = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (stranger->silence, G_SOURCE_FUNC (on_first_byte), stranger, NULL);
  g_source_attach (stranger->silence, stranger->listener->context);
}

/* Takes the socket. */
static void
let_in (MaltHostListener *self,
        GSocket          *socket)
{
  GSocketConnection *connection = g_socket_connection_factory_create_connection (socket);
  Stranger *stranger = g_new0 (Stranger, 1);

  /* A call is one small write; it is not to wait for another one. */
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_object_unref (socket);

  stranger->listener = self;
  stranger->stream = G_IO_STREAM (connection);
  stranger->cancellable = g_cancellable_new ();
  stranger->deadline = g_timeout_source_new (STRANGER_TIMEOUT_MSEC);
  g_source_set_callback (stranger->deadline, on_too_late, stranger, NULL);
  g_source_attach (stranger->deadline, self->context);
  g_ptr_array_add (self->strangers, stranger);
  wait_for_first_byte (stranger);
}

/* Whoever has been silent for longest makes room. FALSE: all of them are being heard. */
static gboolean
make_room (MaltHostListener *self)
{
  for (guint i = 0; i < self->strangers->len; i++)
    {
      Stranger *stranger = g_ptr_array_index (self->strangers, i);

      if (stranger->silence == NULL)
        continue;
      turn_away (stranger);
      return TRUE;
    }

  return FALSE;
}

static void wait_for_somebody (MaltHostListener *self);

static gboolean
on_retry (gpointer user_data)
{
  wait_for_somebody (user_data);
  return G_SOURCE_REMOVE;
}

static void
set_source (MaltHostListener *self,
            GSource          *source,
            GSourceFunc       func)
{
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);

  self->source = source;
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

static gboolean
on_somebody (GSocket      *socket,
             GIOCondition  condition,
             gpointer      user_data)
{
  MaltHostListener *self = user_data;
  g_autoptr (GError) error = NULL;
  GSocket *accepted = g_socket_accept (socket, NULL, &error);

  if (accepted != NULL && (self->strangers->len < MALT_HOST_MAX_STRANGERS || make_room (self)))
    let_in (self, accepted);
  else if (accepted != NULL)
    g_object_unref (accepted);
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
           && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    {
      set_source (self, g_timeout_source_new (RETRY_MSEC), on_retry);
      return G_SOURCE_REMOVE;
    }

  return G_SOURCE_CONTINUE;
}

static void
wait_for_somebody (MaltHostListener *self)
{
  set_source (self, g_socket_create_source (self->socket, G_IO_IN, NULL),
              G_SOURCE_FUNC (on_somebody));
}

static gboolean
listen_at (GSocket         *socket,
           GSocketAddress  *address,
           GError         **error)
{
  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  return g_socket_bind (socket, address, TRUE, error) && g_socket_listen (socket, error);
}

GSocket *
malt_host_listener_bind (const char  *address,
                         guint16      port,
                         GError     **error)
{
  g_autoptr (GSocketAddress) full = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocket) socket = NULL;

  if (full == NULL)
    {
      g_set_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG, "“%s” is no IP address", address);
      return NULL;
    }

  socket = g_socket_new (g_socket_address_get_family (full), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  return socket != NULL && listen_at (socket, full, error) ? g_steal_pointer (&socket) : NULL;
}

GSocket *
malt_host_listener_bind_path (const char  *path,
                              GError     **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket = NULL;
  gboolean is_bound;
  mode_t mask;

  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                         error);
  if (socket == NULL)
    return NULL;

  mask = umask (0077);
  is_bound = listen_at (socket, address, error);
  umask (mask);
  return is_bound ? g_steal_pointer (&socket) : NULL;
}

MaltHostListener *
malt_host_listener_new (GSocket             *socket,
                        MaltDistributedTls  *tls,
                        MaltHostWorkers     *workers)
{
  MaltHostListener *self = g_new0 (MaltHostListener, 1);

  self->socket = g_object_ref (socket);
  self->tls = tls != NULL ? malt_distributed_tls_ref (tls) : NULL;
  self->workers = g_object_ref (workers);
  self->context = g_main_context_ref_thread_default ();
  self->strangers = g_ptr_array_new ();
  wait_for_somebody (self);

  return self;
}

void
malt_host_listener_free (MaltHostListener *self)
{
  while (make_room (self))
    ;
  for (guint i = 0; i < self->strangers->len; i++)
    {
      Stranger *stranger = g_ptr_array_index (self->strangers, i);

      stranger->listener = NULL;
      g_cancellable_cancel (stranger->cancellable);
    }
  g_ptr_array_unref (self->strangers);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_clear_pointer (&self->tls, malt_distributed_tls_unref);
  g_object_unref (self->workers);
  g_main_context_unref (self->context);
  g_free (self);
}

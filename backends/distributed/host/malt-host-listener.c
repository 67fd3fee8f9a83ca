/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-listener.h"

#include <gio/gunixsocketaddress.h>

#include <sys/stat.h>

/* Before trying again when no descriptor is left, or no room for strangers, in milliseconds. */
#define RETRY_MSEC 100u

/* Who waits to be accepted, in the kernel. */
#define BACKLOG 128

struct _MaltHostListener
{
  GSocket           *socket;    /* owned */
  MaltHostStrangers *strangers; /* owned */
  GMainContext      *context;   /* owned */
  GSource           *source;    /* owned: it waits for somebody, or until it tries again */
};

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
  GSocket *accepted = NULL;

  if (malt_host_strangers_make_room (self->strangers))
    accepted = g_socket_accept (socket, NULL, &error);
  if (accepted != NULL)
    malt_host_strangers_let_in (self->strangers, accepted);
  else if (error == NULL
           || (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
               && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED)))
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
malt_host_listener_new (GSocket         *socket,
                        MaltHostConfig  *config,
                        MaltHostWorkers *workers)
{
  MaltHostListener *self = g_new0 (MaltHostListener, 1);
  gboolean has_tls = config != NULL && malt_host_config_get_tls (config) != NULL;

  self->socket = g_object_ref (socket);
  self->context = g_main_context_ref_thread_default ();
  self->strangers = malt_host_strangers_new (has_tls ? config : NULL, workers);
  wait_for_somebody (self);

  return self;
}

void
malt_host_listener_free (MaltHostListener *self)
{
  malt_host_strangers_free (self->strangers);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_main_context_unref (self->context);
  g_free (self);
}

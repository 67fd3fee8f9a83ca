/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/host-fixture.h"

#include "backends/distributed/host/malt-host-listener.h"
#include "backends/distributed/malt-distributed-names.h"
#include "tests/backends/process-fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Between two looks at what nobody tells, in milliseconds. */
#define POLL_MSEC 1

struct _HostFixture
{
  MaltHostConfig   *config;
  GSocket          *socket;
  MaltHostWorkers  *workers;
  MaltHostListener *listener;
  guint16           port;
  guint             lease_ms;
};

void
host_iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
host_wait_for (int fd)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

  do
    host_iterate ();
  while (poll (&poll_fd, 1, POLL_MSEC) == 0);
}

HostFixture *
host_fixture_new (const char *json)
{
  HostFixture *self = g_new0 (HostFixture, 1);
  g_autofree char *quoted = g_strdelimit (g_strdup (json), "'", '"');
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  self->config = malt_host_config_new_from_data (quoted, &error);
  g_assert_no_error (error);
  self->socket = malt_host_listener_bind (malt_host_config_get_address (self->config),
                                          malt_host_config_get_port (self->config), &error);
  g_assert_no_error (error);
  address = g_socket_get_local_address (self->socket, &error);
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  self->workers = malt_host_workers_new (self->config, malt_host_config_get_address (self->config),
                                         self->port);
  self->lease_ms = MALT_LEASE_MAX_MSEC;
  self->listener = malt_host_listener_new (self->socket, self->config, self->workers);

  return self;
}

void
host_fixture_wait_until_free (HostFixture *self)
{
  while (malt_host_workers_get_n (self->workers) > 0)
    g_main_context_iteration (NULL, TRUE);
}

void
host_fixture_free (HostFixture *self)
{
  malt_host_workers_stop_all (self->workers);
  while (malt_host_workers_get_n (self->workers) > 0)
    g_main_context_iteration (NULL, TRUE);
  malt_host_listener_free (self->listener);
  host_iterate ();
  g_assert_finalize_object (self->workers);
  g_object_unref (self->socket);
  malt_host_config_unref (self->config);
  g_free (self);
}

MaltHostWorkers *
host_fixture_get_workers (HostFixture *self)
{
  return self->workers;
}

guint16
host_fixture_get_port (HostFixture *self)
{
  return self->port;
}

void
host_fixture_set_lease (HostFixture *self,
                        guint        lease_ms)
{
  self->lease_ms = lease_ms;
}

static void
on_spawned (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

MaltSpawnReply *
host_fixture_try_spawn (HostFixture  *self,
                        const char   *id,
                        const char   *pool,
                        const char   *profile,
                        const char   *options,
                        GError      **error)
{
  g_autoptr (MaltSpawnRequest) request = malt_spawn_request_new (
      id, pool, profile, self->lease_ms,
      g_variant_new_parsed (options != NULL ? options : "{'evaluator': <''>}"));
  g_autoptr (GAsyncResult) result = NULL;

  malt_host_workers_spawn_async (self->workers, request, on_spawned, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return malt_host_workers_spawn_finish (self->workers, result, error);
}

void
host_fixture_assert_refused (HostFixture *host,
                             const char  *pool,
                             const char  *profile,
                             const char  *options,
                             int          code,
                             const char  *text)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (GError) error = NULL;

  g_assert_null (host_fixture_try_spawn (host, id, pool, profile, options, &error));
  g_assert_error (error, MALT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, text));
}

void
client_init_for (Client         *self,
                 const char     *id,
                 MaltSpawnReply *reply)
{
  *self = (Client) {
    .fds = { -1, -1, -1 },
    .id = g_strdup (id),
    .reply = reply,
    .reader = malt_watch_reader_new (MALT_WATCH_FROM_HOST),
  };
}

void
client_init (Client      *self,
             HostFixture *host,
             const char  *options)
{
  g_autofree char *id = malt_distributed_new_id ();
  g_autoptr (GError) error = NULL;
  MaltSpawnReply *reply = host_fixture_try_spawn (host, id, NULL, "default", options, &error);

  g_assert_no_error (error);
  client_init_for (self, id, reply);
}

void
client_clear (Client *self)
{
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    if (self->fds[i] >= 0)
      close (self->fds[i]);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->reply, malt_spawn_reply_free);
  g_clear_pointer (&self->reader, malt_watch_reader_free);
}

int
client_connect (Client *self)
{
  struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons (self->reply->port) };
  struct sockaddr_un path = { .sun_family = AF_UNIX };
  gboolean is_inet = self->reply->port != 0;
  int fd = socket (is_inet ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  if (is_inet)
    {
      inet_pton (AF_INET, self->reply->address, &inet.sin_addr);
      g_assert_cmpint (connect (fd, (struct sockaddr *) &inet, sizeof inet), ==, 0);
    }
  else
    {
      g_strlcpy (path.sun_path, self->reply->address + strlen (MALT_SPAWN_UNIX_PREFIX),
                 sizeof path.sun_path);
      g_assert_cmpint (connect (fd, (struct sockaddr *) &path, sizeof path), ==, 0);
    }

  return fd;
}

int
client_send_opening (Client         *self,
                     MaltHostStream  stream)
{
  MaltHostOpening opening = { .stream = stream };
  guint8 bytes[MALT_HOST_OPENING_BYTES];
  int fd = client_connect (self);

  g_assert_true (malt_host_from_hex (self->id, opening.id, sizeof opening.id));
  memcpy (opening.token, self->reply->token, sizeof opening.token);
  malt_host_opening_encode (&opening, bytes);
  g_assert_cmpint (send (fd, bytes, sizeof bytes, MSG_NOSIGNAL), ==, sizeof bytes);

  return fd;
}

gboolean
client_is_accepted (int fd)
{
  guint8 byte = 0;
  gssize n;

  host_wait_for (fd);
  n = recv (fd, &byte, 1, 0);
  if (n == 1)
    g_assert_cmpuint (byte, ==, MALT_HOST_ACCEPTED);

  return n == 1;
}

void
client_open (Client *self)
{
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    {
      self->fds[i] = client_send_opening (self, (MaltHostStream) i);
      g_assert_true (client_is_accepted (self->fds[i]));
    }
}

void
client_greet (Client     *self,
              NewManager *manager)
{
  g_autoptr (GError) error = NULL;

  new_manager_init (manager, g_steal_fd (&self->fds[MALT_HOST_STREAM_DATA]),
                    g_steal_fd (&self->fds[MALT_HOST_STREAM_CONTROL]), "@a{sv} {}", &error);
  g_assert_no_error (error);
}

void
client_send (Client     *self,
             GByteArray *bytes)
{
  send (self->fds[MALT_HOST_STREAM_WATCH], bytes->data, bytes->len, MSG_NOSIGNAL);
}

static gboolean
read_more (Client *self)
{
  guint8 buffer[4096];
  gssize n;

  host_wait_for (self->fds[MALT_HOST_STREAM_WATCH]);
  n = recv (self->fds[MALT_HOST_STREAM_WATCH], buffer, sizeof buffer, 0);
  if (n > 0)
    malt_watch_reader_feed (self->reader, buffer, (gsize) n);

  return n > 0;
}

gboolean
client_next (Client         *self,
             MaltWatchFrame *frame)
{
  g_autoptr (GError) error = NULL;

  for (;;)
    {
      g_autoptr (GByteArray) echo = g_byte_array_new ();

      while (!malt_watch_reader_next (self->reader, frame, &error))
        {
          g_assert_no_error (error);
          if (!read_more (self))
            return FALSE;
        }
      if (frame->type != MALT_WATCH_BEAT)
        return TRUE;

      malt_watch_append_beat (echo, frame->number);
      if (!self->is_silent)
        client_send (self, echo);
    }
}

MaltExitReport *
client_wait_for_end (Client *self)
{
  for (;;)
    {
      g_auto (MaltWatchFrame) frame = { 0 };
      g_autoptr (GByteArray) taken = g_byte_array_new ();

      if (!client_next (self, &frame))
        return NULL;
      if (frame.type == MALT_WATCH_EXITED)
        return malt_exit_report_ref (frame.report);
      g_assert_cmpint (frame.type, ==, MALT_WATCH_OUTPUT);
      self->n_output[frame.fd - 1] += g_bytes_get_size (frame.output);
      malt_watch_append_taken (taken, g_bytes_get_size (frame.output));
      client_send (self, taken);
    }
}

void
client_assert_end (Client *self)
{
  g_autoptr (MaltExitReport) report = client_wait_for_end (self);

  g_assert_nonnull (report);
}

void
client_wait_until_gone (Client *self)
{
  while (!fixture_is_gone (self->reply->pid))
    {
      host_iterate ();
      g_usleep (POLL_MSEC * 1000);
    }
}

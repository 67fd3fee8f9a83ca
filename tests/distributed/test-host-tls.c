/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/host/malt-host-strangers.h"
#include "backends/distributed/malt-distributed-bridge.h"
#include "tests/backends/process-fixture.h"
#include "tests/distributed/host-fixture.h"
#include "tests/distributed/malt-certificates.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (4u * 1024 * 1024)

/* Where the certificates are. */
static const char *folder;

/* Why there are none. */
static const char *missing;

static HostFixture *
new_host (void)
{
  g_autofree char *json = g_strdup_printf (
      "{ \"tls\": { \"certificate\": \"%s/server.pem\", \"key\": \"%s/server.key\","
      " \"ca\": \"%s/ca.pem\" } }", folder, folder, folder);

  return host_fixture_new (json);
}

static void
on_tls (GObject      *source,
        GAsyncResult *result,
        gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* NULL: the handshake came to nothing. */
static GIOStream *
open_tls (Client     *client,
          const char *name)
{
  g_autofree char *certificate = g_strdup_printf ("%s/%s.pem", folder, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", folder, name);
  g_autofree char *authorities = g_strdup_printf ("%s/ca.pem", folder);
  g_autoptr (MaltDistributedTls) tls = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  tls = malt_distributed_tls_new (certificate, key, authorities, &error);
  g_assert_no_error (error);
  socket = g_socket_new_from_fd (client_connect (client), &error);
  g_assert_no_error (error);
  connection = g_socket_connection_factory_create_connection (socket);
  malt_distributed_tls_connect_async (tls, connection, client->reply->fingerprint, NULL, on_tls,
                                      &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return malt_distributed_tls_finish (result, NULL);
}

/* A socket with TLS behind it, so that the client knows nothing of it. −1: there is none. */
static int
connect_over_tls (Client     *client,
                  const char *name)
{
  g_autoptr (GIOStream) stream = open_tls (client, name);
  g_autoptr (MaltBridge) bridge = NULL;
  g_autoptr (GError) error = NULL;
  int fds[2];

  if (stream == NULL)
    return -1;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  bridge = malt_bridge_new (stream, fds[0], NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  return fds[1];
}

static void
send_opening (Client         *client,
              int             fd,
              MaltHostStream  stream)
{
  MaltHostOpening opening = { .stream = stream };
  guint8 bytes[MALT_HOST_OPENING_BYTES];

  g_assert_true (malt_host_from_hex (client->id, opening.id, sizeof opening.id));
  memcpy (opening.token, client->reply->token, sizeof opening.token);
  malt_host_opening_encode (&opening, bytes);
  send (fd, bytes, sizeof bytes, MSG_NOSIGNAL);
}

static void
test_call (void)
{
  g_autoptr (HostFixture) host = new_host ();
  g_auto (Client) client = { { -1, -1, -1 } };
  g_auto (NewManager) manager = { NULL };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (MaltExitReport) report = NULL;

  client_init (&client, host, NULL);
  g_assert_nonnull (client.reply->fingerprint);
  for (guint i = 0; i < MALT_HOST_N_STREAMS; i++)
    {
      client.fds[i] = connect_over_tls (&client, "alice");
      g_assert_cmpint (client.fds[i], >=, 0);
      send_opening (&client, client.fds[i], (MaltHostStream) i);
      g_assert_true (client_is_accepted (client.fds[i]));
    }

  client_greet (&client, &manager);
  new_manager_check_echo (&manager, 42);
  new_manager_check_echo (&manager, BIG_BYTES);
  malt_watch_append_kill (bytes, SIGKILL);
  client_send (&client, bytes);
  report = client_wait_for_end (&client);
  g_assert_cmpint (malt_exit_report_get_signal (report), ==, SIGKILL);
}

/* Who has the token, but no certificate of the authority. */
static void
test_stranger (void)
{
  g_autoptr (HostFixture) host = new_host ();
  g_auto (Client) client = { { -1, -1, -1 } };
  int fd;

  client_init (&client, host, NULL);
  fd = connect_over_tls (&client, "stranger");
  /* The side that connects may learn only afterwards what the other thinks of it. */
  if (fd >= 0)
    {
      send_opening (&client, fd, MALT_HOST_STREAM_WATCH);
      g_assert_false (client_is_accepted (fd));
      close (fd);
    }
}

static void
test_plain (void)
{
  g_autoptr (HostFixture) host = new_host ();
  g_auto (Client) client = { { -1, -1, -1 } };
  char byte = 0;
  int fd;

  client_init (&client, host, NULL);
  fd = client_send_opening (&client, MALT_HOST_STREAM_WATCH);
  /* It may say why, in its own words, but not yes. */
  host_wait_for (fd);
  recv (fd, &byte, 1, 0);
  g_assert_cmpint (byte, !=, MALT_HOST_ACCEPTED);
  close (fd);
}

/* As many as may be there, who begin a handshake and do not go on. */
static void
test_stalled_strangers (void)
{
  static const guint8 begun[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
  g_autoptr (HostFixture) host = new_host ();
  g_auto (Client) client = { { -1, -1, -1 } };
  int fds[MALT_HOST_MAX_STRANGERS];
  gint64 began_us;

  client_init (&client, host, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      fds[i] = client_connect (&client);
      g_assert_cmpint (send (fds[i], begun, sizeof begun, MSG_NOSIGNAL), ==, sizeof begun);
      host_iterate ();
    }

  began_us = g_get_monotonic_time ();
  client.fds[MALT_HOST_STREAM_DATA] = connect_over_tls (&client, "alice");
  g_assert_cmpint (client.fds[MALT_HOST_STREAM_DATA], >=, 0);
  send_opening (&client, client.fds[MALT_HOST_STREAM_DATA], MALT_HOST_STREAM_DATA);
  g_assert_true (client_is_accepted (client.fds[MALT_HOST_STREAM_DATA]));
  g_test_message ("let in after %.2f s",
                  (double) (g_get_monotonic_time () - began_us) / G_USEC_PER_SEC);
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
copy (const char *from,
      const char *to)
{
  static const char *const endings[] = { "pem", "key" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *source = g_strdup_printf ("%s/%s.%s", folder, from, endings[i]);
      g_autofree char *target = g_strdup_printf ("%s/%s.%s", folder, to, endings[i]);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;

      g_file_get_contents (source, &text, &length, &error);
      g_assert_no_error (error);
      g_file_set_contents (target, text, (gssize) length, &error);
      g_assert_no_error (error);
    }
}

/* The next worker is found with the new certificate, and one that is wrong does not count. */
static void
test_renewed (void)
{
  g_autoptr (HostFixture) host = NULL;
  g_autofree char *broken = g_build_filename (folder, "server.pem", NULL);
  g_autofree char *fingerprint = NULL;

  copy ("server", "old");
  host = new_host ();
  for (guint i = 0; i < 3; i++)
    {
      g_auto (Client) client = { { -1, -1, -1 } };
      g_auto (NewManager) manager = { NULL };

      client_init (&client, host, NULL);
      g_assert_cmpint (g_strcmp0 (client.reply->fingerprint, fingerprint) == 0, ==, i == 2);
      for (guint stream = 0; stream < MALT_HOST_N_STREAMS; stream++)
        {
          client.fds[stream] = connect_over_tls (&client, "alice");
          g_assert_cmpint (client.fds[stream], >=, 0);
          send_opening (&client, client.fds[stream], (MaltHostStream) stream);
          g_assert_true (client_is_accepted (client.fds[stream]));
        }
      g_free (fingerprint);
      fingerprint = g_strdup (client.reply->fingerprint);
      if (i == 0)
        copy ("alice", "server");
      else
        g_file_set_contents (broken, "", 0, NULL);
    }
  copy ("old", "server");
}

static void
test_skipped (void)
{
  g_test_skip_printf ("%s is not installed", missing);
}

int
main (int    argc,
      char **argv)
{
  const char *const names[] = { "alice", NULL };

  fixture_init (&argc, &argv);

  folder = malt_certificates_make (names, &missing);
  if (folder != NULL)
    {
      fixture_add ("/host/tls/call", test_call);
      fixture_add ("/host/tls/stranger", test_stranger);
      fixture_add ("/host/tls/plain", test_plain);
      fixture_add ("/host/tls/stalled-strangers", test_stalled_strangers);
      fixture_add ("/host/tls/renewed", test_renewed);
    }
  else
    fixture_add ("/host/tls/skipped", test_skipped);

  return g_test_run ();
}

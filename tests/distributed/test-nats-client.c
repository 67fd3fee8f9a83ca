/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-client.h"
#include "backends/distributed/malt-nats-servers.h"
#include "tests/distributed/malt-nats-server.h"

#include <malt/malt.h>
#include <signal.h>
#include <string.h>

static void
test_servers_learned (void)
{
  const char *const given[] = { "nats://[::1]:4222", NULL };
  const char *const learned[] = { "[::1]:4222", "127.0.0.1:4222", "[::1]:4223", "127.0.0.1:4222" };
  g_autoptr (GError) error = NULL;
  g_autoptr (MaltNatsServers) servers = malt_nats_servers_new (given, &error);
  g_autoptr (GHashTable) known = g_hash_table_new (NULL, NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (learned); i++)
    malt_nats_servers_learn (servers, learned[i]);
  for (guint i = 0; i < 10; i++)
    g_hash_table_add (known, malt_nats_servers_next (servers));
  g_assert_cmpuint (g_hash_table_size (known), ==, 3);
}

static MaltNatsClient *
new_client (MaltNatsServer *server,
            const char     *inbox)
{
  const char *const servers[] = { server->address, NULL };
  g_autoptr (GError) error = NULL;
  MaltNatsClient *client = malt_nats_client_new (servers, NULL, NULL, "test", inbox, &error);

  g_assert_no_error (error);
  malt_nats_client_open (client);

  return client;
}

static void
on_connected (MaltNatsClient *client,
              GParamSpec     *pspec,
              gboolean       *flag)
{
  *flag = TRUE;
}

static void
wait_for (MaltNatsClient *client,
          gboolean        is_connected)
{
  while (malt_nats_client_is_connected (client) != is_connected)
    {
      gboolean has_changed = FALSE;
      gulong handler =
        g_signal_connect (client, "notify::connected", G_CALLBACK (on_connected), &has_changed);

      malt_nats_wait_until (&has_changed);
      g_signal_handler_disconnect (client, handler);
    }
}

typedef struct
{
  gboolean  is_over;
  GBytes   *answer;
  GError   *error;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->answer, g_bytes_unref);
  g_clear_error (&outcome->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Outcome *outcome = user_data;

  outcome->answer =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &outcome->error);
  outcome->is_over = TRUE;
}

static void
ask (MaltNatsClient *client,
     const char     *subject,
     const char     *text,
     guint           timeout_ms,
     GCancellable   *cancellable,
     Outcome        *outcome)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

  malt_nats_client_request_async (client, subject, payload, timeout_ms, cancellable, on_answered,
                                  outcome);
}

static void
assert_answer (const Outcome *outcome,
               const char    *text)
{
  gsize size;
  const char *data;

  g_assert_no_error (outcome->error);
  data = g_bytes_get_data (outcome->answer, &size);
  g_assert_cmpmem (data, size, text, strlen (text));
}

/* Answers what it was asked. */
static void
echo (MaltNatsClient          *client,
      const MaltNatsOperation *message,
      gpointer                 user_data)
{
  guint *n_asked = user_data;
  g_autoptr (GError) error = NULL;

  *n_asked += 1;
  g_assert_true (malt_nats_client_publish (client, message->reply, NULL, message->payload, &error));
  g_assert_no_error (error);
}

static void
test_request (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) host = NULL;
  g_autoptr (MaltNatsClient) other = NULL;
  g_autoptr (MaltNatsClient) manager = NULL;
  guint n_asked = 0;

  if (server == NULL)
    return;

  host = new_client (server, "malt.host.a");
  other = new_client (server, "malt.host.b");
  manager = new_client (server, "malt.manager");
  malt_nats_client_subscribe (host, "malt.spawn", "hosts", echo, &n_asked);
  malt_nats_client_subscribe (other, "malt.spawn", "hosts", echo, &n_asked);
  wait_for (host, TRUE);
  wait_for (other, TRUE);

  /* Asked before the manager is connected, too. */
  for (guint i = 0; i < 20; i++)
    {
      g_auto (Outcome) outcome = { 0 };

      ask (manager, "malt.spawn", "who", 20000, NULL, &outcome);
      malt_nats_wait_until (&outcome.is_over);
      assert_answer (&outcome, "who");
    }
  g_assert_cmpuint (n_asked, ==, 20);
}

static void
test_nobody_listens (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) manager = NULL;
  g_auto (Outcome) outcome = { 0 };

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  ask (manager, "malt.nobody", "", 60000, NULL, &outcome);
  malt_nats_wait_until (&outcome.is_over);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

static void
ignore (MaltNatsClient          *client,
        const MaltNatsOperation *message,
        gpointer                 user_data)
{
}

static void
test_unanswered (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) manager = NULL;
  g_autoptr (MaltNatsClient) host = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Outcome) late = { 0 };
  g_auto (Outcome) cancelled = { 0 };

  if (server == NULL)
    return;

  host = new_client (server, "malt.host");
  manager = new_client (server, "malt.manager");
  malt_nats_client_subscribe (host, "malt.spawn", NULL, ignore, NULL);
  wait_for (host, TRUE);
  ask (manager, "malt.spawn", "", 60000, cancellable, &cancelled);
  ask (manager, "malt.spawn", "", 200, NULL, &late);
  malt_nats_wait_until (&late.is_over);
  g_assert_error (late.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_false (cancelled.is_over);
  g_cancellable_cancel (cancellable);
  malt_nats_wait_until (&cancelled.is_over);
  g_assert_error (cancelled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Subscriptions go along, and what was asked is told to be lost. */
static void
test_server_restarts (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) manager = NULL;
  g_autoptr (MaltNatsClient) host = NULL;
  guint n_asked = 0;
  g_auto (Outcome) lost = { 0 };
  g_auto (Outcome) patient = { 0 };
  g_auto (Outcome) in_vain = { 0 };

  if (server == NULL)
    return;

  host = new_client (server, "malt.host");
  manager = new_client (server, "malt.manager");
  malt_nats_client_subscribe (host, "malt.spawn", NULL, echo, &n_asked);
  malt_nats_client_subscribe (host, "malt.silent", NULL, ignore, NULL);
  wait_for (host, TRUE);
  wait_for (manager, TRUE);

  ask (manager, "malt.silent", "", 60000, NULL, &lost);
  malt_nats_server_kill (server);
  malt_nats_wait_until (&lost.is_over);
  g_assert_nonnull (lost.error);
  wait_for (manager, FALSE);
  wait_for (host, FALSE);
  g_assert_nonnull (malt_nats_client_get_last_error (manager));

  ask (manager, "malt.spawn", "", 10, NULL, &in_vain);
  malt_nats_wait_until (&in_vain.is_over);
  g_assert_error (in_vain.error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  malt_nats_server_start (server);
  wait_for (host, TRUE);
  ask (manager, "malt.spawn", "again", 60000, NULL, &patient);
  malt_nats_wait_until (&patient.is_over);
  assert_answer (&patient, "again");
}

/* One that has the connection and says nothing any more. */
static void
test_server_freezes (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) manager = NULL;

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  wait_for (manager, TRUE);
  malt_nats_server_signal (server, SIGSTOP);
  wait_for (manager, FALSE);
  g_assert_error (malt_nats_client_get_last_error (manager), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  malt_nats_server_signal (server, SIGCONT);
  wait_for (manager, TRUE);
}

static void
test_permission (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (
    "authorization { default_permissions: { publish: [ \"malt.allowed\" ], subscribe: [ \">\" ] }\n"
    "  users: [ { user: any, password: any } ] }\n"
    "no_auth_user: any\n");
  g_autoptr (MaltNatsClient) manager = NULL;
  g_auto (Outcome) refused = { 0 };
  g_auto (Outcome) allowed = { 0 };

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  ask (manager, "malt.forbidden", "", 60000, NULL, &refused);
  malt_nats_wait_until (&refused.is_over);
  g_assert_error (refused.error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  ask (manager, "malt.allowed", "", 60000, NULL, &allowed);
  malt_nats_wait_until (&allowed.is_over);
  g_assert_error (allowed.error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

/* Not even a certificate would help; and it does not ask a thousand times a second. */
static void
test_not_authorized (void)
{
  g_autoptr (MaltNatsServer) server =
    malt_nats_server_new ("authorization { user: a, password: b }\n");
  g_autoptr (MaltNatsClient) manager = NULL;

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  while (malt_nats_client_get_last_error (manager) == NULL)
    malt_nats_wait_ms (5);
  g_assert_error (malt_nats_client_get_last_error (manager), G_IO_ERROR,
                  G_IO_ERROR_PERMISSION_DENIED);
  g_assert_false (malt_nats_client_is_connected (manager));
}

static void
test_limits (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new ("max_payload: 1000\n");
  g_autoptr (MaltNatsClient) manager = NULL;
  g_autofree char *text = g_strnfill (1001, 'x');
  g_autoptr (GBytes) payload = g_bytes_new (text, 1001);
  g_autoptr (GError) early = NULL;
  g_autoptr (GError) error = NULL;

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  g_assert_false (malt_nats_client_publish (manager, "a", NULL, payload, &early));
  g_assert_error (early, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  wait_for (manager, TRUE);
  g_assert_false (malt_nats_client_publish (manager, "a", NULL, payload, &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_LIMIT);
}

static void
test_closed (void)
{
  g_autoptr (MaltNatsServer) server = malt_nats_server_new (NULL);
  g_autoptr (MaltNatsClient) manager = NULL;
  g_auto (Outcome) outcome = { 0 };

  if (server == NULL)
    return;

  manager = new_client (server, "malt.manager");
  ask (manager, "malt.spawn", "", 60000, NULL, &outcome);
  malt_nats_client_close (manager);
  malt_nats_wait_until (&outcome.is_over);
  g_assert_error (outcome.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_bad_servers (void)
{
  static const char *const bad[] = { "", "nats://", "a:b", "a:99999", "nats://[::1", NULL };

  for (guint i = 0; bad[i] != NULL; i++)
    {
      const char *const servers[] = { bad[i], NULL };
      g_autoptr (GError) error = NULL;

      g_assert_null (malt_nats_client_new (servers, NULL, NULL, "test", "a", &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
    }
}

static gboolean
on_incoming (GSocketService    *service,
             GSocketConnection *connection,
             GObject           *source,
             gpointer           user_data)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  g_output_stream_write_all (output, user_data, strlen (user_data), NULL, NULL, NULL);
  return TRUE;
}

/* Each level costs the stack of whoever parses it. */
static void
test_nested_too_deeply (void)
{
  g_autofree char *brackets = g_strnfill (30000, '[');
  g_autofree char *info = g_strdup_printf ("INFO {\"a\":%s\r\n", brackets);
  g_autoptr (GSocketService) service = g_socket_service_new ();
  g_autoptr (GError) error = NULL;
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, &error);
  MaltNatsServer server = { .address = g_strdup_printf ("nats://127.0.0.1:%u", port) };
  g_autoptr (MaltNatsClient) client = NULL;

  g_assert_no_error (error);
  g_signal_connect (service, "incoming", G_CALLBACK (on_incoming), info);
  client = new_client (&server, "inbox");
  while (malt_nats_client_get_last_error (client) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_error (malt_nats_client_get_last_error (client), MALT_ERROR, MALT_ERROR_PROTOCOL);
  g_assert_nonnull (strstr (malt_nats_client_get_last_error (client)->message, "too deeply"));

  malt_nats_client_close (client);
  g_socket_service_stop (service);
  g_free (server.address);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/nats/client/servers-learned", test_servers_learned);
  g_test_add_func ("/malt/nats/client/request", test_request);
  g_test_add_func ("/malt/nats/client/nobody-listens", test_nobody_listens);
  g_test_add_func ("/malt/nats/client/unanswered", test_unanswered);
  g_test_add_func ("/malt/nats/client/nested-too-deeply", test_nested_too_deeply);
  g_test_add_func ("/malt/nats/client/server-restarts", test_server_restarts);
  g_test_add_func ("/malt/nats/client/server-freezes", test_server_freezes);
  g_test_add_func ("/malt/nats/client/permission", test_permission);
  g_test_add_func ("/malt/nats/client/not-authorized", test_not_authorized);
  g_test_add_func ("/malt/nats/client/limits", test_limits);
  g_test_add_func ("/malt/nats/client/closed", test_closed);
  g_test_add_func ("/malt/nats/client/bad-servers", test_bad_servers);

  return g_test_run ();
}

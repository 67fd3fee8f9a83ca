/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tests/distributed/malt-nats-secured.h"

#include <malt/malt.h>
#include <string.h>

/* Identities are certificates with one name, and what each may say and hear is the server's to
 * decide. */
#define FOLDER "@FOLDER@"

static const char config[] =
  "tls { cert_file: \"" FOLDER "/server.pem\", key_file: \"" FOLDER "/server.key\"\n"
  "  ca_file: \"" FOLDER "/ca.pem\", verify_and_map: true, timeout: 5 }\n"
  "accounts {\n"
  "  ALICE { users = [\n"
  "    { user: \"alice\", permissions: { publish: { allow: [\"malt.spawn\"] },\n"
  "      subscribe: { allow: [\"malt.manager.>\"] } } }\n"
  "    { user: \"host\", permissions: { publish: { allow: [\"malt.manager.>\"] },\n"
  "      subscribe: { allow: [\"malt.spawn hosts\", \"malt.host.>\"] } } } ] }\n"
  "  BOB { users = [ { user: \"bob\" } ] }\n"
  "}\n";

static const char *const names[] = { "alice", "host", "bob", "nobody", NULL };

static MaltNatsClient *
new_client (MaltNatsSecured *secured,
            const char      *authority,
            const char      *name)
{
  return malt_nats_secured_new_client (secured, authority, name, "malt.manager.1");
}

static const GError *
wait_for_error (MaltNatsClient *client)
{
  while (malt_nats_client_get_last_error (client) == NULL)
    {
      g_assert_false (malt_nats_client_is_connected (client));
      malt_nats_wait_ms (2);
    }

  return malt_nats_client_get_last_error (client);
}

static void
answer (MaltNatsClient          *client,
        const MaltNatsOperation *message,
        gpointer                 user_data)
{
  malt_nats_client_publish (client, message->reply, NULL, message->payload, NULL);
}

static void
on_refused (MaltNatsClient *client,
            const GError   *error,
            gpointer        user_data)
{
  gboolean *is_refused = user_data;

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  /* It may not have its answers either, in this configuration. */
  if (strstr (error->message, "malt.manager.other") != NULL)
    *is_refused = TRUE;
}

static void
test_permissions (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) host = NULL;
  g_autoptr (MaltNatsClient) alice = NULL;
  g_autoptr (MaltNatsClient) bob = NULL;
  g_autoptr (GError) allowed = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) of_bob = NULL;
  gboolean is_refused = FALSE;

  if (!malt_nats_secured_init (&secured, config, FOLDER, names))
    return;

  host = new_client (&secured, "ca", "host");
  malt_nats_client_subscribe (host, "malt.spawn", "hosts", answer, NULL);
  g_signal_connect (host, "refused", G_CALLBACK (on_refused), &is_refused);
  alice = new_client (&secured, "ca", "alice");
  bob = new_client (&secured, "ca", "bob");
  malt_nats_wait_for_connection (host);
  malt_nats_wait_for_connection (alice);
  malt_nats_wait_for_connection (bob);

  allowed = malt_nats_ask (alice, "malt.spawn");
  g_assert_no_error (allowed);
  malt_nats_client_subscribe (host, "malt.manager.other", NULL, answer, NULL);
  malt_nats_wait_until (&is_refused);

  refused = malt_nats_ask (alice, "malt.host.a");
  g_assert_error (refused, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  /* Another account has subjects of its own. */
  of_bob = malt_nats_ask (bob, "malt.spawn");
  g_assert_error (of_bob, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND);
}

static const struct
{
  const char *name;
  const char *authority;
  const char *shown;     /* NULL: none */
} strangers[] = {
  { "no-certificate", "ca", NULL },
  { "certificate-of-a-stranger", "ca", "stranger" },
  { "expired-certificate", "ca", "expired" },
  { "name-without-a-right", "ca", "nobody" },
  { "server-of-a-stranger", "unknown", "alice" },
};

static void
test_stranger (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!malt_nats_secured_init (&secured, config, FOLDER, names))
    return;

  client = new_client (&secured, strangers[i].authority, strangers[i].shown);
  g_test_message ("%s", wait_for_error (client)->message);
}

static void
test_without_tls (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;
  g_autoptr (GError) error = NULL;

  if (!malt_nats_secured_init (&secured, config, FOLDER, names))
    return;

  const char *const servers[] = { secured.server->address, NULL };
  client = malt_nats_client_new (servers, NULL, NULL, "test", "malt.manager.1", &error);
  g_assert_no_error (error);
  malt_nats_client_open (client);
  g_assert_error (wait_for_error (client), G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

/* A server that would do without is not spoken to in plain text, either. */
static void
test_server_without_tls (void)
{
  g_auto (MaltNatsSecured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!malt_nats_secured_init (&secured, config, FOLDER, names))
    return;

  malt_nats_server_free (secured.server);
  secured.server = malt_nats_server_new (NULL);
  client = new_client (&secured, "ca", "alice");
  g_test_message ("%s", wait_for_error (client)->message);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/malt/nats/tls/permissions", test_permissions);
  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *path = g_strconcat ("/malt/nats/tls/", strangers[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_stranger);
    }
  g_test_add_func ("/malt/nats/tls/without-tls", test_without_tls);
  g_test_add_func ("/malt/nats/tls/server-without-tls", test_server_without_tls);

  return g_test_run ();
}

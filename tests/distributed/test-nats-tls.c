/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-nats-client.h"
#include "tests/distributed/malt-nats-server.h"

#include <glib/gstdio.h>
#include <malt/malt.h>
#include <string.h>

/* Identities are certificates with one name, and what each may say and hear is the server's to decide. */
static const char config_format[] =
  "tls { cert_file: \"%s/server.pem\", key_file: \"%s/server.key\", ca_file: \"%s/ca.pem\"\n"
  "  verify_and_map: true, timeout: 5 }\n"
  "accounts {\n"
  "  ALICE { users = [\n"
  "    { user: \"alice\", permissions: { publish: { allow: [\"malt.spawn\"] },\n"
  "      subscribe: { allow: [\"malt.manager.>\"] } } }\n"
  "    { user: \"host\", permissions: { publish: { allow: [\"malt.manager.>\"] },\n"
  "      subscribe: { allow: [\"malt.spawn hosts\", \"malt.host.>\"] } } } ] }\n"
  "  BOB { users = [ { user: \"bob\" } ] }\n"
  "}\n";

typedef struct
{
  char           *folder;
  MaltNatsServer *server;
} Secured;

/* FALSE: something is missing, and the test was skipped. */
static gboolean
secured_set_up (Secured *secured)
{
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "make-certificates", NULL);
  g_autofree char *openssl = g_find_program_in_path ("openssl");
  g_autofree char *config = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  if (openssl == NULL || !g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_test_skip (openssl == NULL ? "openssl is not installed"
                                   : "GLib has no TLS: glib-networking is not installed");
      return FALSE;
    }

  secured->folder = g_dir_make_tmp ("malt-tls-XXXXXX", &error);
  g_assert_no_error (error);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, script, secured->folder, "alice",
                              "host", "bob", "nobody", NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
  config = g_strdup_printf (config_format, secured->folder, secured->folder, secured->folder);
  secured->server = malt_nats_server_new (config);

  return secured->server != NULL;
}

static void
secured_clear (Secured *secured)
{
  g_clear_pointer (&secured->server, malt_nats_server_free);
  if (secured->folder != NULL)
    {
      g_autoptr (GDir) dir = g_dir_open (secured->folder, 0, NULL);
      const char *name;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (secured->folder, name, NULL);

          g_remove (path);
        }
      g_rmdir (secured->folder);
    }
  g_free (secured->folder);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Secured, secured_clear)

/* `name`: whose certificate it shows; nullable. */
static MaltNatsClient *
new_client (Secured    *secured,
            const char *authority,
            const char *name)
{
  const char *const servers[] = { secured->server->address, NULL };
  g_autofree char *ca = g_strdup_printf ("%s/%s.pem", secured->folder, authority);
  g_autofree char *pem = g_strdup_printf ("%s/%s.pem", secured->folder, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", secured->folder, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsDatabase) authorities = g_tls_file_database_new (ca, &error);
  g_autoptr (GTlsCertificate) certificate = NULL;
  MaltNatsClient *client;

  g_assert_no_error (error);
  if (name != NULL)
    certificate = g_tls_certificate_new_from_files (pem, key, &error);
  g_assert_no_error (error);
  client = malt_nats_client_new (servers, authorities, certificate, "test", "malt.manager.1", &error);
  g_assert_no_error (error);
  malt_nats_client_open (client);

  return client;
}

static gboolean
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;

  return G_SOURCE_REMOVE;
}

static void
wait_ms (guint ms)
{
  gboolean is_over = FALSE;

  g_timeout_add (ms, set_flag, &is_over);
  malt_nats_wait_until (&is_over);
}

static void
wait_for_connection (MaltNatsClient *client)
{
  while (!malt_nats_client_is_connected (client))
    wait_ms (2);
}

static const GError *
wait_for_error (MaltNatsClient *client)
{
  while (malt_nats_client_get_last_error (client) == NULL)
    {
      g_assert_false (malt_nats_client_is_connected (client));
      wait_ms (2);
    }

  return malt_nats_client_get_last_error (client);
}

typedef struct
{
  gboolean is_over;
  GError  *error;
} Outcome;

static void
on_answered (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Outcome *outcome = user_data;
  g_autoptr (GBytes) answer =
    malt_nats_client_request_finish (MALT_NATS_CLIENT (source), result, &outcome->error);

  g_assert_true ((answer == NULL) == (outcome->error != NULL));
  outcome->is_over = TRUE;
}

static GError *
ask (MaltNatsClient *client,
     const char     *subject)
{
  g_autoptr (GBytes) payload = g_bytes_new_static ("", 0);
  Outcome outcome = { 0 };

  malt_nats_client_request_async (client, subject, payload, 60000, NULL, on_answered, &outcome);
  malt_nats_wait_until (&outcome.is_over);

  return outcome.error;
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
  g_auto (Secured) secured = { 0 };
  g_autoptr (MaltNatsClient) host = NULL;
  g_autoptr (MaltNatsClient) alice = NULL;
  g_autoptr (MaltNatsClient) bob = NULL;
  g_autoptr (GError) allowed = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) of_bob = NULL;
  gboolean is_refused = FALSE;

  if (!secured_set_up (&secured))
    return;

  host = new_client (&secured, "ca", "host");
  malt_nats_client_subscribe (host, "malt.spawn", "hosts", answer, NULL);
  g_signal_connect (host, "refused", G_CALLBACK (on_refused), &is_refused);
  alice = new_client (&secured, "ca", "alice");
  bob = new_client (&secured, "ca", "bob");
  wait_for_connection (host);
  wait_for_connection (alice);
  wait_for_connection (bob);

  allowed = ask (alice, "malt.spawn");
  g_assert_no_error (allowed);
  malt_nats_client_subscribe (host, "malt.manager.other", NULL, answer, NULL);
  malt_nats_wait_until (&is_refused);

  refused = ask (alice, "malt.host.a");
  g_assert_error (refused, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  /* Another account has subjects of its own. */
  of_bob = ask (bob, "malt.spawn");
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
  { "name-without-a-right", "ca", "nobody" },
  { "server-of-a-stranger", "unknown", "alice" },
};

static void
test_stranger (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_auto (Secured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!secured_set_up (&secured))
    return;

  client = new_client (&secured, strangers[i].authority, strangers[i].shown);
  g_test_message ("%s", wait_for_error (client)->message);
}

static void
test_without_tls (void)
{
  g_auto (Secured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;
  g_autoptr (GError) error = NULL;

  if (!secured_set_up (&secured))
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
  g_auto (Secured) secured = { 0 };
  g_autoptr (MaltNatsClient) client = NULL;

  if (!secured_set_up (&secured))
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

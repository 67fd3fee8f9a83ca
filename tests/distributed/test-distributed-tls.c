/* SPDX-FileCopyrightText: 2026 The malt authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "backends/distributed/malt-distributed-bridge.h"
#include "backends/distributed/malt-distributed-tls-files.h"

#include "tests/distributed/malt-certificates.h"
#include "tests/malt-test-slowness.h"

#include <glib/gstdio.h>
#include <malt/malt.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES (8u * 1024 * 1024)

#define WATCHDOG_SECONDS (60 * malt_test_get_slowness ())

/* Where the certificates are, of all tests. NULL: something is missing. */
static const char *folder;

/* Why there are none. */
static const char *missing;

static MaltDistributedTls *
new_tls (const char *name)
{
  g_autofree char *certificate = g_strdup_printf ("%s/%s.pem", folder, name);
  g_autofree char *key = g_strdup_printf ("%s/%s.key", folder, name);
  g_autofree char *authorities = g_strdup_printf ("%s/ca.pem", folder);
  g_autoptr (GError) error = NULL;
  MaltDistributedTls *tls = malt_distributed_tls_new (certificate, key, authorities, &error);

  g_assert_no_error (error);
  return tls;
}

/* Of a manager and a host. */
typedef struct
{
  GSocketConnection *sockets[2];
  GIOStream         *streams[2];
  GError            *errors[2];
  guint              n_done;
} Pair;

static void
pair_clear (Pair *pair)
{
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&pair->sockets[i]);
      g_clear_object (&pair->streams[i]);
      g_clear_error (&pair->errors[i]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pair, pair_clear)

static GSocketConnection *
new_connection (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return g_socket_connection_factory_create_connection (socket);
}

static void
pair_init (Pair *pair)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  *pair = (Pair) { .sockets = { new_connection (fds[0]), new_connection (fds[1]) } };
}

/* A side that gives up hangs up. */
static void
take_stream (Pair         *pair,
             guint         i,
             GAsyncResult *result)
{
  pair->streams[i] = malt_distributed_tls_finish (result, &pair->errors[i]);
  pair->n_done++;
  if (pair->streams[i] == NULL)
    g_socket_close (g_socket_connection_get_socket (pair->sockets[i]), NULL);
}

static void
on_connected (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  take_stream (user_data, 0, result);
}

static void
on_accepted (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  take_stream (user_data, 1, result);
}

static void
shake_hands (Pair       *pair,
             const char *manager,
             const char *host,
             const char *fingerprint)
{
  g_autoptr (MaltDistributedTls) manager_tls = new_tls (manager);
  g_autoptr (MaltDistributedTls) host_tls = new_tls (host);

  pair_init (pair);
  if (fingerprint == NULL)
    fingerprint = malt_distributed_tls_get_fingerprint (host_tls);
  malt_distributed_tls_connect_async (manager_tls, pair->sockets[0], fingerprint, NULL,
                                      on_connected, pair);
  malt_distributed_tls_accept_async (host_tls, pair->sockets[1], NULL, on_accepted, pair);
  while (pair->n_done < 2)
    g_main_context_iteration (NULL, TRUE);
}

static gpointer
echo (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree char *buffer = g_malloc (64 * 1024);
  gssize n;

  while ((n = recv (fd, buffer, 64 * 1024, 0)) > 0)
    g_assert_cmpint (send (fd, buffer, (gsize) n, MSG_NOSIGNAL), ==, n);
  close (fd);
  return NULL;
}

static gpointer
send_big (gpointer data)
{
  int fd = GPOINTER_TO_INT (data);
  g_autofree guint8 *bytes = g_malloc (BIG_BYTES);

  for (gsize i = 0; i < BIG_BYTES; i++)
    bytes[i] = (guint8) (i * 5 + (i >> 13));
  for (gsize n_sent = 0; n_sent < BIG_BYTES; )
    n_sent += (gsize) send (fd, bytes + n_sent, BIG_BYTES - n_sent, MSG_NOSIGNAL);
  shutdown (fd, SHUT_WR);
  return NULL;
}

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint n_threads = 0;

  while (g_dir_read_name (dir) != NULL)
    n_threads++;

  return n_threads;
}

/* As a manager and a host have it: a bridge at either end, and what one side ends is ended on the
 * other. */
static void
test_bridges (void)
{
  g_auto (Pair) pair = { { NULL } };
  g_autoptr (MaltBridge) manager = NULL;
  g_autoptr (MaltBridge) host = NULL;
  g_autofree guint8 *bytes = g_malloc (BIG_BYTES);
  g_autoptr (GError) error = NULL;
  int manager_fds[2], host_fds[2];
  GThread *sender, *echoer;
  guint n_threads;

  shake_hands (&pair, "alice", "server", NULL);
  n_threads = count_threads ();
  g_assert_no_error (pair.errors[0]);
  g_assert_no_error (pair.errors[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, manager_fds), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, host_fds), ==, 0);
  manager = malt_bridge_new (pair.streams[0], manager_fds[1], NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  host = malt_bridge_new (pair.streams[1], host_fds[1], NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  echoer = g_thread_new ("echo", echo, GINT_TO_POINTER (host_fds[0]));
  sender = g_thread_new ("sender", send_big, GINT_TO_POINTER (manager_fds[0]));
  g_assert_cmpint (recv (manager_fds[0], bytes, BIG_BYTES, MSG_WAITALL), ==, BIG_BYTES);
  for (gsize i = 0; i < BIG_BYTES; i++)
    if (bytes[i] != (guint8) (i * 5 + (i >> 13)))
      g_assert_not_reached ();
  g_assert_cmpint (recv (manager_fds[0], bytes, 1, 0), ==, 0);
  g_thread_join (sender);
  g_thread_join (echoer);
  close (manager_fds[0]);
  malt_bridge_close (manager);
  malt_bridge_close (host);
  while (count_threads () > n_threads)
    g_usleep (1000);
}

/* The end of one side does not wait for something that the other has to say. */
static void
test_half_close (void)
{
  g_auto (Pair) pair = { { NULL } };
  g_autoptr (MaltBridge) manager = NULL;
  g_autoptr (MaltBridge) host = NULL;
  g_autoptr (GError) error = NULL;
  int manager_fds[2], host_fds[2];
  char byte;

  shake_hands (&pair, "alice", "server", NULL);
  g_assert_no_error (pair.errors[0]);
  g_assert_no_error (pair.errors[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, manager_fds), ==, 0);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, host_fds), ==, 0);
  manager = malt_bridge_new (pair.streams[0], manager_fds[1], NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  host = malt_bridge_new (pair.streams[1], host_fds[1], NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpint (send (host_fds[0], "1", 1, MSG_NOSIGNAL), ==, 1);
  shutdown (host_fds[0], SHUT_WR);
  g_assert_cmpint (recv (manager_fds[0], &byte, 1, 0), ==, 1);
  g_assert_cmpint (recv (manager_fds[0], &byte, 1, 0), ==, 0);
  g_assert_cmpint (send (manager_fds[0], "2", 1, MSG_NOSIGNAL), ==, 1);
  g_assert_cmpint (recv (host_fds[0], &byte, 1, 0), ==, 1);
  g_assert_cmpint (byte, ==, '2');

  close (manager_fds[0]);
  close (host_fds[0]);
  malt_bridge_close (manager);
  malt_bridge_close (host);
}

/* Both have a certificate of the authority, but the host is another one than was told. */
static void
test_other_host (void)
{
  g_auto (Pair) pair = { { NULL } };
  g_autoptr (MaltDistributedTls) other = new_tls ("bob");

  shake_hands (&pair, "alice", "server", malt_distributed_tls_get_fingerprint (other));
  g_assert_error (pair.errors[0], G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_test_message ("%s", pair.errors[0]->message);
}

static void
test_strange_host (void)
{
  g_auto (Pair) pair = { { NULL } };

  shake_hands (&pair, "alice", "stranger", NULL);
  g_assert_error (pair.errors[0], G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

static void
test_strange_manager (void)
{
  g_auto (Pair) pair = { { NULL } };

  shake_hands (&pair, "stranger", "server", NULL);
  g_assert_nonnull (pair.errors[1]);
  g_assert_null (pair.streams[1]);
  g_test_message ("%s", pair.errors[1]->message);
}

static void
test_expired (void)
{
  g_auto (Pair) host = { { NULL } };
  g_auto (Pair) manager = { { NULL } };

  shake_hands (&host, "alice", "expired", NULL);
  g_assert_error (host.errors[0], G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);

  shake_hands (&manager, "expired", "server", NULL);
  g_assert_nonnull (manager.errors[1]);
  g_assert_null (manager.streams[1]);
  g_test_message ("%s", manager.errors[1]->message);
}

static void
on_handshake (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  Pair *pair = user_data;

  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source), result, NULL);
  g_socket_close (g_socket_connection_get_socket (pair->sockets[0]), NULL);
}

static void
test_no_certificate (void)
{
  g_auto (Pair) pair = { { NULL } };
  g_autoptr (MaltDistributedTls) host = new_tls ("server");
  g_autoptr (GIOStream) client = NULL;
  g_autoptr (GError) error = NULL;

  pair_init (&pair);
  client = g_initable_new (g_tls_backend_get_client_connection_type (g_tls_backend_get_default ()),
                           NULL, &error, "base-io-stream", pair.sockets[0], "database",
                           malt_distributed_tls_get_authorities (host), NULL);
  g_assert_no_error (error);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (client), 0, NULL, on_handshake, &pair);
  malt_distributed_tls_accept_async (host, pair.sockets[1], NULL, on_accepted, &pair);
  while (pair.n_done < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (pair.errors[1]);
  g_test_message ("%s", pair.errors[1]->message);
}

static void
test_plain_text (void)
{
  g_auto (Pair) pair = { { NULL } };
  g_autoptr (MaltDistributedTls) host = new_tls ("server");

  pair_init (&pair);
  g_assert_cmpint (g_socket_send (g_socket_connection_get_socket (pair.sockets[0]), "MALTHOST", 8,
                                  NULL, NULL), ==, 8);
  malt_distributed_tls_accept_async (host, pair.sockets[1], NULL, on_accepted, &pair);
  while (pair.n_done < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (pair.errors[1]);
}

static void
test_files (void)
{
  static const struct
  {
    const char *certificate;
    const char *key;
    const char *authorities;
    const char *named;
  } cases[] = {
    { "none.pem", "alice.key", "ca.pem", "tls-certificate" },
    { "alice.pem", "none.key", "ca.pem", "tls-key" },
    { "alice.pem", "alice.pem", "ca.pem", "tls-key" },
    { "alice.pem", "alice.key", "none.pem", "tls-ca" },
    { "alice.key", "alice.key", "ca.pem", "tls-certificate" },
  };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *certificate = g_build_filename (folder, cases[i].certificate, NULL);
      g_autofree char *key = g_build_filename (folder, cases[i].key, NULL);
      g_autofree char *authorities = g_build_filename (folder, cases[i].authorities, NULL);

      g_assert_null (malt_distributed_tls_new (certificate, key, authorities, &error));
      g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].named));
      g_clear_error (&error);
    }

  g_assert_null (malt_distributed_tls_new ("alice.pem", "alice.key", "ca.pem", &error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (error->message, "absolute"));
}

static void
test_local (void)
{
  static const struct
  {
    const char *address;
    gboolean    is_local;
  } cases[] = {
    { "127.0.0.1", TRUE },
    { "::1", TRUE },
    { "10.0.0.1", FALSE },
    { "0.0.0.0", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GSocketAddress) address =
        g_inet_socket_address_new_from_string (cases[i].address, 1);

      g_assert_cmpint (malt_distributed_is_local (address), ==, cases[i].is_local);
    }
}

static void
test_skipped (void)
{
  g_test_skip_printf ("%s is not installed", missing);
}

static void
on_loaded (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Of the certificate “current”. (transfer full) */
static MaltDistributedTls *
load_current (GError **error)
{
  g_autofree char *certificate = g_build_filename (folder, "current.pem", NULL);
  g_autofree char *key = g_build_filename (folder, "current.key", NULL);
  g_autofree char *authorities = g_build_filename (folder, "ca.pem", NULL);
  g_autoptr (GAsyncResult) result = NULL;

  malt_distributed_tls_files_load_async (certificate, key, authorities, on_loaded, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return malt_distributed_tls_files_load_finish (result, error);
}

/* As those who renew certificates do: another file takes the place of the old one. */
static void
renew (const char *name)
{
  static const char *const endings[] = { "pem", "key" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *from = g_strdup_printf ("%s/%s.%s", folder, name, endings[i]);
      g_autofree char *to = g_strdup_printf ("%s/current.%s", folder, endings[i]);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;

      g_file_get_contents (from, &text, &length, &error);
      g_assert_no_error (error);
      g_file_set_contents (to, text, (gssize) length, &error);
      g_assert_no_error (error);
    }
}

static void
test_renewed (void)
{
  g_autoptr (MaltDistributedTls) alice = new_tls ("alice");
  g_autoptr (MaltDistributedTls) bob = new_tls ("bob");
  g_autoptr (MaltDistributedTls) first = NULL;
  g_autoptr (MaltDistributedTls) again = NULL;
  g_autoptr (MaltDistributedTls) second = NULL;
  g_autofree char *certificate = g_build_filename (folder, "current.pem", NULL);
  g_autoptr (GError) error = NULL;

  renew ("alice");
  first = load_current (&error);
  g_assert_no_error (error);
  again = load_current (&error);
  g_assert_true (first == again);
  g_assert_cmpstr (malt_distributed_tls_get_fingerprint (first), ==,
                   malt_distributed_tls_get_fingerprint (alice));

  renew ("bob");
  second = load_current (&error);
  g_assert_no_error (error);
  g_assert_cmpstr (malt_distributed_tls_get_fingerprint (second), ==,
                   malt_distributed_tls_get_fingerprint (bob));

  g_assert_no_errno (g_remove (certificate));
  g_assert_null (load_current (&error));
  g_assert_error (error, MALT_ERROR, MALT_ERROR_INVALID_CONFIG);
}

int
main (int    argc,
      char **argv)
{
  const char *const names[] = { "alice", "bob", NULL };

  g_test_init (&argc, &argv, NULL);
  alarm ((guint) WATCHDOG_SECONDS);

  g_test_add_func ("/distributed/tls/local", test_local);
  folder = malt_certificates_make (names, &missing);
  if (folder != NULL)
    {
      g_test_add_func ("/distributed/tls/bridges", test_bridges);
      g_test_add_func ("/distributed/tls/half-close", test_half_close);
      g_test_add_func ("/distributed/tls/other-host", test_other_host);
      g_test_add_func ("/distributed/tls/strange-host", test_strange_host);
      g_test_add_func ("/distributed/tls/strange-manager", test_strange_manager);
      g_test_add_func ("/distributed/tls/expired", test_expired);
      g_test_add_func ("/distributed/tls/no-certificate", test_no_certificate);
      g_test_add_func ("/distributed/tls/plain-text", test_plain_text);
      g_test_add_func ("/distributed/tls/files", test_files);
      g_test_add_func ("/distributed/tls/renewed", test_renewed);
    }
  else
    g_test_add_func ("/distributed/tls/skipped", test_skipped);

  return g_test_run ();
}
